/*
 * Payments in /api/v1: opening a session, the gateway's call-back, refunds, and what is known of a
 * booking's money.
 */

#include "api/v1/payments.h"

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/principal.h"
#include "api/request/reply.h"
#include "api/v1/envelope.h"
#include "base/clock.h"
#include "base/money.h"
#include "core/booking/booking_change.h"
#include "core/booking/booking_lookup.h"
#include "core/payment/checkout.h"
#include "core/payment/parked.h"

#define REASON_MOST     64 /* bytes of why a buyer wants a refund */
#define BOOKING_ID_MOST 64 /* bytes that are read of an id in a body */

/* Who changes a booking, for core and its journal. */
static struct actor
actor_of(const struct api *a)
{
	return (struct actor){ a->who.sub, principal_is_staff(a), a->rq->id };
}

void
v1_payments_write(struct jsonw *w, const struct payment *payments, size_t n)
{
	char money[MONEY_TEXT];

	jsonw_open(w, "payments", '[');
	for (size_t i = 0; i < n; i++) {
		const struct payment *p = &payments[i];

		jsonw_open(w, NULL, '{');
		jsonw_uuid(w, "paymentId", &p->id);
		jsonw_int(w, "number", p->number);
		jsonw_str(w, "provider", p->provider);
		jsonw_str(w, "status", payment_status_name(p->status));
		jsonw_raw(w, "amount", money_text(p->amount_minor, p->currency, money));
		jsonw_str(w, "currency", p->currency);
		if (p->captured_minor >= 0) {
			jsonw_raw(w, "captured",
			          money_text(p->captured_minor, p->captured_currency, money));
			jsonw_str(w, "capturedCurrency", p->captured_currency);
		}
		jsonw_str(w, "sessionId", p->session);
		jsonw_str(w, "gatewayRef", p->gateway_ref);
		if (p->trouble != NULL)
			jsonw_str(w, "trouble", p->trouble);
		jsonw_time(w, "createdAt", p->created_us);
		jsonw_time(w, "updatedAt", p->updated_us);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

/* Writes "refunds": each with the payment that it gives back of. */
static void
write_refunds(struct jsonw *w, const struct refund *refunds, size_t n)
{
	char money[MONEY_TEXT];

	jsonw_open(w, "refunds", '[');
	for (size_t i = 0; i < n; i++) {
		const struct refund *r = &refunds[i];

		jsonw_open(w, NULL, '{');
		jsonw_uuid(w, "refundId", &r->id);
		jsonw_int(w, "number", r->number);
		jsonw_uuid(w, "paymentId", &r->payment_id);
		jsonw_str(w, "status", refund_status_name(r->status));
		jsonw_raw(w, "amount", money_text(r->amount_minor, r->currency, money));
		jsonw_str(w, "currency", r->currency);
		jsonw_str(w, "reason", r->reason);
		jsonw_str(w, "gatewayRef", r->gateway_ref);
		jsonw_time(w, "createdAt", r->created_us);
		jsonw_time(w, "updatedAt", r->updated_us);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

/* The money of one booking, and its state; arg: struct api, what: struct changed. */
static void
render_account(void *arg, const void *what, struct reply *out)
{
	const struct changed *c = what;
	struct jsonw w;

	assert(c->booking.user_id != NULL);
	v1_open(arg, &w, 1024);
	jsonw_open(&w, "data", '{');
	jsonw_uuid(&w, "bookingId", &c->booking.key.id);
	jsonw_str(&w, "status", booking_state_in(FACE_V1, c->booking.status));
	v1_payments_write(&w, c->account.payments, c->account.n_payments);
	write_refunds(&w, c->account.refunds, c->account.n_refunds);
	jsonw_close(&w, '}');
	*out = reply_close(&w, 200, NULL);
}

/* Answers with what is known of a booking's money, to those who may see it. */
static enum err
answer_account(struct api *a, const struct uuid *id)
{
	struct changed c = { .payment = NULL };
	enum err e;

	if ((e = booking_lookup(a->app->lookup, a->rq->ctx, id, &c.booking)) != ERR_OK)
		return e;
	if (!principal_may_see(&a->who, c.booking.user_id, c.booking.event.seller))
		return ERR_FORBIDDEN;
	if ((e = account_of(a->app->pool, a->rq->ctx, &c.booking.key, c.booking.archived,
	                    &c.account)) != ERR_OK)
		return e;
	reply_send(a, render_account, a, &c);
	return ERR_OK;
}

/* GET /api/v1/payments/status/{id} */
enum err
v1_payment_status(struct api *a)
{
	struct uuid id;
	enum err e = decode_booking_arg(a, a->arg[0], &id);

	return e == ERR_OK ? answer_account(a, &id) : e;
}

/*
 * POST /api/v1/payments/refund/{id} {"reason"?}: cancels a paid booking, and gives back what its
 * tier says.
 */
enum err
v1_payment_refund(struct api *a)
{
	static const char *const fields[] = { "reason", NULL };
	const struct actor who = actor_of(a);
	const char *reason;
	struct uuid id;
	enum err e;

	decode_known(a, fields);
	reason = decode_text(a, "reason", OPTIONAL, 1, REASON_MOST);
	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK || (e = decode_done(a)) != ERR_OK)
		return e;
	e = booking_refund(a->app->pool, a->rq->ctx, &id, &who, a->app->policy, reason,
	                   reply_prepare(a, render_account, a));
	if (e != ERR_OK)
		return e;
	return reply_send_stored(a) ? ERR_OK : answer_account(a, &id);
}

/*
 * Decodes a booking's id in the body, and notes it for the log; a faulty one is noted as a fault.
 */
static void
decode_booking(struct api *a, const char *name, struct uuid *out)
{
	const char *text = decode_text(a, name, REQUIRED, 1, BOOKING_ID_MOST);

	if (text != NULL && !uuid_parse(text, out))
		decode_fault(a, name, "must be the id of a booking");
	else if (text != NULL)
		uuid_text(out, a->booking);
}

/*
 * The session that a buyer pays in; arg: struct api, what: struct changed. A session that was open
 * already is the same for the caller.
 */
static void
render_session(void *arg, const void *what, struct reply *out)
{
	const struct payment *p = ((const struct changed *)what)->payment;
	struct jsonw w;

	assert(p != NULL && p->session != NULL);
	v1_open(arg, &w, 512);
	jsonw_str(&w, "paymentUrl", p->url);
	jsonw_str(&w, "sessionId", p->session);
	jsonw_uuid(&w, "paymentId", &p->id);
	jsonw_time(&w, "expiresAt", p->expires_us);
	*out = reply_close(&w, 200, NULL);
}

/* POST /api/v1/payments/initiate {"bookingId"} */
enum err
v1_payment_initiate(struct api *a)
{
	static const char *const fields[] = { "bookingId", NULL };
	const struct actor who = actor_of(a);
	struct payment payment;
	const struct changed opened = { .payment = &payment };
	struct uuid id;
	enum err e;

	assert(a->body != NULL);
	decode_known(a, fields);
	decode_booking(a, "bookingId", &id);
	if ((e = decode_done(a)) != ERR_OK)
		return e;
	e = checkout_open(a->app->checkout, a->rq->ctx, &id, &who,
	                  reply_prepare(a, render_session, a), &payment);
	if (e == ERR_OK)
		reply_send(a, render_session, a, &opened);
	return e;
}

/* --- call-backs --- */

/* Answers a call-back; any 2xx tells the gateway not to send it again. */
static enum err
answer_webhook(struct api *a, int status, const char *what)
{
	struct jsonw w;

	assert(status >= 200 && status < 300);
	v1_open(a, &w, 128);
	jsonw_open(&w, "data", '{');
	jsonw_str(&w, "result", what);
	jsonw_close(&w, '}');
	v1_close(a, &w, status);
	return ERR_OK;
}

/*
 * Whether a message will never be settled as it is, however often the gateway sends it again. It is
 * parked then, for an operator.
 */
static bool
is_hopeless(enum err e)
{
	return e == ERR_BOOKING_NOT_FOUND || e == ERR_PAYMENT_NOT_FOUND ||
	       e == ERR_VALIDATION_ERROR || e == ERR_INVALID_STATE;
}

/*
 * POST /api/v1/payments/webhook: no token, but the gateway's signature over the raw body, which is
 * why the route does not parse it. The answer is sent after COMMIT: a call-back whose answer is
 * lost is sent again, and found to be known.
 */
enum err
v1_payment_webhook(struct api *a)
{
	struct payment_message message = { .source = PAYMENT_WEBHOOK, .correlation_id = a->rq->id };
	bool before = false;
	enum err e;

	assert(a->rq->body != NULL); /* the route takes one */
	e = a->app->checkout->provider->read(a->rq->ctx, &a->app->checkout->gateway,
	                                     request_header(a->rq, "HTTP_X_GATEWAY_SIGNATURE"),
	                                     a->rq->body, a->rq->body_len,
	                                     clock_now_us() / US_PER_S, &message.event,
	                                     &a->message);
	if (e == ERR_UNAUTHORIZED)
		a->message = "The signature is missing, wrong or too old";
	if (e != ERR_OK)
		return e;
	if (message.event.has_booking)
		uuid_text(&message.event.booking_id, a->booking);
	e = payment_settle(a->app->pool, a->rq->ctx, a->app->policy, &message, &before);
	if (is_hopeless(e)) {
		e = parked_add(a->app->pool, a->rq->ctx, &message, err_code(e), a->rq->body);
		return e == ERR_OK ? answer_webhook(a, 202, "parked") : e;
	}
	return e == ERR_OK ? answer_webhook(a, 200, before ? "known" : "handled") : e;
}
