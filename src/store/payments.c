/* The rows of payments and refunds, read for several bookings at once. */
#include "store/payments.h"

#include <assert.h>

struct call
payments_call(const char *events, const char *ids)
{
	assert(events != NULL && ids != NULL);
	return (struct call){ STMT_PAYMENTS_OF, { events, ids } };
}

struct call
refunds_call(const char *events, const char *ids)
{
	assert(events != NULL && ids != NULL);
	return (struct call){ STMT_REFUNDS_OF, { events, ids } };
}

/* Both statements say first which booking a row belongs to. */
_Static_assert((int)PAYMENTS_OF_PLACE == (int)REFUNDS_OF_PLACE, "rows_at reads this column");

/* How many rows from `row` on belong to a place. None before them may have been passed over. */
static size_t
rows_at(const struct rows *rows, size_t place, int row)
{
	int r = row;

	while (r < rows_count(rows) && row_i64(rows, r, PAYMENTS_OF_PLACE) == (int64_t)place + 1)
		r++;
	assert(r == rows_count(rows) || row_i64(rows, r, PAYMENTS_OF_PLACE) > (int64_t)place + 1);
	return (size_t)(r - row);
}

static struct payment
read_payment(const struct rows *rows, int r)
{
	return (struct payment){
		.id = row_uuid(rows, r, PAYMENTS_OF_ID),
		.number = row_i64(rows, r, PAYMENTS_OF_NUMBER),
		.provider = row_text(rows, r, PAYMENTS_OF_PROVIDER),
		.session = row_text(rows, r, PAYMENTS_OF_SESSION),
		.url = row_text(rows, r, PAYMENTS_OF_URL),
		.gateway_ref = row_text(rows, r, PAYMENTS_OF_GATEWAY_REF),
		.trouble = row_text(rows, r, PAYMENTS_OF_TROUBLE),
		.amount_minor = row_i64(rows, r, PAYMENTS_OF_AMOUNT),
		.currency = row_text(rows, r, PAYMENTS_OF_CURRENCY),
		.status = payment_status_parse(row_text(rows, r, PAYMENTS_OF_STATUS)),
		.captured_minor = row_null(rows, r, PAYMENTS_OF_CAPTURED)
		                      ? -1
		                      : row_i64(rows, r, PAYMENTS_OF_CAPTURED),
		.captured_currency = row_text(rows, r, PAYMENTS_OF_CAPTURED_CURRENCY),
		.expires_us = row_us(rows, r, PAYMENTS_OF_EXPIRES),
		.created_us = row_us(rows, r, PAYMENTS_OF_CREATED),
		.updated_us = row_us(rows, r, PAYMENTS_OF_UPDATED),
	};
}

static struct refund
read_refund(const struct rows *rows, int r)
{
	return (struct refund){
		.id = row_uuid(rows, r, REFUNDS_OF_ID),
		.number = row_i64(rows, r, REFUNDS_OF_NUMBER),
		.payment_id = row_uuid(rows, r, REFUNDS_OF_PAYMENT),
		.amount_minor = row_i64(rows, r, REFUNDS_OF_AMOUNT),
		.currency = row_text(rows, r, REFUNDS_OF_CURRENCY),
		.status = refund_status_parse(row_text(rows, r, REFUNDS_OF_STATUS)),
		.reason = row_text(rows, r, REFUNDS_OF_REASON),
		.gateway_ref = row_text(rows, r, REFUNDS_OF_GATEWAY_REF),
		.attempts = row_i32(rows, r, REFUNDS_OF_ATTEMPTS),
		.created_us = row_us(rows, r, REFUNDS_OF_CREATED),
		.updated_us = row_us(rows, r, REFUNDS_OF_UPDATED),
	};
}

struct payment *
payments_read(TALLOC_CTX *ctx, const struct rows *rows, size_t place, int *row, size_t *n)
{
	struct payment *all;

	*n = rows_at(rows, place, *row);
	all = talloc_array(ctx, struct payment, (unsigned)*n);
	for (size_t i = 0; i < *n; i++) {
		all[i] = read_payment(rows, (*row)++);
		assert(all[i].status < PAYMENT__MAX);
	}
	return all;
}

struct refund *
refunds_read(TALLOC_CTX *ctx, const struct rows *rows, size_t place, int *row, size_t *n)
{
	struct refund *all;

	*n = rows_at(rows, place, *row);
	all = talloc_array(ctx, struct refund, (unsigned)*n);
	for (size_t i = 0; i < *n; i++) {
		all[i] = read_refund(rows, (*row)++);
		assert(all[i].status < REFUND__MAX && all[i].amount_minor > 0);
	}
	return all;
}

struct payment *
payments_copy(TALLOC_CTX *ctx, const struct payment *from, size_t n)
{
	struct payment *all = talloc_array(ctx, struct payment, (unsigned)n);

	assert(from != NULL || n == 0);
	for (size_t i = 0; i < n; i++) {
		struct payment *p = &all[i];

		*p = from[i];
		p->provider = talloc_strdup(all, p->provider);
		p->session = talloc_strdup(all, p->session);
		p->url = talloc_strdup(all, p->url);
		p->gateway_ref = talloc_strdup(all, p->gateway_ref);
		p->trouble = talloc_strdup(all, p->trouble);
		p->currency = talloc_strdup(all, p->currency);
		p->captured_currency = talloc_strdup(all, p->captured_currency);
	}
	return all;
}
