#ifndef ROWLOCK_LIVE_READ_SEATS_H
#define ROWLOCK_LIVE_READ_SEATS_H

#include "core/journal/change.h"
#include "live/follower.h"
#include "store/db.h"

/* What followers of an event's seats begin with, read for many events at once. */

/* An event's rows of the journal with a lower xid have been counted. */
struct seats_count {
	uint64_t xid;
	int64_t rows;
};

/* A row of the journal that is not long ago. */
struct seats_row {
	struct cursor cursor;
	int64_t at_us;
	int32_t *seats;
	size_t n;
};

struct read_seats {
	/* What is wanted. */
	int32_t event_id;
	struct seats_count count; /* to count on from; afterwards, up to the horizon */
	bool want_taken;          /* the seats that are not available */
	bool want_after;          /* what changed behind `after` */
	bool want_since;          /* what changed since a version */
	struct cursor after;

	/* What was read. */
	bool found;               /* there is such an event */
	uint64_t horizon;         /* all rows with a lower xid … */
	int64_t version;          /* … which are so many … */
	int64_t visible;          /* … and so many with those above it */
	struct seat_state *taken; /* by number */
	size_t n_taken;
	struct seats_row *rows;    /* below the horizon, the newest first */
	size_t n_rows, n_fetched;  /* n_fetched: with those above the horizon */
	bool all_rows;             /* behind `after`, or of the event */
	struct seat_state *states; /* of the seats that these rows changed, now; by number */
	size_t n_states;
};

/* Seats of an event; their states are replaced by those that they have now. */
struct seats_verify {
	int32_t event_id;
	struct seat_state *seats;
	size_t n;
};

/* Notes that a follower needs what changed behind a place; since some version. */
void read_seats_after(struct read_seats *r, const struct cursor *after);
void read_seats_since(struct read_seats *r);

/*
 * Reads for n events, in three round trips.
 *
 * ctx		owns what is read
 * reads	n questions, whose second parts are set on ERR_OK
 *
 * Errors as of db_exchange.
 */
enum err read_seats_all(struct db *db, TALLOC_CTX *ctx, struct read_seats *const *reads,
                        size_t n) MUST_CHECK;

/* Reads the states of the seats of n events, in one round trip. Errors as of db_exchange. */
enum err read_seats_verify_all(struct db *db, TALLOC_CTX *ctx, struct seats_verify *const *asks,
                               size_t n) MUST_CHECK;

/* Whether what changed behind a place was read. */
bool read_seats_has_after(const struct read_seats *r, const struct cursor *after);

/* Sets how many of the rows are behind a place; false when there are more than were read. */
bool read_seats_rows_after(const struct read_seats *r, const struct cursor *after, size_t *rows);

/*
 * Sets how many of the newest rows the holder of a seat map is to be told: those that its version
 * may not contain. False when that cannot be said: too long ago, or a version to come.
 */
bool read_seats_rows_since(const struct read_seats *r, int64_t version, size_t *rows);

/* The seats that the newest rows changed, as they are now, by number; on ctx. */
struct seat_state *read_seats_changed(TALLOC_CTX *ctx, const struct read_seats *r, size_t rows,
                                      size_t *n);

#endif
