#ifndef ROWLOCK_CORE_RESERVE_HOLD_H
#define ROWLOCK_CORE_RESERVE_HOLD_H

#include "store/hold_rows.h"
#include "store/pool.h"

/* Giving held seats back. They are taken through the clerk: REQUEST_HOLD. */

/* Seats that were set free, by event; on the ctx of the call. */
struct released {
	const struct hold_rows *holdings; /* some may have no seats */
	size_t n;
};

/*
 * Sets free what a user holds.
 *
 * user_id	whose holds; whether the caller may do that is the caller's business
 * event_id	of this event; 0: of all
 * correlation_id	for the journal, or NULL
 * out		set on ERR_OK, on ctx
 *
 * Errors: UNAVAILABLE, INTERNAL, TX_RETRY, DB_LOST (all tries failed, nothing was set free);
 * DB_UNKNOWN (the database went away during COMMIT and has not come back).
 */
enum err hold_release(struct pool *pool, TALLOC_CTX *ctx, const char *user_id, int32_t event_id,
                      const char *correlation_id, struct released *out) MUST_CHECK;

/*
 * Sets free, in one transaction, the seats of holds whose time has passed; other seats of the same
 * user stay held. Users whose bookings or holds are being changed at this moment are left for the
 * next time; of two calls at once each seat is freed by one.
 *
 * db	an open connection without an open transaction; likewise afterwards
 * most	holds, 1 or more
 * done	set: of how many holds there were any; 0: none has ended, or those are locked elsewhere
 *
 * Errors as of db_exchange; nothing was done, but for DB_UNKNOWN.
 */
enum err hold_sweep(struct db *db, TALLOC_CTX *ctx, int most, size_t *done) MUST_CHECK;

/*
 * Sets free, likewise, the seats of all holds of an event that is cancelled and takes no new ones
 * whether their time has passed or not. For those whose time has passed: hold_sweep.
 *
 * event_id	from 1
 * correlation_id	for the journal, or NULL
 */
enum err hold_end(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const char *correlation_id,
                  int most, size_t *done) MUST_CHECK;

#endif
