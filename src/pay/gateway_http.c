/*
 * The provider that is asked over HTTP: sessions and refunds are requests, and its call-backs are
 * read here (rowlock-gateway(8), Call-backs). fake_gateway/ is its counterpart.
 */
#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"
#include "base/money.h"
#include "pay/http_post.h"
#include "pay/message_reader.h"
#include "pay/provider.h"
#include "pay/signature.h"

#define START_TRIES 2   /* when the connection fails */
#define ROOM        384 /* bytes of most messages of ours */

/* What a call-back may be about. */
static const struct {
	const char *name;
	enum pay_event_type type;
} types[] = {
	{ "payment.succeeded", PAY_SUCCEEDED }, { "payment.failed", PAY_FAILED },
	{ "payment.expired", PAY_EXPIRED },     { "refund.succeeded", PAY_REFUNDED },
	{ "refund.failed", PAY_REFUND_FAILED },
};
#define N_TYPES (sizeof(types) / sizeof(types[0]))

/* Statuses by which a gateway does not refuse the message for good: not us, or not now. */
static const int passing[] = { 401, 403, 404, 405, 408, 425, 429 };

/* The URL of one of the gateway's resources. */
static const char *
url_of(TALLOC_CTX *ctx, const struct pay_gateway *gateway, const char *what)
{
	size_t n = strlen(gateway->url);

	while (n > 0 && gateway->url[n - 1] == '/')
		n--;
	return talloc_asprintf(ctx, "%.*s/%s", (int)n, gateway->url, what);
}

/* Whether the gateway can be asked at all. */
static bool
is_set_up(const struct pay_gateway *gateway)
{
	char text[SIGNATURE_TEXT];

	if (*gateway->url != '\0' && signature_make(gateway->secrets, 0, "", 0, text) != NULL)
		return true;
	log_line(LOG_ERROR, "a setting is missing", "key",
	         *gateway->url == '\0' ? "PAYMENT_GATEWAY_URL" : "PAYMENT_WEBHOOK_SECRET", NULL);
	return false;
}

static void
write_amount(struct jsonw *w, int64_t minor, const char *currency)
{
	char text[MONEY_TEXT];

	jsonw_raw(w, "amount", money_text(minor, currency, text));
	jsonw_str(w, "currency", currency);
}

/* Closes a message, and makes it the body of a request. */
static void
finish(struct http_post *p, struct jsonw *w)
{
	jsonw_close(w, '}');
	p->body = jsonw_text(w);
	p->len = w->used;
}

/* Logs that n messages were not taken, and why this one was not. */
static void
log_trouble(const char *what, size_t n, const struct http_post *p, const char *why)
{
	log_line(LOG_WARN, what, "n", log_int((int64_t)n), "status",
	         p->status == 0 ? NULL : log_int(p->status), "reason",
	         p->trouble != NULL ? p->trouble : why, NULL);
}

/* Reads the answer to a session that was asked for; why not, or NULL. */
static const char *
read_session(TALLOC_CTX *ctx, const struct http_post *p, struct pay_session *out)
{
	struct message_reader w;

	if (p->status != 200 && p->status != 201)
		return "refused";
	w = message_begin(ctx, p->answer, p->answer_len);
	out->id = message_id(&w, "sessionId", REQUIRED);
	out->url = message_url(&w, "paymentUrl", REQUIRED);
	out->expires_us = message_time(&w, "expiresAt");
	return w.why;
}

static enum err
start(TALLOC_CTX *ctx, const struct pay_gateway *gateway, const struct pay_order *order,
      struct pay_session *out)
{
	struct http_post p = { .url = url_of(ctx, gateway, "sessions") };
	const char *why;
	struct jsonw w;

	assert(order->currency != NULL && order->amount_minor >= 0);
	if (!is_set_up(gateway))
		return ERR_UNAVAILABLE;
	jsonw_init(&w, ctx, ROOM);
	jsonw_open(&w, NULL, '{');
	jsonw_uuid(&w, "paymentId", &order->payment_id);
	jsonw_uuid(&w, "bookingId", &order->booking_id);
	write_amount(&w, order->amount_minor, order->currency);
	if (order->expires_us >= 0)
		jsonw_time(&w, "expiresAt", order->expires_us);
	finish(&p, &w);
	for (int i = 0; i < START_TRIES && (i == 0 || p.cut); i++)
		http_post_all(ctx, gateway->secrets, &p, 1);
	if ((why = read_session(ctx, &p, out)) == NULL)
		return ERR_OK;
	log_trouble("the payment gateway opened no session", 1, &p, why);
	return ERR_UNAVAILABLE;
}

static void
write_refund(TALLOC_CTX *ctx, struct http_post *p, const struct pay_refund *r)
{
	struct jsonw w;

	assert(r->currency != NULL && r->amount_minor >= 0);
	jsonw_init(&w, ctx, ROOM);
	jsonw_open(&w, NULL, '{');
	jsonw_uuid(&w, "refundId", &r->id);
	jsonw_uuid(&w, "bookingId", &r->booking_id);
	if (r->session != NULL)
		jsonw_str(&w, "sessionId", r->session);
	if (r->gateway_ref != NULL)
		jsonw_str(&w, "gatewayRef", r->gateway_ref);
	write_amount(&w, r->amount_minor, r->currency);
	finish(p, &w);
}

/* Whether asking again makes no sense. */
static bool
is_refusal(int status)
{
	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		if (passing[i] == status)
			return false;
	}
	return status >= 400 && status < 500;
}

/* Why a refund was not taken on; NULL: it was. */
static const char *
read_refund(TALLOC_CTX *ctx, const struct http_post *p, struct pay_refund *r)
{
	struct message_reader w;
	const char *status;

	r->completed = false;
	r->reference = NULL;
	r->err = is_refusal(p->status) ? ERR_INVALID_STATE : ERR_UNAVAILABLE;
	if (p->status < 200 || p->status >= 300)
		return "refused";
	w = message_begin(ctx, p->answer, p->answer_len);
	status = message_id(&w, "status", REQUIRED);
	if (status != NULL && strcmp(status, "failed") == 0) {
		r->err = ERR_INVALID_STATE;
		message_fault(&w, "refused");
	}
	r->reference = message_id(&w, "gatewayRef", REQUIRED);
	r->completed = status != NULL && strcmp(status, "succeeded") == 0;
	if (w.why == NULL)
		r->err = ERR_OK;
	return w.why;
}

static void
refund(TALLOC_CTX *ctx, const struct pay_gateway *gateway, struct pay_refund *refunds, size_t n)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	struct http_post *posts = talloc_zero_array(tmp, struct http_post, (unsigned)n);
	const char *url = url_of(tmp, gateway, "refunds"), *why, *last_why = NULL;
	size_t missed = 0, last = 0;

	for (size_t i = 0; i < n; i++) {
		posts[i].url = url;
		write_refund(tmp, &posts[i], &refunds[i]);
	}
	if (is_set_up(gateway))
		http_post_all(tmp, gateway->secrets, posts, n);
	for (size_t i = 0; i < n; i++) {
		if ((why = read_refund(ctx, &posts[i], &refunds[i])) == NULL)
			continue;
		missed++;
		last = i;
		last_why = why;
	}
	if (missed > 0)
		log_trouble("the payment gateway did not take refunds on", missed, &posts[last],
		            last_why);
	talloc_free(tmp);
}

/* A refund that the gateway made on its own has an id that may be any text. */
static void
read_refund_id(struct message_reader *w, struct pay_event *out)
{
	out->refund_name = message_id(w, "refundId", OPTIONAL);
	out->has_refund = out->refund_name != NULL;
	if (out->has_refund && !uuid_parse(out->refund_name, &out->refund_id))
		out->refund_id = uuid_of_name(out->refund_name);
}

/* Members that have no use here, such as when and why, may be anything. */
static void
read_data(struct message_reader *w, struct pay_event *out)
{
	out->session = message_id(w, "sessionId", OPTIONAL);
	out->has_booking = message_uuid(w, "bookingId", REQUIRED, &out->booking_id);
	out->currency = message_currency(w, "currency", OPTIONAL);
	out->amount_minor = -1;
	out->amount_major = message_number(w, "amount");
	out->gateway_ref = message_id(w, "gatewayRef", OPTIONAL);
	read_refund_id(w, out);
}

/* The whole of a call-back, verified or not. */
static enum err
parse_event(TALLOC_CTX *ctx, const char *body, size_t n, struct pay_event *out, const char **why)
{
	struct message_reader top = message_begin(ctx, body, n), data;
	const char *type;
	size_t i = 0;

	assert(out != NULL && why != NULL);
	memset(out, 0, sizeof(*out));
	out->id = message_id(&top, "id", REQUIRED);
	type = message_id(&top, "type", REQUIRED);
	data = message_within(&top, "data");
	read_data(&data, out);
	while (type != NULL && i < N_TYPES && strcmp(types[i].name, type) != 0)
		i++;
	if (i == N_TYPES)
		message_fault(&top, "type is not known");
	if ((*why = top.why) != NULL)
		return ERR_VALIDATION_ERROR;
	out->type = types[i].type;
	return ERR_OK;
}

static enum err
read_event(TALLOC_CTX *ctx, const struct pay_gateway *gateway, const char *signature,
           const char *body, size_t n, int64_t now_s, struct pay_event *out, const char **why)
{
	*why = NULL;
	if (!signature_check(gateway->secrets, signature, body, n, now_s))
		return ERR_UNAUTHORIZED;
	return parse_event(ctx, body, n, out, why);
}

const struct pay_provider pay_gateway_http = { .name = "gateway",
	                                       .start = start,
	                                       .refund = refund,
	                                       .read = read_event,
	                                       .parse = parse_event };
