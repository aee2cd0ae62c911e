/* What the merchant's server asks for, in bodies that it has signed. */
#include "fake_gateway/merchant.h"

#include <assert.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "fake_gateway/checkout.h"
#include "fake_gateway/ledger.h"
#include "pay/signature.h"
#include "pay/message_reader.h"

/* Reads a body and its signature; w reads its members. */
static enum err
take_signed(struct visit *v, struct message_reader *w)
{
	struct request *rq = v->rq;
	enum err e;

	if ((e = visit_body(v, "application/json")) != ERR_OK)
		return e;
	if (!signature_check(v->g->secrets, request_header(rq, "HTTP_X_GATEWAY_SIGNATURE"),
	                     rq->body, rq->body_len, clock_now_us() / US_PER_S)) {
		v->message = "A valid " SIGNATURE_HEADER " is needed";
		return ERR_UNAUTHORIZED;
	}
	*w = message_begin(rq->ctx, rq->body, rq->body_len);
	return ERR_OK;
}

/* Ends the reading of a body. */
static enum err
end_reading(struct visit *v, const struct message_reader *w)
{
	assert(w->ctx == v->rq->ctx);
	v->message = w->why;
	return w->why == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}

/* What a session is asked for with: *webhook_url is NULL when the body names none. */
static enum err
read_session(struct visit *v, struct ledger_session *s, const char **webhook_url)
{
	struct message_reader w;
	enum err e;

	if ((e = take_signed(v, &w)) != ERR_OK)
		return e;
	message_uuid(&w, "paymentId", REQUIRED, &s->payment_id);
	message_uuid(&w, "bookingId", REQUIRED, &s->booking_id);
	s->currency = message_currency(&w, "currency", REQUIRED);
	s->amount_minor = message_amount(&w, "amount", s->currency, REQUIRED);
	s->expires_us = message_time(&w, "expiresAt");
	*webhook_url = message_url(&w, "webhookUrl", OPTIONAL);
	return end_reading(v, &w);
}

enum err
merchant_session(struct visit *v)
{
	const char *webhook_url = NULL;
	struct ledger_session s;
	struct jsonw w;
	enum err e;

	if ((e = read_session(v, &s, &webhook_url)) != ERR_OK)
		return e;
	e = ledger_open(v->g->pool, v->rq->ctx, &s, webhook_url);
	if (e == ERR_IDEMPOTENCY_MISMATCH)
		v->message =
		    "The paymentId was used with another booking, amount or currency before";
	if (e != ERR_OK)
		return e;
	jsonw_init(&w, v->rq->ctx, 384);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "sessionId", s.id);
	jsonw_str(&w, "paymentUrl",
	          talloc_asprintf(v->rq->ctx, "%s" CHECKOUT_PATH "%s", v->g->site, s.id));
	jsonw_time(&w, "expiresAt", s.expires_us);
	jsonw_str(&w, "status", s.outcome == OUTCOME__MAX ? "open" : outcome_status(s.outcome));
	jsonw_close(&w, '}');
	response_json(v->rs, 200, &w);
	return ERR_OK;
}

/* What a refund is asked for with; an amount of 0 is a fault. */
static enum err
read_refund(struct visit *v, struct ledger_refund *r)
{
	struct message_reader w;
	enum err e;

	if ((e = take_signed(v, &w)) != ERR_OK)
		return e;
	message_uuid(&w, "refundId", REQUIRED, &r->id);
	message_uuid(&w, "bookingId", REQUIRED, &r->booking_id);
	r->session = message_text(&w, "sessionId", REQUIRED, SESSION_ID_MOST);
	r->currency = message_currency(&w, "currency", REQUIRED);
	r->amount_minor = message_amount(&w, "amount", r->currency, REQUIRED);
	if (r->amount_minor == 0)
		message_fault(&w, "amount is nothing");
	return end_reading(v, &w);
}

enum err
merchant_refund(struct visit *v)
{
	struct ledger_refund r;
	struct jsonw w;
	enum err e;

	if ((e = read_refund(v, &r)) != ERR_OK)
		return e;
	e = ledger_take_refund(v->g->pool, v->rq->ctx, &r);
	if (e == ERR_INVALID_STATE)
		v->message = "No such session was paid, or not so much of it is left";
	if (e == ERR_IDEMPOTENCY_MISMATCH)
		v->message = "The refundId was used with another session or amount before";
	if (e != ERR_OK)
		return e;
	jsonw_init(&w, v->rq->ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_uuid(&w, "refundId", &r.id);
	jsonw_str(&w, "gatewayRef", r.gateway_ref);
	jsonw_str(&w, "status", "pending");
	jsonw_close(&w, '}');
	response_json(v->rs, 200, &w);
	return ERR_OK;
}
