/* The account of a booking: reading its payments and refunds, and what is left of a payment. */
#include "core/booking/account.h"

#include <assert.h>

#include "store/param.h"
#include "store/transact.h"

void
account_calls_of(const char *events, const char *ids, struct call calls[ACCOUNT_CALLS])
{
	calls[0] = payments_call(events, ids);
	calls[1] = refunds_call(events, ids);
}

void
account_calls(TALLOC_CTX *ctx, const struct uuid *booking_id, struct call calls[ACCOUNT_CALLS])
{
	const struct id_params p = param_ids(ctx, booking_id, 1);

	account_calls_of(p.events, p.ids, calls);
}

void
account_read_at(TALLOC_CTX *ctx, struct rows *const rows[ACCOUNT_CALLS], size_t at,
                int row[ACCOUNT_CALLS], struct account *out)
{
	out->payments = payments_read(ctx, rows[0], at, &row[0], &out->n_payments);
	out->refunds = refunds_read(ctx, rows[1], at, &row[1], &out->n_refunds);
}

void
account_read(TALLOC_CTX *ctx, struct rows *const rows[ACCOUNT_CALLS], struct account *out)
{
	int row[ACCOUNT_CALLS] = { 0 };

	account_read_at(ctx, rows, 0, row, out);
	assert(row[0] == rows_count(rows[0]) && row[1] == rows_count(rows[1]));
}

enum err
account_of(struct pool *pool, TALLOC_CTX *ctx, const struct booking_key *key, bool archived,
           struct account *out)
{
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS];
	enum err e;

	account_calls(ctx, &key->id, calls);
	if (archived) {
		calls[0].stmt = STMT_ARCHIVED_PAYMENTS;
		calls[1].stmt = STMT_ARCHIVED_REFUNDS;
	}
	if ((e = transact_read(pool, ctx, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(ctx, rows, out);
	return e;
}

const struct payment *
account_payment(const struct account *a, const struct uuid *id)
{
	for (size_t i = 0; i < a->n_payments; i++) {
		if (uuid_equal(&a->payments[i].id, id))
			return &a->payments[i];
	}
	return NULL;
}

int64_t
account_left(const struct account *a, const struct payment *p)
{
	int64_t left = p->captured_minor < 0 ? 0 : p->captured_minor;

	for (size_t i = 0; i < a->n_refunds; i++) {
		const struct refund *r = &a->refunds[i];

		assert(r->amount_minor >= 0);
		if (r->status != REFUND_FAILED && uuid_equal(&r->payment_id, &p->id))
			left -= r->amount_minor;
	}
	return left < 0 ? 0 : left;
}
