#ifndef ROWLOCK_STORE_JOURNAL_FEED_H
#define ROWLOCK_STORE_JOURNAL_FEED_H

#include "base/cursor.h"
#include "store/db.h"

/*
 * The journal as its readers see it: in (xid, seq) order, and only rows that no earlier row
 * can join any more (those below the snapshot's horizon). Each reader keeps its place in a row of
 * `cursor`.
 */

struct journal_row {
	struct cursor at;
	int32_t event_id;
	bool has_booking;
	struct uuid booking_id;               /* when it has one */
	int64_t at_us;                        /* when it happened */
	const char *user_id, *correlation_id; /* NULL when there is none */
	const char *type, *payload;           /* payload is JSON */
};

/*
 * Finds a reader's place, which is made where there is none yet.
 *
 * oldest	a new reader begins at the oldest row; otherwise with what comes from now on
 *
 * Errors as of db_exchange.
 */
enum err journal_feed_open(struct db *db, TALLOC_CTX *ctx, const char *name, bool oldest,
                           struct cursor *at) MUST_CHECK;

/*
 * Reads the rows behind a place.
 *
 * most	rows, 1 to 100,000
 * out, n	set; on ctx
 */
enum err journal_feed_read(struct db *db, TALLOC_CTX *ctx, struct cursor after, int most,
                           struct journal_row **out, size_t *n) MUST_CHECK;

/*
 * Moves a reader's place, or only says that the reader lives.
 *
 * from	where the cursor must be
 * trouble	why the reader cannot tell what it reads; NULL when it can
 *
 * Errors: NOT_FOUND (the cursor is elsewhere: another reader of that name has moved it); as of
 * db_exchange.
 */
enum err journal_feed_move(struct db *db, TALLOC_CTX *ctx, const char *name, struct cursor from,
                           struct cursor to, const char *trouble) MUST_CHECK;

/*
 * Tries to become the active relay, for as long as this connection stands.
 *
 * patience_ms	the server ends the connection when it hears nothing for so long
 * got	set: whether no other connection is
 */
enum err journal_feed_lead(struct db *db, TALLOC_CTX *ctx, int patience_ms, bool *got) MUST_CHECK;

#endif
