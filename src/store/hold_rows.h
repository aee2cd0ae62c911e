#ifndef ROWLOCK_STORE_HOLD_ROWS_H
#define ROWLOCK_STORE_HOLD_ROWS_H

#include "store/db.h"

/*
 * Seats that a user holds for a while. A seat's own row says who holds it; the row of
 * `hold` lists the seats of a user and event, so that they are found. A row of `hold` is written
 * only under its user's advisory lock; it may name seats that are the user's no more.
 */

#define HOLD_MOST 10 /* seats held per user and event */

struct held_seat {
	int32_t no;
	bool lapsed; /* it counts as free, and is still marked as the user's */
};

/* What a user holds of an event. */
struct hold_rows {
	int32_t event_id;
	const char *user_id;
	struct held_seat *seats;
	size_t n;
	bool written; /* of the clerk, which writes each once */
};

struct reserve_write;

/* A call that reads what users hold: of each holding its event and user count. */
struct call hold_rows_read_call(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n);

/* Fills in the seats of the same n holdings, on ctx, from the rows of that call. */
void hold_rows_read(TALLOC_CTX *ctx, const struct rows *rows, struct hold_rows *holdings, size_t n);

/*
 * The calls that write the holds among n writes (WRITE_HELD); how many: none, or at most
 * HOLDING_CALLS. The seats are locked already.
 */
#define HOLDING_CALLS 2
size_t hold_rows_write_calls(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n,
                             struct call out[HOLDING_CALLS]);

/*
 * Opens a transaction, waits for a user's lock, and lists what the user holds of one event or
 * (0) of all.
 *
 * lock_key	of the user's advisory lock
 * out, n	set, on ctx
 *
 * Errors as of db_exchange.
 */
enum err hold_rows_lock_of(struct db *db, TALLOC_CTX *ctx, int64_t lock_key, const char *user_id,
                           int32_t event_id, struct hold_rows **out, size_t *n) MUST_CHECK;

/*
 * Finds the event and user of at most so many holds: of an event, or (0) the oldest of those of
 * which some seat has ended. out, n: set, on ctx. Errors as of db_exchange.
 */
enum err hold_rows_find(struct db *db, TALLOC_CTX *ctx, int32_t event_id, int most,
                        struct hold_rows **out, size_t *n) MUST_CHECK;

/*
 * Opens a transaction and keeps, in place, those of the holds that are there still and whose
 * user's lock can be had without waiting; lists their seats.
 *
 * lock_keys	one for each of the *n holdings
 * running		also those of which no seat has ended
 *
 * Errors as of db_exchange.
 */
enum err hold_rows_lock_found(struct db *db, TALLOC_CTX *ctx, const int64_t *lock_keys,
                              bool running, struct hold_rows *holdings, size_t *n) MUST_CHECK;

/*
 * Frees the seats of locked holds that are still their users', in the order of R-14, and
 * strikes them off the lists; what is empty then is deleted. Afterwards the holdings have only the
 * seats that were freed.
 *
 * running	also those whose time has not passed
 *
 * Errors as of db_exchange.
 */
enum err hold_rows_free(struct db *db, TALLOC_CTX *ctx, struct hold_rows *holdings, size_t n,
                        bool running) MUST_CHECK;

/*
 * Writes a row of the journal for each holding that has seats, and commits.
 *
 * type		of the rows
 * payloads	JSON, one for each of the n holdings
 * correlation_id	or NULL
 *
 * Errors as of db_exchange, but a connection lost here is DB_UNKNOWN.
 */
enum err hold_rows_commit(struct db *db, TALLOC_CTX *ctx, const struct hold_rows *holdings,
                          size_t n, const char *type, const char *const *payloads,
                          const char *correlation_id) MUST_CHECK;

#endif
