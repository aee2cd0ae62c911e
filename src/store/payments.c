#include "store/payments.h"

#include <string.h>

static const char *const payment_names[PAYMENT__MAX] = { "pending", "completed", "failed",
	                                                 "expired", "refunded" };
static const char *const refund_names[REFUND__MAX] = { "pending", "completed", "failed" };

const char *
payment_status_name(enum payment_status s)
{
	return payment_names[s];
}

const char *
refund_status_name(enum refund_status s)
{
	return refund_names[s];
}

static int
place_of(const char *const *names, int n, const char *name)
{
	int i = 0;

	while (i < n && strcmp(names[i], name) != 0)
		i++;
	return i;
}

struct call
payments_call(const char *events, const char *ids)
{
	return (struct call){ STMT_PAYMENTS_OF, { events, ids } };
}

struct call
refunds_call(const char *events, const char *ids)
{
	return (struct call){ STMT_REFUNDS_OF, { events, ids } };
}

/* How many rows from *row on belong to place `at`. */
static size_t
rows_at(const struct rows *rows, size_t at, int row)
{
	int r = row;

	while (r < rows_count(rows) && row_i64(rows, r, 0) == (int64_t)at + 1)
		r++;
	return (size_t)(r - row);
}

struct payment *
payments_read(TALLOC_CTX *ctx, const struct rows *rows, size_t at, int *row, size_t *n)
{
	struct payment *all = talloc_zero_array(ctx, struct payment,
	                                        (unsigned)rows_at(rows, at, *row));

	*n = rows_at(rows, at, *row);
	for (size_t i = 0; i < *n; i++, (*row)++) {
		const int r = *row;

		all[i] = (struct payment){
			.id = row_uuid(rows, r, 1),
			.number = row_i64(rows, r, 2),
			.provider = row_text(rows, r, 3),
			.session = row_text(rows, r, 4),
			.url = row_text(rows, r, 5),
			.gateway_ref = row_text(rows, r, 6),
			.trouble = row_text(rows, r, 7),
			.amount_minor = row_i64(rows, r, 8),
			.currency = row_text(rows, r, 9),
			.status = (enum payment_status)place_of(payment_names, PAYMENT__MAX,
			                                        row_text(rows, r, 10)),
			.captured_minor = row_null(rows, r, 11) ? -1 : row_i64(rows, r, 11),
			.captured_currency = row_text(rows, r, 12),
			.expires_us = row_us(rows, r, 13),
			.created_us = row_us(rows, r, 14),
			.updated_us = row_us(rows, r, 15),
		};
	}
	return all;
}

struct refund *
refunds_read(TALLOC_CTX *ctx, const struct rows *rows, size_t at, int *row, size_t *n)
{
	struct refund *all = talloc_zero_array(ctx, struct refund,
	                                       (unsigned)rows_at(rows, at, *row));

	*n = rows_at(rows, at, *row);
	for (size_t i = 0; i < *n; i++, (*row)++) {
		const int r = *row;

		all[i] = (struct refund){
			.id = row_uuid(rows, r, 1),
			.number = row_i64(rows, r, 2),
			.payment_id = row_uuid(rows, r, 3),
			.amount_minor = row_i64(rows, r, 4),
			.currency = row_text(rows, r, 5),
			.status = (enum refund_status)place_of(refund_names, REFUND__MAX,
			                                       row_text(rows, r, 6)),
			.reason = row_text(rows, r, 7),
			.gateway_ref = row_text(rows, r, 8),
			.attempts = row_i32(rows, r, 9),
			.created_us = row_us(rows, r, 10),
			.updated_us = row_us(rows, r, 11),
		};
	}
	return all;
}

struct payment *
payments_copy(TALLOC_CTX *ctx, const struct payment *from, size_t n)
{
	struct payment *all = talloc_array(ctx, struct payment, (unsigned)n);

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
