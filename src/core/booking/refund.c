#include "core/booking/refund.h"

#include <string.h>

#include "core/journal/payload.h"
#include "pay/provider.h"
#include "store/param.h"
#include "store/transact.h"

void
account_calls(TALLOC_CTX *ctx, const struct uuid *booking_id, struct call calls[ACCOUNT_CALLS])
{
	struct array event, id;

	array_init(&event, ctx);
	array_init(&id, ctx);
	array_int(&event, uuid_event(booking_id));
	array_uuid(&id, booking_id);
	const char *events = array_done(&event), *ids = array_done(&id);

	calls[0] = payments_call(events, ids);
	calls[1] = refunds_call(events, ids);
}

void
account_read(TALLOC_CTX *ctx, struct rows *const *rows, struct account *out)
{
	int row[ACCOUNT_CALLS] = { 0 };

	out->payments = payments_read(ctx, rows[0], 0, &row[0], &out->n_payments);
	out->refunds = refunds_read(ctx, rows[1], 0, &row[1], &out->n_refunds);
}

enum err
account_of(struct pool *pool, TALLOC_CTX *ctx, const struct booking *booking, struct account *out)
{
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS];
	enum err e;

	account_calls(ctx, &booking->key.id, calls);
	if (booking->archived) {
		calls[0].stmt = STMT_ARCHIVED_PAYMENTS;
		calls[1].stmt = STMT_ARCHIVED_REFUNDS;
	}
	if ((e = transact_read(pool, ctx, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(ctx, rows, out);
	return e;
}

int64_t
account_left(const struct account *a, const struct payment *p)
{
	int64_t left = p->captured_minor < 0 ? 0 : p->captured_minor;

	for (size_t i = 0; i < a->n_refunds; i++) {
		const struct refund *r = &a->refunds[i];

		if (r->status != REFUND_FAILED &&
		    memcmp(&r->payment_id, &p->id, sizeof(p->id)) == 0)
			left -= r->amount_minor;
	}
	return left < 0 ? 0 : left;
}

int64_t
refund_due(const struct policy *policy, const struct locked_booking *b)
{
	struct refund_tiers own;

	if (b->event_status ==
	    EVENT_CANCELLED) /* by its seller: all of it, whoever is quicker */
		return b->total_minor;

	const bool named = b->tiers != NULL && refund_tiers_parse_json(b->tiers, &own);

	return refund_tiers_due(named ? &own : &policy->tiers, b->total_minor,
	                        b->starts_us - b->now_us);
}

/* Whether a payment's provider gives money back within our own transaction. */
static bool
is_instant(const struct payment *p)
{
	const struct pay_provider *provider = pay_provider_named(p->provider);

	return provider != NULL && provider->charge != NULL;
}

/* Takes up to an amount out of one payment; how much. */
static int64_t
take(const struct locked_booking *b, const struct account *a, const struct payment *p,
     int64_t amount_minor, const char *reason, struct refund_write *out)
{
	const int64_t left = account_left(a, p);

	if (amount_minor > left)
		amount_minor = left;
	if (amount_minor <= 0)
		return 0;
	*out = (struct refund_write){ .booking = b,
		                      .id = uuid_of_event(b->event_id),
		                      .payment_id = p->id,
		                      .amount_minor = amount_minor,
		                      .currency = p->captured_currency,
		                      .status = is_instant(p) ? REFUND_COMPLETED : REFUND_PENDING,
		                      .reason = reason };
	if (out->status == REFUND_COMPLETED)
		out->gateway_ref = p->gateway_ref;
	return amount_minor;
}

size_t
refund_plan(const struct locked_booking *b, const struct account *a, int64_t amount_minor,
            const char *reason, struct refund_write *out, int64_t *given)
{
	size_t n = 0;

	*given = 0;
	for (size_t i = 0; i < a->n_payments && n < REFUNDS_MOST && *given < amount_minor; i++) {
		const struct payment *p = &a->payments[i];
		int64_t taken;

		if (p->trouble != NULL || p->captured_minor < 0) /* not what pays for the booking */
			continue;
		taken = take(b, a, p, amount_minor - *given, reason, &out[n]);
		n += taken > 0 ? 1 : 0;
		*given += taken;
	}
	return n;
}

size_t
refund_plan_payment(const struct locked_booking *b, const struct account *a,
                    const struct payment *p, const char *reason, struct refund_write *out)
{
	return take(b, a, p, account_left(a, p), reason, out) > 0 ? 1 : 0;
}

void
refund_store(struct changeset *m, const struct refund_write *refunds, size_t n,
             const char *correlation_id)
{
	if (n > 0)
		changeset_add_refunds(m, refunds, n);
	for (size_t i = 0; i < n; i++) {
		const struct refund_write *r = &refunds[i];
		const char *payload = payload_refund(m->ctx, r);

		changeset_note(m, r->booking, "refund.requested", correlation_id, payload);
		if (r->status == REFUND_COMPLETED)
			changeset_note(m, r->booking, "refund.completed", correlation_id, payload);
	}
}
