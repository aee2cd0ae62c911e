#include "core/payment/refund_admin.h"

#include <string.h>

#include "core/journal/payload.h"
#include "store/param.h"
#include "store/transact.h"

enum err
refund_admin_list(struct pool *pool, TALLOC_CTX *ctx, bool failed, int64_t after,
                  struct open_refund **out, size_t *n)
{
	const struct call call = { STMT_OPEN_REFUNDS,
		                   { param_int(ctx, after),
		                     failed ? "{failed}" : "{pending,failed}",
		                     param_int(ctx, REFUND_DESK_MOST) } };
	struct refund *refunds;
	struct rows *rows;
	int row = 0;
	enum err e;

	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	refunds = refunds_read(ctx, rows, 0, &row, n);
	*out = talloc_array(ctx, struct open_refund, (unsigned)*n);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct open_refund){ refunds[i], row_uuid(rows, (int)i, 12),
			                          row_us(rows, (int)i, 13) };
	return ERR_OK;
}

/* What is to become of a refund. */
struct refund_action {
	struct db *db;
	TALLOC_CTX *ctx;
	const struct uuid *id;
	enum refund_status to;
	const char *reference;
	enum refund_status found; /* set: what it was; __MAX: nobody has looked */
};

/* Its booking, locked, with the account. */
static enum err
lock_owner(const struct refund_action *a, struct locked_booking *b, struct account *account)
{
	const char *event = param_int(a->ctx, uuid_event(a->id));
	struct booking_key key = { .event_id = uuid_event(a->id) };
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS], *owner;
	enum err e;

	e = db_query(a->db, a->ctx,
	             (struct call){ STMT_REFUND_OWNERS,
	                            { event, NULL, param_uuid(a->ctx, a->id) } },
	             &owner);
	if (e != ERR_OK)
		return e;
	if (rows_count(owner) == 0)
		return ERR_NOT_FOUND;
	key.id = row_uuid(owner, 0, 0);
	account_calls(a->ctx, &key.id, calls);
	if ((e = booking_lock_one(a->db, a->ctx, &key, b, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(a->ctx, rows, account);
	return e;
}

/* Whether a refund that failed can still be had out of its payment. */
static bool
is_left(const struct account *a, const struct refund *r)
{
	for (size_t i = 0; i < a->n_payments; i++) {
		const struct payment *p = &a->payments[i];

		if (memcmp(&p->id, &r->payment_id, sizeof(p->id)) == 0)
			return account_left(a, p) >= r->amount_minor;
	}
	return false;
}

static enum err
write_errand(const struct refund_action *a, const struct locked_booking *b, const struct refund *r)
{
	const char *event = param_int(a->ctx, b->event_id), *id = param_uuid(a->ctx, &r->id);
	const bool again = a->to == REFUND_PENDING;
	const struct refund_write write = { .booking = b,
		                            .id = r->id,
		                            .payment_id = r->payment_id,
		                            .amount_minor = r->amount_minor,
		                            .currency = r->currency,
		                            .reason = r->reason,
		                            .again = again };
	struct changeset m;

	changeset_init(&m, a->ctx);
	changeset_call(&m, again
	                       ? (struct call){ STMT_RETRY_REFUND, { event, id } }
	                       : (struct call){ STMT_UPDATE_REFUND,
	                                        { event, id, refund_status_name(a->to),
	                                          a->reference, param_int(a->ctx, r->attempts) } });
	changeset_note(&m, b, again ? "refund.requested" : "refund.completed", NULL,
	               payload_refund(a->ctx, &write));
	return changeset_commit(a->db, &m);
}

static enum err
run_once(struct refund_action *a)
{
	const struct refund *r = NULL;
	struct locked_booking b;
	struct account account;
	enum err e;

	if ((e = lock_owner(a, &b, &account)) != ERR_OK)
		return e;
	for (size_t i = 0; i < account.n_refunds; i++) {
		if (memcmp(&account.refunds[i].id, a->id, sizeof(*a->id)) == 0)
			r = &account.refunds[i];
	}
	if (r == NULL)
		return ERR_NOT_FOUND;
	a->found = r->status;
	if (r->status == REFUND_COMPLETED || r->status == a->to)
		return ERR_INVALID_STATE;
	if (r->status == REFUND_FAILED && !is_left(&account, r))
		return ERR_NOTHING_TO_REFUND;
	return write_errand(a, &b, r);
}

static enum err
run(struct pool *pool, struct refund_action *a)
{
	bool unknown = false;
	enum err e = ERR_UNAVAILABLE;

	for (int i = 0; i < POOL_ATTEMPTS; i++) {
		if ((e = pool_take(pool, &a->db)) != ERR_OK)
			return e;
		e = run_once(a);
		pool_give(pool, a->db);
		if (unknown && e == ERR_INVALID_STATE && a->found == a->to)
			return ERR_OK; /* the COMMIT whose answer was lost did it */
		unknown = unknown || e == ERR_DB_UNKNOWN;
		if (e != ERR_TX_RETRY && e != ERR_DB_LOST && e != ERR_DB_UNKNOWN)
			break;
	}
	return e == ERR_BOOKING_NOT_FOUND ? ERR_NOT_FOUND : e;
}

enum err
refund_admin_retry(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id)
{
	struct refund_action a = {
		.ctx = ctx, .id = id, .to = REFUND_PENDING, .found = REFUND__MAX
	};

	return run(pool, &a);
}

enum err
refund_admin_close(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const char *reference)
{
	struct refund_action a = { .ctx = ctx,
		                   .id = id,
		                   .to = REFUND_COMPLETED,
		                   .reference = reference,
		                   .found = REFUND__MAX };

	return run(pool, &a);
}
