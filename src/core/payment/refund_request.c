/*
 * A round of asking providers for refunds: claims those that are due, asks, puts off the next time,
 * and settles what the providers have said at once. No transaction is open while they are asked.
 */
#include "core/payment/refund_request.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "core/payment/settle.h"
#include "store/param.h"
#include "store/transact.h"

#define AGAIN_S    5    /* until a provider that was away is asked again, however long it takes */
#define REMINDER_S 3600 /* until one that took a refund on, and is silent, is asked again */

/* The refunds of a round. */
struct round {
	struct pool *pool;
	TALLOC_CTX *ctx;
	const struct policy *policy;
	struct pay_refund *refunds; /* in the order of the rows */
	const struct rows *rows;    /* of CLAIM_REFUNDS */
	size_t n;
};

static void
read_refunds(struct round *r)
{
	assert(r->rows != NULL && r->n == 0);
	r->n = (size_t)rows_count(r->rows);
	r->refunds = talloc_zero_array(r->ctx, struct pay_refund, (unsigned)r->n);
	for (int i = 0; i < (int)r->n; i++)
		r->refunds[i] = (struct pay_refund){
			.id = row_uuid(r->rows, i, CLAIM_REFUNDS_ID),
			.booking_id = row_uuid(r->rows, i, CLAIM_REFUNDS_BOOKING),
			.amount_minor = row_i64(r->rows, i, CLAIM_REFUNDS_AMOUNT),
			.currency = row_text(r->rows, i, CLAIM_REFUNDS_CURRENCY),
			.session = row_text(r->rows, i, CLAIM_REFUNDS_SESSION),
			.gateway_ref = row_text(r->rows, i, CLAIM_REFUNDS_REFERENCE),
			.err = ERR_UNAVAILABLE
		};
}

/* Asks each provider for its own: rows of one provider that follow each other, at once. */
static void
ask_providers(struct round *r, const struct pay_gateway *gateway)
{
	for (size_t from = 0, to; from < r->n; from = to) {
		const char *name = row_text(r->rows, (int)from, CLAIM_REFUNDS_PROVIDER);
		const struct pay_provider *provider = pay_provider_named(name);

		for (to = from + 1;
		     to < r->n &&
		     strcmp(row_text(r->rows, (int)to, CLAIM_REFUNDS_PROVIDER), name) == 0;)
			to++;
		if (provider != NULL && provider->refund != NULL)
			provider->refund(r->ctx, gateway, r->refunds + from, to - from);
		else
			log_line(LOG_ERROR, "no such provider gives refunds", "provider", name,
			         NULL);
	}
}

/* What a provider has answered is settled as its call-backs are. */
static enum err
settle(struct round *r, size_t i)
{
	const struct pay_refund *refund = &r->refunds[i];
	struct payment_message message = { .source = "answer" };
	const struct uuid id = uuid_of_event(uuid_event(&refund->id)); /* each answer counts */
	char text[UUID_TEXT];

	assert(i < r->n && refund->err != ERR_UNAVAILABLE);
	message.event = (struct pay_event){
		.type = refund->err == ERR_OK ? PAY_REFUNDED : PAY_REFUND_FAILED,
		.id = uuid_text(&id, text),
		.gateway_ref = refund->reference,
		.has_booking = true,
		.booking_id = refund->booking_id,
		.has_refund = true,
		.refund_id = refund->id,
		.amount_minor = -1,
		.amount_major = -1,
	};
	return payment_settle(r->pool, r->ctx, r->policy, &message, NULL);
}

/* When a refund is asked for again, in s. */
static int32_t
wait_of(const struct round *r, size_t i)
{
	return r->refunds[i].err == ERR_OK ? REMINDER_S : AGAIN_S;
}

static enum err
reschedule(struct round *r)
{
	struct array event, id, wait;
	struct rows *rows;

	array_init(&event, r->ctx);
	array_init(&id, r->ctx);
	array_init(&wait, r->ctx);
	for (size_t i = 0; i < r->n; i++) {
		array_int(&event, uuid_event(&r->refunds[i].id));
		array_uuid(&id, &r->refunds[i].id);
		array_int(&wait, wait_of(r, i));
	}
	const struct call call = { STMT_RESCHEDULE_REFUNDS,
		                   { array_done(&event), array_done(&id), array_done(&wait) } };

	return transact_read(r->pool, r->ctx, &call, 1, &rows); /* which may be done twice */
}

/*
 * Takes refunds that are due: for a minute, no other process does. Run once, since refunds that are
 * lost with the answer are due again after that minute.
 */
static enum err
claim(struct round *r)
{
	const struct call call = { STMT_CLAIM_REFUNDS, { param_int(r->ctx, REFUND_REQUEST_MOST) } };
	struct rows *rows;
	struct db *db;
	enum err e = pool_take(r->pool, &db);

	if (e != ERR_OK)
		return e;
	e = db_query(db, r->ctx, call, &rows);
	pool_give(r->pool, db);
	if (e == ERR_OK) {
		r->rows = rows;
		read_refunds(r);
	}
	return e;
}

enum err
refund_request_due(struct pool *pool, const struct policy *policy,
                   const struct pay_gateway *gateway, size_t *n)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct round r = { .pool = pool, .ctx = ctx, .policy = policy };
	enum err e;

	assert(pool != NULL && policy != NULL && gateway != NULL);
	e = claim(&r);
	assert(r.n <= REFUND_REQUEST_MOST);

	*n = r.n;
	if (e == ERR_OK && r.n > 0) {
		ask_providers(&r, gateway);
		e = reschedule(&r);
		for (size_t i = 0; e == ERR_OK && i < r.n; i++) {
			const struct pay_refund *refund = &r.refunds[i];

			if ((refund->err == ERR_OK && refund->completed) ||
			    refund->err == ERR_INVALID_STATE)
				e = settle(&r, i);
		}
	}
	talloc_free(ctx);
	return e;
}
