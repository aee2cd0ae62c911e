/* The table of call-backs that wait for an operator: adding, listing, trying one again. */
#include "core/payment/parked.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "store/param.h"
#include "store/transact.h"

enum err
parked_add(struct pool *pool, TALLOC_CTX *ctx, const struct payment_message *message,
           const char *why, const char *body)
{
	const struct call call = { STMT_PARK_EVENT,
		                   { message->source, message->event.id, why, body } };
	struct rows *rows;

	assert(message->event.id != NULL && why != NULL && body != NULL);
	log_line(LOG_WARN, "a message about a payment is kept for an operator", "source",
	         message->source, "message", message->event.id, "why", why, NULL);
	return transact_read(pool, ctx, &call, 1, &rows); /* which may be done twice */
}

enum err
parked_list(struct pool *pool, TALLOC_CTX *ctx, bool bodies, struct parked **out, size_t *n)
{
	const struct call call = { STMT_LIST_PARKED, { PAYMENT_WEBHOOK, param_bool(bodies) } };
	struct rows *rows;
	enum err e;

	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	*n = (size_t)rows_count(rows);
	*out = talloc_array(ctx, struct parked, (unsigned)*n);
	for (int r = 0; r < rows_count(rows); r++)
		(*out)[r] = (struct parked){ .id = row_text(rows, r, LIST_PARKED_ID),
			                     .at_us = row_us(rows, r, LIST_PARKED_AT),
			                     .reason = row_text(rows, r, LIST_PARKED_REASON),
			                     .body = row_text(rows, r, LIST_PARKED_BODY) };
	return ERR_OK;
}

enum err
parked_settle(struct pool *pool, TALLOC_CTX *ctx, const struct policy *policy, const char *id,
              const char **why)
{
	const struct call get = { STMT_GET_PARKED, { PAYMENT_WEBHOOK, id } };
	const struct call drop = { STMT_DROP_PARKED, { PAYMENT_WEBHOOK, id } };
	struct payment_message message = { .source = PAYMENT_WEBHOOK };
	const char *body;
	struct rows *rows;
	enum err e;

	assert(id != NULL);
	*why = NULL;
	if ((e = transact_read(pool, ctx, &get, 1, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_NOT_FOUND;
	body = row_text(rows, 0, GET_PARKED_BODY);
	if ((e = pay_gateway_http.parse(ctx, body, strlen(body), &message.event, why)) != ERR_OK)
		return e;
	if ((e = payment_settle(pool, ctx, policy, &message, NULL)) != ERR_OK)
		return e;
	return transact_read(pool, ctx, &drop, 1, &rows); /* which may be done twice */
}
