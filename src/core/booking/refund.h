#ifndef ROWLOCK_CORE_BOOKING_REFUND_H
#define ROWLOCK_CORE_BOOKING_REFUND_H

#include "core/booking/booking.h"
#include "core/booking/policy.h"
#include "store/changeset.h"
#include "store/pool.h"

/* The money of one booking. */
struct account {
	struct payment *payments;
	size_t n_payments;
	struct refund *refunds;
	size_t n_refunds;
};

/* The calls that read the account of one booking, and their answer. */
#define ACCOUNT_CALLS 2
void account_calls(TALLOC_CTX *ctx, const struct uuid *booking_id,
                   struct call calls[ACCOUNT_CALLS]);
void account_read(TALLOC_CTX *ctx, struct rows *const *rows, struct account *out);

/* The account of a booking that was read. Errors as of transact_read. */
enum err account_of(struct pool *pool, TALLOC_CTX *ctx, const struct booking *booking,
                    struct account *out) MUST_CHECK;

/* What was captured by a payment and is not given back, or being given back: minor units. */
int64_t account_left(const struct account *a, const struct payment *p);

/*
 * The part of a confirmed booking's money that its event's policy, or else those given, let a
 * buyer have back now, or all of it once the event is cancelled: minor units.
 */
int64_t refund_due(const struct policy *policy, const struct locked_booking *b);

#define REFUNDS_MOST 8 /* of one booking at once */

/*
 * Which refunds give an amount back, out of what the booking's payments have left. Providers that
 * charge at once give back at once; others are asked later.
 *
 * amount_minor	in the currency of the booking
 * reason	USER_CANCELLED …
 * out		REFUNDS_MOST entries; the booking must outlive them
 * given	set: what is given back, which is less if there was less
 *
 * Returns how many refunds there are.
 */
size_t refund_plan(const struct locked_booking *b, const struct account *a, int64_t amount_minor,
                   const char *reason, struct refund_write *out, int64_t *given);

/* Likewise, all that one payment has left, whatever its currency. */
size_t refund_plan_payment(const struct locked_booking *b, const struct account *a,
                           const struct payment *p, const char *reason, struct refund_write *out);

/* Writes refunds, of any bookings, and the journal's rows of them. */
void refund_store(struct changeset *m, const struct refund_write *refunds, size_t n,
                  const char *correlation_id);

#endif
