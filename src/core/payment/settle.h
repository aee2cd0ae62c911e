#ifndef ROWLOCK_CORE_PAYMENT_SETTLE_H
#define ROWLOCK_CORE_PAYMENT_SETTLE_H

#include "core/booking/policy.h"
#include "pay/provider.h"
#include "store/pool.h"

/*
 * What became of payments is heard from a gateway's call-back, from Kafka, or as the answer to a
 * request for a refund, and settled: each message has its effect on its booking once, in one
 * transaction.
 */

#define PAYMENT_WEBHOOK "webhook" /* the source of call-backs */

/* A message, and where it comes from. */
struct payment_message {
	struct pay_event event; /* has_booking is true */
	const char *source;     /* PAYMENT_WEBHOOK, "kafka" …: ids are distinct within one */
	bool final; /* a failed payment ends the booking: there will be no other attempt */
	const char *correlation_id; /* or NULL */
};

/*
 * Applies a message to its booking, once: one that was applied before changes nothing.
 *
 * before	set: whether it was applied before; or NULL
 *
 * Errors: BOOKING_NOT_FOUND, PAYMENT_NOT_FOUND (the session or the refund is another booking's),
 * VALIDATION_ERROR (an amount that its currency, or the booking's, does not have), INVALID_STATE
 * (it cannot be settled without an operator), UNAVAILABLE. Nothing is written then.
 */
enum err payment_settle(struct pool *pool, TALLOC_CTX *ctx, const struct policy *policy,
                        const struct payment_message *message, bool *before) MUST_CHECK;

#endif
