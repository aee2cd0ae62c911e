#ifndef ROWLOCK_CORE_PAYMENT_CHECKOUT_H
#define ROWLOCK_CORE_PAYMENT_CHECKOUT_H

#include "core/booking/booking_change.h"
#include "core/booking/booking_lookup.h"

/* What a checkout needs of the process; shared by all threads. */
struct checkout {
	struct pool *pool;
	struct lookup *lookup;
	const struct policy *policy;
	const struct pay_provider *provider; /* that opens sessions */
	struct pay_gateway gateway;
	/* Threads that may wait for the gateway at once; the rest serve other requests. */
	int asking_most;
};

/*
 * Opens a payment session for a booking, at the gateway, and moves it from pending to paying; or
 * finds the session that is open already. The gateway is asked with no transaction open: if the
 * booking has moved on meanwhile, its session ends by itself.
 *
 * idempotent	or NULL; rendered with a struct changed, when the session is new
 * out		set: the payment; its texts on ctx
 *
 * Errors: as of booking_cancel; EVENT_CANCELLED; UNAVAILABLE also when the gateway is away, when
 * asking_most wait for it, or there is none.
 */
enum err checkout_open(const struct checkout *c, TALLOC_CTX *ctx, const struct uuid *id,
                       const struct actor *actor, struct idempotent *idempotent,
                       struct payment *out) MUST_CHECK;

#endif
