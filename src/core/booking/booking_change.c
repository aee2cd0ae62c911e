/*
 * What is done to one booking on request: each act is given the booking, locked, with
 * its account, decides by the rules, and makes its move (booking_move.h).
 */
#include "core/booking/booking_change.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/shared.h"
#include "core/booking/booking_move.h"
#include "core/booking/refund.h"
#include "core/booking/refund_move.h"
#include "core/booking/ticket_reference.h"
#include "store/transact.h"

/* One request to change a booking, tried as often as it takes. */
struct booking_act {
	const struct uuid *id;
	const struct actor *actor;
	/* Makes the move and commits it, for a booking that is locked; it may be called again. */
	enum err (*act)(struct db *db, TALLOC_CTX *ctx, struct booking_act *a,
	                const struct locked_booking *b);
	enum booking_status to;    /* the state that it leads to, or __MAX: none; */
	enum booking_status or_to; /* or this one */
	enum booking_status found; /* set: the state that the booking was in */
	struct account account;    /* set */
	const struct policy *policy;
	const char *note; /* or NULL */
	enum cancel_scope scope;
	int32_t minutes, extension; /* of an extension: which one of the booking it is */
	bool is_unknown;            /* an earlier COMMIT was not answered; */
	int32_t unknown_extension;  /* it was of this extension; 0: of none */
	struct payment payment;     /* that pays for it at once, or begins */
	const struct pay_provider *provider;
	const char *ticket_ref;
	struct idempotent *idempotent; /* or NULL */
};

/* Reads the booking as it is now, and its account, in the transaction that changed it. */
static enum err
read_changed(struct db *db, TALLOC_CTX *ctx, const struct booking_act *a, struct changed *out)
{
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS];
	enum err e;

	if ((e = booking_read_all(db, ctx, a->id, 1, &out->booking)) != ERR_OK)
		return e;
	account_calls(ctx, a->id, calls);
	if ((e = db_exchange(db, ctx, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(ctx, rows, &out->account);
	return e;
}

/* Commits what was collected, with the answer that tells of it if it is stored. */
static enum err
commit(struct db *db, TALLOC_CTX *ctx, struct booking_act *a, const struct locked_booking *b,
       struct changeset *m)
{
	struct changed changed = { .payment = &a->payment };
	enum err e;

	if (a->idempotent == NULL)
		e = changeset_commit(db, m);
	else if ((e = changeset_write(db, m)) == ERR_OK &&
	         (e = read_changed(db, ctx, a, &changed)) == ERR_OK)
		e = idempotency_commit(db, ctx, a->idempotent, &changed);
	shared_event_changed(b->event_id);
	return e;
}

/* --- what can be done --- */

/* Gives back what is due and cancels. */
static enum err
give_back(struct db *db, TALLOC_CTX *ctx, struct booking_act *a, const struct locked_booking *b)
{
	static const char reason[] = "USER_CANCELLED";
	const int64_t due = refund_due(a->policy, b);
	struct refund_write refunds[REFUNDS_MOST];
	int64_t given, kept;
	struct changeset m;
	size_t n;

	changeset_init(&m, ctx, a->actor->correlation_id);
	n = refund_plan(b, &a->account, due, reason, refunds, &given);
	kept = b->total_minor - given;
	if (given > 0)
		booking_move_refund(&m, b, 1, &given, &kept, reason, a->note);
	else
		booking_move_cancel(&m, b, 1, reason);
	refund_move_request(&m, refunds, n);
	return commit(db, ctx, a, b, &m);
}

static enum err
act_cancel(struct db *db, TALLOC_CTX *ctx, struct booking_act *a, const struct locked_booking *b)
{
	struct changeset m;

	if (b->status == BOOKING_CONFIRMED)
		return a->scope == CANCEL_UNPAID ? ERR_INVALID_STATE : give_back(db, ctx, a, b);
	changeset_init(&m, ctx, a->actor->correlation_id);
	booking_move_cancel(&m, b, 1, "USER_CANCELLED");
	return commit(db, ctx, a, b, &m);
}

static enum err
act_refund(struct db *db, TALLOC_CTX *ctx, struct booking_act *a, const struct locked_booking *b)
{
	if (b->status != BOOKING_CONFIRMED)
		return ERR_INVALID_STATE;
	return refund_due(a->policy, b) > 0 ? give_back(db, ctx, a, b) : ERR_NOTHING_TO_REFUND;
}

static enum err
act_pay(struct db *db, TALLOC_CTX *ctx, struct booking_act *a, const struct locked_booking *b)
{
	struct payment *p = &a->payment;
	struct changeset m;
	enum err e;

	assert(a->provider->charge != NULL && a->ticket_ref != NULL);
	if (b->event_status == EVENT_CANCELLED)
		return ERR_EVENT_CANCELLED;
	p->amount_minor = p->captured_minor = b->total_minor;
	p->currency = p->captured_currency = b->currency;
	e = a->provider->charge(ctx, &p->id, b->total_minor, b->currency, &p->gateway_ref);
	if (e != ERR_OK)
		return e;
	changeset_init(&m, ctx, a->actor->correlation_id);
	booking_move_confirm(&m, b, a->ticket_ref);
	changeset_add_payment(&m, b, p);
	return commit(db, ctx, a, b, &m);
}

/* The payment of an account that is under way, if any. */
static const struct payment *
open_payment(const struct account *account)
{
	for (size_t i = 0; i < account->n_payments; i++) {
		const struct payment *p = &account->payments[i];

		if (p->status == PAYMENT_PENDING && p->session != NULL)
			return p;
	}
	return NULL;
}

static enum err
act_open_payment(struct db *db, TALLOC_CTX *ctx, struct booking_act *a,
                 const struct locked_booking *b)
{
	const struct payment *open = b->status == BOOKING_PAYING ? open_payment(&a->account) : NULL;
	struct changeset m;

	if (open != NULL) {
		a->payment = *open;
		return ERR_OK;
	}
	/* Without a session: it was being paid when the caller looked, and is no longer. */
	if (b->status != BOOKING_PENDING || a->payment.session == NULL)
		return ERR_INVALID_STATE;
	if (b->event_status == EVENT_CANCELLED)
		return ERR_EVENT_CANCELLED;
	changeset_init(&m, ctx, a->actor->correlation_id);
	booking_move_pay(&m, b, &a->payment,
	                 b->windowed ? b->now_us + a->policy->paying_min * 60 * US_PER_S : -1);
	return commit(db, ctx, a, b, &m);
}

static enum err
act_extend(struct db *db, TALLOC_CTX *ctx, struct booking_act *a, const struct locked_booking *b)
{
	const int64_t until_us = b->expires_us + a->minutes * 60 * US_PER_S;
	struct changeset m;

	assert(a->minutes >= 1 && a->minutes <= EXTENSION_MOST_MIN);
	if (b->status != BOOKING_PENDING || !b->windowed)
		return ERR_INVALID_STATE;
	if (a->unknown_extension == b->extensions && a->unknown_extension > 0)
		return ERR_OK; /* the COMMIT whose answer was lost did it */
	a->unknown_extension = 0;
	a->extension = b->extensions + 1;
	if (b->extensions >= a->policy->max_extensions ||
	    until_us > b->created_us + a->policy->max_window_min * 60 * US_PER_S)
		return ERR_EXTENSION_LIMIT;
	changeset_init(&m, ctx, a->actor->correlation_id);
	booking_move_extend(&m, b, a->minutes, until_us);
	return commit(db, ctx, a, b, &m);
}

/* --- how it is done --- */

/* Locks the booking and reads its account. */
static enum err
lock_with_account(struct db *db, TALLOC_CTX *ctx, struct booking_act *a, struct locked_booking *b)
{
	const struct booking_key key = { uuid_event(a->id), *a->id };
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS];
	enum err e;

	account_calls(ctx, a->id, calls);
	if ((e = booking_lock_one(db, ctx, &key, b, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(ctx, rows, &a->account);
	return e;
}

/* Expires the booking instead: its window has passed. */
static enum err
expire(struct db *db, TALLOC_CTX *ctx, const struct booking_act *a, const struct locked_booking *b)
{
	struct changeset m;
	enum err e;

	changeset_init(&m, ctx, a->actor->correlation_id);
	booking_move_expire(&m, b, 1);
	e = changeset_commit(db, &m);
	shared_event_changed(b->event_id);
	return e == ERR_OK ? ERR_BOOKING_EXPIRED : e;
}

static enum err
lock_and_act(struct db *db, TALLOC_CTX *ctx, struct booking_act *a)
{
	struct locked_booking b;
	enum err e;

	if ((e = lock_with_account(db, ctx, a, &b)) != ERR_OK)
		return e;
	if (!a->actor->staff && strcmp(b.user_id, a->actor->user_id) != 0)
		return ERR_FORBIDDEN;
	if ((e = idempotency_begin(db, ctx, a->idempotent)) != ERR_OK)
		return e;
	a->found = b.status;
	if (b.status == BOOKING_EXPIRED)
		return ERR_BOOKING_EXPIRED;
	if (b.lapsed)
		return expire(db, ctx, a, &b);
	if (a->to != BOOKING__MAX && !booking_state_may_move(b.status, a->to))
		return ERR_INVALID_STATE;
	return a->act(db, ctx, a, &b);
}

/* A try. After a COMMIT that was not answered, the booking may be where the act leads. */
static enum err
run_act(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct booking_act *a = arg;
	const enum err e = lock_and_act(db, ctx, a);

	if (!a->is_unknown || e != ERR_INVALID_STATE || (a->found != a->to && a->found != a->or_to))
		return e;
	shared_event_changed(uuid_event(a->id));
	return ERR_OK;
}

static enum err
resolve_act(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct booking_act *a = arg;

	a->is_unknown = true;
	a->unknown_extension = a->extension;
	return transact_again(db, ctx, arg);
}

static enum err
change(struct pool *pool, TALLOC_CTX *ctx, struct booking_act *a, enum booking_status *found)
{
	const struct transaction t = { .run = run_act, .resolve = resolve_act, .arg = a };
	enum err e;

	assert(a->id != NULL && a->actor != NULL && a->act != NULL);
	assert(a->actor->staff || a->actor->user_id != NULL);
	a->found = BOOKING__MAX;
	e = transact(pool, ctx, &t);
	if (found != NULL)
		*found = a->found;
	return e;
}

enum err
booking_cancel(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *actor,
               const struct policy *policy, enum cancel_scope scope, enum booking_status *found)
{
	struct booking_act a = { .id = id,
		                 .actor = actor,
		                 .act = act_cancel,
		                 .to = BOOKING_CANCELLED,
		                 .or_to = BOOKING_REFUNDED,
		                 .policy = policy,
		                 .scope = scope };

	return change(pool, ctx, &a, found);
}

enum err
booking_cancel_waiting(struct db *db, TALLOC_CTX *ctx, const struct booking_key *key,
                       const char *reason, bool *done)
{
	struct locked_booking b;
	struct changeset m;
	enum err e = booking_lock_one(db, ctx, key, &b, NULL, 0, NULL);

	*done = e == ERR_OK && (b.status == BOOKING_PENDING || b.status == BOOKING_REQUESTED);
	if (!*done) {
		db_rollback(db);
		return e == ERR_BOOKING_NOT_FOUND ? ERR_OK : e;
	}
	changeset_init(&m, ctx, NULL);
	booking_move_cancel(&m, &b, 1, reason);
	e = changeset_commit(db, &m);
	shared_event_changed(key->event_id);
	return e;
}

enum err
booking_refund(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *actor,
               const struct policy *policy, const char *note, struct idempotent *idempotent)
{
	struct booking_act a = { .id = id,
		                 .actor = actor,
		                 .act = act_refund,
		                 .to = BOOKING_REFUNDED,
		                 .or_to = BOOKING_REFUNDED,
		                 .policy = policy,
		                 .note = note,
		                 .idempotent = idempotent };

	return change(pool, ctx, &a, NULL);
}

enum err
booking_pay(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *actor,
            const struct pay_provider *provider, struct idempotent *idempotent,
            enum booking_status *found)
{
	char *ticket = talloc_array(ctx, char, TICKET_REFERENCE_TEXT);
	struct booking_act a = { .id = id,
		                 .actor = actor,
		                 .act = act_pay,
		                 .to = BOOKING_CONFIRMED,
		                 .or_to = BOOKING_CONFIRMED,
		                 .provider = provider,
		                 .idempotent = idempotent };

	a.ticket_ref = ticket_reference_new(ticket);
	a.payment = (struct payment){ .id = uuid_of_event(uuid_event(id)),
		                      .provider = provider->name,
		                      .status = PAYMENT_COMPLETED,
		                      .expires_us = -1 };
	return change(pool, ctx, &a, found);
}

enum err
booking_open_payment(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                     const struct actor *actor, const struct policy *policy,
                     struct idempotent *idempotent, struct payment *payment)
{
	struct booking_act a = { .id = id,
		                 .actor = actor,
		                 .act = act_open_payment,
		                 .to = BOOKING__MAX,
		                 .or_to = BOOKING__MAX,
		                 .policy = policy,
		                 .payment = *payment,
		                 .idempotent = idempotent };
	enum err e = change(pool, ctx, &a, NULL);

	*payment = a.payment;
	return e;
}

enum err
booking_extend(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *actor,
               const struct policy *policy, int32_t minutes, struct idempotent *idempotent)
{
	struct booking_act a = { .id = id,
		                 .actor = actor,
		                 .act = act_extend,
		                 .to = BOOKING__MAX,
		                 .or_to = BOOKING__MAX,
		                 .policy = policy,
		                 .minutes = minutes,
		                 .idempotent = idempotent };

	return change(pool, ctx, &a, NULL);
}
