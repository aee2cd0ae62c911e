/* What is due of a booking that is given back, and which refunds of which payments make it up. */
#include "core/booking/refund.h"

#include <assert.h>

#include "pay/provider.h"

int64_t
refund_due(const struct policy *policy, const struct locked_booking *b)
{
	struct refund_tiers own;

	assert(b->status == BOOKING_CONFIRMED);
	if (b->event_status == EVENT_CANCELLED) /* even before event_cancel has come to it */
		return b->total_minor;

	const bool named = b->tiers != NULL && refund_tiers_parse_json(b->tiers, &own);

	return refund_tiers_due(named ? &own : &policy->tiers, b->total_minor,
	                        b->starts_us - b->now_us);
}

/* Whether a payment's provider gives money back within our own transaction. */
static bool
is_instant(const struct payment *p)
{
	const struct pay_provider *provider = pay_provider_named(p->provider);

	return provider != NULL && provider->charge != NULL;
}

/* Takes up to an amount out of one payment; how much. */
static int64_t
take(const struct locked_booking *b, const struct account *a, const struct payment *p,
     int64_t amount_minor, const char *reason, struct refund_write *out)
{
	const int64_t left = account_left(a, p);

	if (amount_minor > left)
		amount_minor = left;
	if (amount_minor <= 0)
		return 0;
	*out = (struct refund_write){ .booking = b,
		                      .id = uuid_of_event(b->event_id),
		                      .payment_id = p->id,
		                      .amount_minor = amount_minor,
		                      .currency = p->captured_currency,
		                      .status = is_instant(p) ? REFUND_COMPLETED : REFUND_PENDING,
		                      .reason = reason };
	if (out->status == REFUND_COMPLETED)
		out->gateway_ref = p->gateway_ref;
	return amount_minor;
}

size_t
refund_plan(const struct locked_booking *b, const struct account *a, int64_t amount_minor,
            const char *reason, struct refund_write out[REFUNDS_MOST], int64_t *given)
{
	size_t n = 0;

	assert(amount_minor >= 0 && reason != NULL);
	*given = 0;
	for (size_t i = 0; i < a->n_payments && n < REFUNDS_MOST && *given < amount_minor; i++) {
		const struct payment *p = &a->payments[i];
		int64_t taken;

		if (p->trouble != NULL || p->captured_minor < 0) /* not what pays for the booking */
			continue;
		taken = take(b, a, p, amount_minor - *given, reason, &out[n]);
		n += taken > 0 ? 1 : 0;
		*given += taken;
	}
	assert(*given <= amount_minor);
	return n;
}

bool
refund_plan_payment(const struct locked_booking *b, const struct account *a,
                    const struct payment *p, const char *reason, struct refund_write *out)
{
	assert(reason != NULL && p->captured_minor >= 0);
	return take(b, a, p, account_left(a, p), reason, out) > 0;
}
