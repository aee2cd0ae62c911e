#ifndef ROWLOCK_CORE_BOOKING_BOOKING_EXPIRE_H
#define ROWLOCK_CORE_BOOKING_BOOKING_EXPIRE_H

#include "store/booking_lock.h"

/*
 * Bookings whose time has passed. Each of these is one transaction on db, ended when it returns.
 * Any number of processes may do this at once: a booking that another has locked is left to it.
 *
 * Errors of all: as of changeset_commit; nothing was written then, or after DB_UNKNOWN perhaps.
 */

/*
 * Expires those of some bookings whose window has passed; their seats are free afterwards.
 *
 * keys		n of them, any order, repeats allowed; sorted in place
 * paying_min	minutes that a payment may take
 */
enum err booking_expire(struct db *db, TALLOC_CTX *ctx, struct booking_key *keys, size_t n,
                        int32_t paying_min) MUST_CHECK;

/*
 * Expires bookings that wait for payment and whose window has passed, the longest first.
 *
 * most		bookings at once
 * n		set on ERR_OK: how many there were
 */
enum err booking_expire_due(struct db *db, TALLOC_CTX *ctx, int32_t most, size_t *n) MUST_CHECK;

/*
 * Likewise those whose payment has been under way for too long. Bookings without a window
 * do not expire: they go back to pending and wait for another payment.
 */
enum err booking_expire_overdue(struct db *db, TALLOC_CTX *ctx, int32_t most, int32_t paying_min,
                                size_t *n) MUST_CHECK;

#endif
