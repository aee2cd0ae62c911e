/* What rowlockctl refund does: list refunds that are not done, ask again, close one by hand. */
#include "core/payment/refund_admin.h"

#include <assert.h>

#include "core/booking/account.h"
#include "core/booking/refund_move.h"
#include "store/param.h"
#include "store/transact.h"

enum err
refund_admin_list(struct pool *pool, TALLOC_CTX *ctx, bool failed, int64_t after,
                  struct open_refund **out, size_t *n)
{
	const struct call call = { STMT_OPEN_REFUNDS,
		                   { param_int(ctx, after),
		                     failed ? "{failed}" : "{pending,failed}",
		                     param_int(ctx, REFUND_ADMIN_MOST) } };
	struct refund *refunds;
	struct rows *rows;
	int row = 0;
	enum err e;

	assert(after >= 0);
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	refunds = refunds_read(ctx, rows, 0, &row, n);
	assert((int)*n == rows_count(rows)); /* all are at the first place */
	*out = talloc_array(ctx, struct open_refund, (unsigned)*n);
	for (size_t i = 0; i < *n; i++)
		(*out)[i] = (struct open_refund){ refunds[i],
			                          row_uuid(rows, (int)i, OPEN_REFUNDS_BOOKING),
			                          row_us(rows, (int)i, OPEN_REFUNDS_DUE) };
	return ERR_OK;
}

/* What is to become of a refund. */
struct refund_action {
	const struct uuid *id;
	enum refund_status to; /* pending or completed */
	const char *reference;
	enum refund_status found; /* set: what it was; __MAX: it was not read */
	bool is_unknown;          /* an earlier COMMIT was not answered */
};

/* Its booking, locked, with the account. */
static enum err
lock_owner(struct db *db, TALLOC_CTX *ctx, const struct refund_action *a, struct locked_booking *b,
           struct account *account)
{
	const struct call find = { STMT_REFUND_OWNERS,
		                   { param_int(ctx, uuid_event(a->id)), NULL,
		                     param_uuid(ctx, a->id) } };
	struct booking_key key = { .event_id = uuid_event(a->id) };
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS], *owner;
	enum err e;

	if ((e = db_query(db, ctx, find, &owner)) != ERR_OK)
		return e;
	if (rows_count(owner) == 0)
		return ERR_NOT_FOUND;
	key.id = row_uuid(owner, 0, REFUND_OWNERS_BOOKING);
	account_calls(ctx, &key.id, calls);
	if ((e = booking_lock_one(db, ctx, &key, b, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(ctx, rows, account);
	return e == ERR_BOOKING_NOT_FOUND ? ERR_NOT_FOUND : e;
}

/* Whether a refund that failed can still be had out of its payment. */
static bool
is_left(const struct account *account, const struct refund *r)
{
	const struct payment *p = account_payment(account, &r->payment_id);

	assert(r->status == REFUND_FAILED);
	return p != NULL && account_left(account, p) >= r->amount_minor;
}

static enum err
lock_and_move(struct db *db, TALLOC_CTX *ctx, struct refund_action *a)
{
	const struct refund *r = NULL;
	struct locked_booking b;
	struct account account;
	struct changeset m;
	enum err e;

	assert(a->to == REFUND_PENDING || a->to == REFUND_COMPLETED);
	if ((e = lock_owner(db, ctx, a, &b, &account)) != ERR_OK)
		return e;
	for (size_t i = 0; i < account.n_refunds; i++) {
		if (uuid_equal(&account.refunds[i].id, a->id))
			r = &account.refunds[i];
	}
	if (r == NULL)
		return ERR_NOT_FOUND;
	a->found = r->status;
	if (r->status == REFUND_COMPLETED || r->status == a->to)
		return ERR_INVALID_STATE;
	if (r->status == REFUND_FAILED && !is_left(&account, r))
		return ERR_NOTHING_TO_REFUND;
	changeset_init(&m, ctx, NULL);
	if (a->to == REFUND_PENDING)
		refund_move_again(&m, &b, r);
	else
		refund_move_complete(&m, &b, r, a->reference);
	return changeset_commit(db, &m);
}

/* A try. After a COMMIT that was not answered, the refund may be where the action leads. */
static enum err
run_action(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct refund_action *a = arg;
	const enum err e = lock_and_move(db, ctx, a);

	return a->is_unknown && e == ERR_INVALID_STATE && a->found == a->to ? ERR_OK : e;
}

static enum err
resolve_action(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct refund_action *a = arg;

	a->is_unknown = true;
	return transact_again(db, ctx, arg);
}

static enum err
act(struct pool *pool, TALLOC_CTX *ctx, struct refund_action *a)
{
	const struct transaction t = { .run = run_action, .resolve = resolve_action, .arg = a };

	assert(a->id != NULL);
	a->found = REFUND__MAX;
	return transact(pool, ctx, &t);
}

enum err
refund_admin_retry(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id)
{
	struct refund_action a = { .id = id, .to = REFUND_PENDING };

	return act(pool, ctx, &a);
}

enum err
refund_admin_close(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const char *reference)
{
	struct refund_action a = { .id = id, .to = REFUND_COMPLETED, .reference = reference };

	return act(pool, ctx, &a);
}
