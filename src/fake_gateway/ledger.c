/* The books of the fake gateway: sessions, refunds, and the call-backs that tell of them. */
#include "fake_gateway/ledger.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "store/param.h"
#include "store/transact.h"

#define SECRET_BYTES 20 /* random ones of a session's id: 160 bits */
#define REF_BYTES    8

/* Each outcome: its name in a request, in the books and in a call-back, and the reason there. */
static const struct {
	const char *word, *status, *type, *reason;
} outcomes[OUTCOME__MAX] = {
	[OUTCOME_SUCCESS] = { "success", "succeeded", "payment.succeeded", NULL },
	[OUTCOME_FAILED] = { "failed", "failed", "payment.failed", "card_declined" },
	[OUTCOME_EXPIRED] = { "expired", "expired", "payment.expired", "session_expired" },
};

const char *
outcome_word(enum outcome o)
{
	assert(o < OUTCOME__MAX);
	return outcomes[o].word;
}

const char *
outcome_status(enum outcome o)
{
	assert(o < OUTCOME__MAX);
	return outcomes[o].status;
}

enum outcome
outcome_of_word(const char *word)
{
	int o = 0;

	while (o < OUTCOME__MAX && strcmp(outcomes[o].word, word) != 0)
		o++;
	return (enum outcome)o;
}

/* The outcome of a state in the books; OUTCOME__MAX for "open". */
static enum outcome
outcome_of_status(const char *status)
{
	int o = 0;

	while (o < OUTCOME__MAX && strcmp(outcomes[o].status, status) != 0)
		o++;
	return (enum outcome)o;
}

/* A prefix and n random bytes in hex. */
static const char *
new_id(TALLOC_CTX *ctx, const char *prefix, unsigned n)
{
	uint8_t random[SECRET_BYTES];
	char hex[2 * SECRET_BYTES + 1];

	assert(n <= SECRET_BYTES);
	random_bytes(random, n);
	for (unsigned i = 0; i < n; i++)
		snprintf(hex + 2 * i, 3, "%02x", random[i]);
	return talloc_asprintf(ctx, "%s%s", prefix, hex);
}

/* Row r of SESSION_COLUMNS; the texts live as long as the rows. */
static struct ledger_session
read_session(const struct rows *rows, int r)
{
	return (struct ledger_session){
		.id = row_text(rows, r, GATEWAY_SESSION_ID),
		.payment_id = row_uuid(rows, r, GATEWAY_SESSION_PAYMENT),
		.booking_id = row_uuid(rows, r, GATEWAY_SESSION_BOOKING),
		.amount_minor = row_i64(rows, r, GATEWAY_SESSION_AMOUNT),
		.currency = row_text(rows, r, GATEWAY_SESSION_CURRENCY),
		/* "open" is none of them: OUTCOME__MAX */
		.outcome = outcome_of_status(row_text(rows, r, GATEWAY_SESSION_STATUS)),
		.gateway_ref = row_text(rows, r, GATEWAY_SESSION_REF),
		.expires_us = row_us(rows, r, GATEWAY_SESSION_EXPIRES),
		.lapsed = row_bool(rows, r, GATEWAY_SESSION_LAPSED),
	};
}

enum err
ledger_open(struct pool *pool, TALLOC_CTX *ctx, struct ledger_session *s, const char *webhook_url)
{
	const char *payment = param_uuid(ctx, &s->payment_id);
	const struct call calls[] = {
		{ STMT_GATEWAY_OPEN,
		  { new_id(ctx, "cs_", SECRET_BYTES), payment, param_uuid(ctx, &s->booking_id),
		    param_int(ctx, s->amount_minor), s->currency, param_time(ctx, s->expires_us),
		    webhook_url } },
		{ STMT_GATEWAY_SESSION_OF, { payment } },
	};
	const struct ledger_session asked = *s;
	struct rows *rows[2];
	enum err e;

	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	assert(rows_count(rows[1]) == 1); /* GATEWAY_OPEN put it there, or found it */
	*s = read_session(rows[1], 0);
	if (!uuid_equal(&s->booking_id, &asked.booking_id) ||
	    s->amount_minor != asked.amount_minor || strcmp(s->currency, asked.currency) != 0)
		return ERR_IDEMPOTENCY_MISMATCH;
	return ERR_OK;
}

enum err
ledger_get(struct pool *pool, TALLOC_CTX *ctx, const char *id, struct ledger_session *out)
{
	const struct call call = { STMT_GATEWAY_SESSION, { id } };
	struct rows *rows;
	enum err e;

	if (strlen(id) > SESSION_ID_MOST)
		return ERR_PAYMENT_NOT_FOUND;
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_PAYMENT_NOT_FOUND;
	*out = read_session(rows, 0);
	return ERR_OK;
}

/* The statement that gives n sessions an outcome, each with its call-back. */
static struct call
settle_call(TALLOC_CTX *ctx, const struct ledger_session *sessions, size_t n, enum outcome o)
{
	struct array ids, refs, bodies;

	array_init(&ids, ctx);
	array_init(&refs, ctx);
	array_init(&bodies, ctx);
	for (size_t i = 0; i < n; i++) {
		const struct ledger_session *s = &sessions[i];
		const struct callback_facts facts = {
			.id = s->payment_id,
			.type = outcomes[o].type,
			.session = s->id,
			.booking_id = s->booking_id,
			.amount_minor = s->amount_minor,
			.currency = s->currency,
			.gateway_ref = o == OUTCOME_SUCCESS ? new_id(ctx, "ch_", REF_BYTES) : NULL,
			.reason = outcomes[o].reason,
		};

		array_text(&ids, s->id);
		array_text(&refs, facts.gateway_ref);
		array_text(&bodies, callback_text(ctx, &facts));
	}
	return (struct call){ STMT_GATEWAY_SETTLE,
		              { array_done(&ids), outcomes[o].status, array_done(&refs),
		                array_done(&bodies) } };
}

enum err
ledger_settle(struct pool *pool, TALLOC_CTX *ctx, const struct ledger_session *s, enum outcome o,
              struct callback *out)
{
	const struct call calls[] = {
		settle_call(ctx, s, 1, o),
		{ STMT_GATEWAY_TAKE, { s->id, outcomes[o].status } },
	};
	struct rows *rows[2];
	enum err e;

	assert(o < OUTCOME__MAX && out != NULL);
	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return ERR_INVALID_STATE;
	*out = *callback_rows(ctx, rows[1]);
	return ERR_OK;
}

enum err
ledger_expire(struct pool *pool, TALLOC_CTX *ctx, int most, size_t *n)
{
	const struct call call = { STMT_GATEWAY_EXPIRING, { param_int(ctx, most) } };
	struct ledger_session *sessions;
	struct call settle;
	struct rows *rows;
	enum err e;

	*n = 0;
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK || rows_count(rows) == 0)
		return e;
	*n = (size_t)rows_count(rows);
	sessions = talloc_array(ctx, struct ledger_session, (unsigned)*n);
	for (size_t i = 0; i < *n; i++)
		sessions[i] = read_session(rows, (int)i);
	settle = settle_call(ctx, sessions, *n, OUTCOME_EXPIRED);
	return transact_read(pool, ctx, &settle, 1, NULL);
}

/* The call-back that tells of a refund; it always succeeds. */
static const char *
refund_text(TALLOC_CTX *ctx, const struct ledger_refund *r)
{
	const struct callback_facts facts = {
		.id = r->id,
		.type = "refund.succeeded",
		.session = r->session,
		.booking_id = r->booking_id,
		.amount_minor = r->amount_minor,
		.currency = r->currency,
		.gateway_ref = r->gateway_ref,
		.refund_id = &r->id,
	};

	return callback_text(ctx, &facts);
}

enum err
ledger_take_refund(struct pool *pool, TALLOC_CTX *ctx, struct ledger_refund *r)
{
	const char *id = param_uuid(ctx, &r->id);
	struct rows *rows[3];
	enum err e;

	r->gateway_ref = new_id(ctx, "re_", REF_BYTES);
	const struct call calls[] = {
		{ STMT_GATEWAY_REFUND,
		  { id, r->session, param_uuid(ctx, &r->booking_id),
		    param_int(ctx, r->amount_minor), r->currency, r->gateway_ref,
		    refund_text(ctx, r) } },
		{ STMT_GATEWAY_RECALL, { id } },
		{ STMT_GATEWAY_REFUND_OF, { id } },
	};
	if ((e = transact_read(pool, ctx, calls, 3, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[2]) == 0)
		return ERR_INVALID_STATE;
	if (strcmp(row_text(rows[2], 0, GATEWAY_REFUND_OF_SESSION), r->session) != 0 ||
	    row_i64(rows[2], 0, GATEWAY_REFUND_OF_AMOUNT) != r->amount_minor)
		return ERR_IDEMPOTENCY_MISMATCH;
	r->gateway_ref = row_text(rows[2], 0, GATEWAY_REFUND_OF_REF);
	return ERR_OK;
}
