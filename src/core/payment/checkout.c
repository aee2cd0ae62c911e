/* Opens the session in which a buyer pays, at the gateway. */
#include "core/payment/checkout.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

/* Whether a session makes sense, so that the gateway is not asked in vain. */
static enum err
check(const struct booking *b, const struct actor *actor)
{
	assert(actor->staff || actor->user_id != NULL);
	if (!actor->staff && strcmp(b->user_id, actor->user_id) != 0)
		return ERR_FORBIDDEN;
	if (b->status == BOOKING_EXPIRED)
		return ERR_BOOKING_EXPIRED;
	return b->status == BOOKING_PENDING || b->status == BOOKING_PAYING ? ERR_OK
	                                                                   : ERR_INVALID_STATE;
}

static enum err
ask_gateway(const struct checkout *c, TALLOC_CTX *ctx, const struct booking *b, struct payment *out)
{
	const struct pay_order order = { .payment_id = uuid_of_event(b->key.event_id),
		                         .booking_id = b->key.id,
		                         .amount_minor = b->total_minor,
		                         .currency = b->currency,
		                         .expires_us = b->expires_us };
	struct pay_session session;
	enum err e;

	assert(b->status == BOOKING_PENDING);
	if (*c->gateway.url == '\0')
		return ERR_UNAVAILABLE;
	if ((e = c->provider->start(ctx, &c->gateway, &order, &session)) != ERR_OK)
		return e;
	*out = (struct payment){ .id = order.payment_id,
		                 .provider = c->provider->name,
		                 .session = session.id,
		                 .url = session.url,
		                 .amount_minor = order.amount_minor,
		                 .currency = order.currency,
		                 .status = PAYMENT_PENDING,
		                 .captured_minor = -1,
		                 .expires_us = session.expires_us >= 0 ? session.expires_us
		                                                       : order.expires_us };
	return ERR_OK;
}

/*
 * Likewise, unless too many threads wait for the gateway: if it hangs, the rest serve other
 * requests.
 */
static enum err
ask_in_turn(const struct checkout *c, TALLOC_CTX *ctx, const struct booking *b, struct payment *out)
{
	static atomic_int asking;
	enum err e = ERR_UNAVAILABLE;

	if (atomic_fetch_add(&asking, 1) < c->asking_most)
		e = ask_gateway(c, ctx, b, out);
	atomic_fetch_sub(&asking, 1);
	return e;
}

enum err
checkout_open(const struct checkout *c, TALLOC_CTX *ctx, const struct uuid *id,
              const struct actor *actor, struct idempotent *idempotent, struct payment *out)
{
	struct booking b;
	enum err e;

	assert(c->provider->start != NULL && c->asking_most > 0);
	if ((e = booking_lookup(c->lookup, ctx, id, &b)) != ERR_OK ||
	    (e = check(&b, actor)) != ERR_OK)
		return e;
	memset(out, 0, sizeof(*out));
	if (b.status == BOOKING_PENDING && (e = ask_in_turn(c, ctx, &b, out)) != ERR_OK)
		return e;
	/* One that is paying gives its session, or says that it has moved on. */
	return booking_open_payment(c->pool, ctx, id, actor, c->policy, idempotent, out);
}
