#ifndef ROWLOCK_CORE_BOOKING_BOOKING_RETAKE_H
#define ROWLOCK_CORE_BOOKING_BOOKING_RETAKE_H

#include "store/booking_lock.h"

/*
 * Locks the seats of a booking that has ended, and looks whether it may have all of them again
 * those that are free, that its own user holds, or whose owner's window has passed.
 * The transaction that has locked the booking is open.
 *
 * all_free	set on ERR_OK; without seats, false
 *
 * Errors: TX_RETRY (owners whose windows had passed were expired, in a transaction of their own:
 * lock everything again), and as of db_query and booking_expire.
 */
enum err booking_retake_check(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *b,
                              int32_t paying_min, bool *all_free) MUST_CHECK;

#endif
