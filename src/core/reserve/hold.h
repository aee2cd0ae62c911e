#ifndef ROWLOCK_CORE_RESERVE_HOLD_H
#define ROWLOCK_CORE_RESERVE_HOLD_H

#include "core/booking/booking.h"

/* Letting go of held seats. They are taken through the clerk: REQUEST_HOLD. */

/* Seats that were set free, by event; on the ctx of who asked. */
struct released {
	const struct hold_rows *holdings; /* some may have no seats */
	size_t n;
};

/*
 * Sets free what a user holds.
 *
 * user_id	whose holds; whether the caller may is the caller's business
 * event_id	of this event; 0: of all
 * correlation_id	for the journal, or NULL
 * out		set on ERR_OK
 *
 * Errors: UNAVAILABLE.
 */
enum err hold_release(struct pool *pool, TALLOC_CTX *ctx, const char *user_id, int32_t event_id,
                      const char *correlation_id, struct released *out) MUST_CHECK;

/*
 * Sets free, in one transaction, the seats of holds whose time has passed; other seats of the same
 * user stay held. A user whose bookings or holds are being changed at this moment is left for the
 * next time; two at once free each seat once.
 *
 * db	a connection that stands and has no transaction open; likewise afterwards
 * most	holds, 1 or more
 * done	set: of how many holds there were any; 0: none has ended, or others are at those that have
 *
 * Errors as of db_exchange; nothing was done, but for DB_UNKNOWN.
 */
enum err hold_sweep(struct db *db, TALLOC_CTX *ctx, int most, size_t *done) MUST_CHECK;

/*
 * Likewise all holds of an event, whose time has passed or not: nobody can have new ones.
 *
 * correlation_id	for the journal, or NULL
 */
enum err hold_end(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const char *correlation_id,
                  int most, size_t *done) MUST_CHECK;

#endif
