#ifndef ROWLOCK_CORE_RESERVE_SEAT_ACCEPTED_H
#define ROWLOCK_CORE_RESERVE_SEAT_ACCEPTED_H

#include "core/reserve/clerk.h"

/*
 * Seats for bookings that were accepted before (/api/booking): a round takes some of them and
 * settles them through the clerk (clerk_seat). The booking's own row says whether it still waits,
 * so a booking is seated once, however often and by however many processes it is taken.
 */
struct accepted;

#define SEATING_MOST 256 /* bookings of a round */

/*
 * Makes what seats bookings, on ctx; used by one thread at a time.
 *
 * database	of the workers' role; two connections are used, opened when first needed
 * policy	the limits that hold where an event says nothing; copied
 */
struct accepted *accepted_new(TALLOC_CTX *ctx, const char *database, const struct policy *policy);

/*
 * Seats the oldest that wait, up to SEATING_MOST.
 *
 * age_s	only those accepted at least so many seconds ago; 0 or more
 * taken	set: how many were found
 * settled	set: how many of these wait no longer
 *
 * Errors: as of db_ready and db_exchange; a booking that was not settled waits on.
 */
enum err accepted_oldest(struct accepted *s, int32_t age_s, size_t *taken,
                         size_t *settled) MUST_CHECK;

enum seated {
	SEATED_DONE,    /* it has its seats or has failed, now or before */
	SEATED_UNKNOWN, /* there is no such booking */
	SEATED_LATER,   /* it still waits, for the database: take it again */
	SEATED_BROKEN,  /* it still waits, for a reason of its own that is in the log */
};

/*
 * Seats those named, as far as they wait.
 *
 * ids	n of them, 1 to SEATING_MOST, distinct
 * out	n, set on ERR_OK
 *
 * Errors as of accepted_oldest.
 */
enum err accepted_named(struct accepted *s, const struct uuid *ids, size_t n,
                        enum seated *out) MUST_CHECK;

#endif
