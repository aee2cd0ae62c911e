#ifndef ROWLOCK_CORE_BOOKING_REFUND_H
#define ROWLOCK_CORE_BOOKING_REFUND_H

#include "core/booking/account.h"
#include "core/booking/policy.h"
#include "store/changeset.h"

/* What a buyer gets back, and out of which payments. Reads nothing but its arguments. */

/*
 * What of a confirmed booking's total is due now, in minor units: what its event's own tiers say,
 * or else those of the policy; all of it once the event is cancelled.
 *
 * b	from booking_lock_one
 */
int64_t refund_due(const struct policy *policy, const struct locked_booking *b);

#define REFUNDS_MOST 8 /* of one booking at once */

/*
 * Which refunds give an amount back, out of what the booking's payments have left, oldest first.
 * Payments that do not pay for the booking (`trouble`) are left out. Providers that charge at once
 * give back at once, so their refunds are completed; the others are pending.
 *
 * amount_minor	in the currency of the booking, 0 or more
 * reason	USER_CANCELLED …
 * out		REFUNDS_MOST entries; booking, account and reason must outlive them
 * given	set: what is given back, which is less if there was less
 *
 * Returns how many refunds there are.
 */
size_t refund_plan(const struct locked_booking *b, const struct account *a, int64_t amount_minor,
                   const char *reason, struct refund_write out[REFUNDS_MOST], int64_t *given);

/*
 * Likewise, all that one payment has left, whatever its currency: one refund, or none when nothing
 * is left. Returns whether there is one.
 */
bool refund_plan_payment(const struct locked_booking *b, const struct account *a,
                         const struct payment *p, const char *reason, struct refund_write *out);

#endif
