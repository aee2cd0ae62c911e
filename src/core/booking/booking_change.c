#include "core/booking/booking_change.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/shared.h"
#include "base/sort.h"
#include "core/journal/payload.h"
#include "core/booking/refund.h"
#include "core/booking/ticket_reference.h"

/* What somebody wants to do to a booking, tried as often as it takes. */
struct booking_act {
	const struct uuid *id;
	const struct actor *who;
	/* Writes and commits it, for a booking that is locked; it may be done again. */
	enum err (*act)(struct db *db, TALLOC_CTX *ctx, struct booking_act *c,
	                const struct locked_booking *b);
	enum booking_status to;    /* the state that it leads to, or __MAX: none; */
	enum booking_status or_to; /* or this one */
	enum booking_status found; /* set */
	struct account account;    /* set */
	const struct policy *policy;
	const char *note; /* or NULL */
	enum cancel_scope scope;
	int32_t minutes, extension; /* of an extension: which one it is */
	int32_t doubtful;           /* the one whose COMMIT was not answered; 0: none */
	struct payment payment;     /* that pays for it at once, or begins */
	const struct pay_provider *provider;
	const char *ticket_ref;
	struct idempotent *keyed; /* or NULL */
};

/* Reads the booking as it is now, and its account, in the transaction that changed it. */
static enum err
read_changed(struct db *db, TALLOC_CTX *ctx, const struct booking_act *c, struct changed *out)
{
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS];
	enum err e;

	if ((e = booking_read_all(db, ctx, &c->id, 1, &out->booking)) != ERR_OK)
		return e;
	account_calls(ctx, c->id, calls);
	if ((e = db_exchange(db, ctx, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(ctx, rows, &out->account);
	return e;
}

/* Commits what was collected, with the answer that tells of it if it is stored. */
static enum err
commit(struct db *db, TALLOC_CTX *ctx, struct booking_act *c, const struct locked_booking *b,
       struct changeset *m)
{
	struct changed changed = { .payment = &c->payment };
	enum err e;

	if (c->keyed == NULL)
		e = changeset_commit(db, m);
	else if ((e = changeset_write(db, m)) == ERR_OK &&
	         (e = read_changed(db, ctx, c, &changed)) == ERR_OK)
		e = idempotency_commit(db, ctx, c->keyed, &changed);
	shared_event_changed(b->event_id);
	return e;
}

/* The type of the journal's row, by the state that a booking ends in. */
static const char *
ended_type(enum booking_status to)
{
	return to == BOOKING_EXPIRED ? "booking.expired" : "booking.cancelled";
}

enum err
booking_end(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *bookings, size_t n,
            enum booking_status to, const char *reason, const char *correlation_id)
{
	struct changeset m;
	enum err e;

	booking_assert_moves(bookings, n, to);
	changeset_init(&m, ctx);
	changeset_end(&m, bookings, n, to, reason, NULL);
	for (size_t i = 0; i < n; i++)
		changeset_note(&m, &bookings[i], ended_type(to), correlation_id,
		               payload_ended(ctx, &bookings[i], reason));
	e = changeset_commit(db, &m);
	for (size_t i = 0; i < n; i++)
		shared_event_changed(bookings[i].event_id);
	return e;
}

/* --- what can be done --- */

/* Gives back what is due and cancels. */
static enum err
give_back(struct db *db, TALLOC_CTX *ctx, struct booking_act *c, const struct locked_booking *b)
{
	static const char reason[] = "USER_CANCELLED";
	const int64_t due = refund_due(c->policy, b);
	enum booking_status to = BOOKING_CANCELLED;
	struct refund_write refunds[REFUNDS_MOST];
	int64_t given, kept;
	struct changeset m;
	size_t n;

	changeset_init(&m, ctx);
	n = refund_plan(b, &c->account, due, reason, refunds, &given);
	if (given > 0)
		to = BOOKING_REFUNDED;
	kept = b->total_minor - given;
	booking_assert_moves(b, 1, to);
	changeset_end(&m, b, 1, to, reason, &kept);
	if (to == BOOKING_REFUNDED)
		changeset_note(&m, b, "booking.refunded", c->who->correlation_id,
		               payload_refunded(ctx, b, reason, c->note, given, kept));
	else
		changeset_note(&m, b, "booking.cancelled", c->who->correlation_id,
		               payload_ended(ctx, b, reason));
	refund_store(&m, refunds, n, c->who->correlation_id);
	return commit(db, ctx, c, b, &m);
}

static enum err
act_cancel(struct db *db, TALLOC_CTX *ctx, struct booking_act *c, const struct locked_booking *b)
{
	if (b->status != BOOKING_CONFIRMED)
		return booking_end(db, ctx, b, 1, BOOKING_CANCELLED, "USER_CANCELLED",
		                   c->who->correlation_id);
	return c->scope == CANCEL_UNPAID ? ERR_INVALID_STATE : give_back(db, ctx, c, b);
}

static enum err
act_refund(struct db *db, TALLOC_CTX *ctx, struct booking_act *c, const struct locked_booking *b)
{
	if (b->status != BOOKING_CONFIRMED)
		return ERR_INVALID_STATE;
	return refund_due(c->policy, b) > 0 ? give_back(db, ctx, c, b) : ERR_NOTHING_TO_REFUND;
}

static enum err
act_pay(struct db *db, TALLOC_CTX *ctx, struct booking_act *c, const struct locked_booking *b)
{
	struct payment *p = &c->payment;
	struct changeset m;
	enum err e;

	if (b->event_status == EVENT_CANCELLED)
		return ERR_EVENT_CANCELLED;
	p->amount_minor = p->captured_minor = b->total_minor;
	p->currency = p->captured_currency = b->currency;
	e = c->provider->charge(ctx, &p->id, b->total_minor, b->currency, &p->gateway_ref);
	if (e != ERR_OK)
		return e;
	booking_assert_confirms(b, false);
	changeset_init(&m, ctx);
	changeset_confirm(&m, b, c->ticket_ref, false);
	changeset_add_payment(&m, b, p);
	changeset_note(&m, b, "booking.confirmed", c->who->correlation_id,
	               payload_confirmed(ctx, b, c->ticket_ref));
	return commit(db, ctx, c, b, &m);
}

/* The payment of an account that is under way, if any. */
static const struct payment *
open_payment(const struct account *a)
{
	for (size_t i = 0; i < a->n_payments; i++) {
		if (a->payments[i].status == PAYMENT_PENDING && a->payments[i].session != NULL)
			return &a->payments[i];
	}
	return NULL;
}

static enum err
act_open_payment(struct db *db, TALLOC_CTX *ctx, struct booking_act *c,
                 const struct locked_booking *b)
{
	const struct payment *open = b->status == BOOKING_PAYING ? open_payment(&c->account) : NULL;
	struct changeset m;

	if (open != NULL) {
		c->payment = *open;
		return ERR_OK;
	}
	if (b->status != BOOKING_PENDING ||
	    c->payment.session == NULL) /* it has moved since we looked */
		return ERR_INVALID_STATE;
	if (b->event_status == EVENT_CANCELLED)
		return ERR_EVENT_CANCELLED;
	booking_assert_moves(b, 1, BOOKING_PAYING);
	changeset_init(&m, ctx);
	changeset_pay(&m, b, b->windowed ? b->now_us + c->policy->paying_min * 60 * US_PER_S : -1);
	changeset_add_payment(&m, b, &c->payment);
	changeset_note(&m, b, "booking.paying", c->who->correlation_id,
	               payload_paying(ctx, b, &c->payment));
	return commit(db, ctx, c, b, &m);
}

static enum err
act_extend(struct db *db, TALLOC_CTX *ctx, struct booking_act *c, const struct locked_booking *b)
{
	const int64_t until_us = b->expires_us + c->minutes * 60 * US_PER_S;
	struct changeset m;

	if (b->status != BOOKING_PENDING || !b->windowed)
		return ERR_INVALID_STATE;
	if (c->doubtful == b->extensions && c->doubtful > 0)
		return ERR_OK; /* the COMMIT whose answer was lost did it */
	c->doubtful = 0;
	c->extension = b->extensions + 1;
	if (b->extensions >= c->policy->max_extensions ||
	    until_us > b->created_us + c->policy->max_window_min * 60 * US_PER_S)
		return ERR_EXTENSION_LIMIT;
	changeset_init(&m, ctx);
	changeset_extend(&m, b, until_us);
	changeset_note(&m, b, "booking.extended", c->who->correlation_id,
	               payload_extended(ctx, b, c->minutes, until_us));
	return commit(db, ctx, c, b, &m);
}

/* --- how it is done --- */

/* Locks the booking and reads its account. */
static enum err
lock_with_account(struct db *db, TALLOC_CTX *ctx, struct booking_act *c, struct locked_booking *b)
{
	const struct booking_key key = { uuid_event(c->id), *c->id };
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS];
	enum err e;

	account_calls(ctx, c->id, calls);
	if ((e = booking_lock_one(db, ctx, &key, b, calls, ACCOUNT_CALLS, rows)) == ERR_OK)
		account_read(ctx, rows, &c->account);
	return e;
}

/* One try; a booking whose window has passed is expired instead. */
static enum err
change_once(struct db *db, TALLOC_CTX *ctx, struct booking_act *c)
{
	struct locked_booking b;
	enum err e;

	if ((e = lock_with_account(db, ctx, c, &b)) != ERR_OK)
		return e;
	if (!c->who->staff && strcmp(b.user_id, c->who->user_id) != 0)
		return ERR_FORBIDDEN;
	if ((e = idempotency_begin(db, ctx, c->keyed)) != ERR_OK)
		return e;
	c->found = b.status;
	if (b.status == BOOKING_EXPIRED)
		return ERR_BOOKING_EXPIRED;
	if (b.lapsed) {
		e = booking_end(db, ctx, &b, 1, BOOKING_EXPIRED, "EXPIRED", c->who->correlation_id);
		return e == ERR_OK ? ERR_BOOKING_EXPIRED : e;
	}
	if (c->to != BOOKING__MAX && !booking_may_move(b.status, c->to))
		return ERR_INVALID_STATE;
	return c->act(db, ctx, c, &b);
}

static enum err
change(struct pool *pool, TALLOC_CTX *ctx, struct booking_act *c, enum booking_status *found)
{
	bool unknown = false;
	enum err e = ERR_UNAVAILABLE;

	for (int i = 0; i < POOL_ATTEMPTS; i++) {
		struct db *db;

		if ((e = pool_take(pool, &db)) != ERR_OK)
			return e;
		e = change_once(db, ctx, c);
		pool_give(pool, db);
		if (found != NULL)
			*found = c->found;
		if (unknown && e == ERR_INVALID_STATE &&
		    (c->found == c->to || c->found == c->or_to)) {
			shared_event_changed(uuid_event(c->id));
			return ERR_OK; /* the COMMIT whose answer was lost did it */
		}
		if (e == ERR_DB_UNKNOWN) {
			unknown = true;
			c->doubtful = c->extension;
		} else if (e != ERR_TX_RETRY && e != ERR_DB_LOST)
			return e;
	}
	return e;
}

enum err
booking_cancel(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *who,
               const struct policy *policy, enum cancel_scope scope, enum booking_status *found)
{
	struct booking_act c = { .id = id,
		                 .who = who,
		                 .act = act_cancel,
		                 .to = BOOKING_CANCELLED,
		                 .or_to = BOOKING_REFUNDED,
		                 .policy = policy,
		                 .scope = scope };

	return change(pool, ctx, &c, found);
}

enum err
booking_refund(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *who,
               const struct policy *policy, const char *note, struct idempotent *keyed)
{
	struct booking_act c = { .id = id,
		                 .who = who,
		                 .act = act_refund,
		                 .to = BOOKING_REFUNDED,
		                 .or_to = BOOKING_REFUNDED,
		                 .policy = policy,
		                 .note = note,
		                 .keyed = keyed };

	return change(pool, ctx, &c, NULL);
}

enum err
booking_pay(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *who,
            const struct pay_provider *provider, struct idempotent *keyed,
            enum booking_status *found)
{
	char *ticket = talloc_array(ctx, char, TICKET_REFERENCE_TEXT);
	struct booking_act c = { .id = id,
		                 .who = who,
		                 .act = act_pay,
		                 .to = BOOKING_CONFIRMED,
		                 .or_to = BOOKING_CONFIRMED,
		                 .provider = provider,
		                 .keyed = keyed };

	c.ticket_ref = ticket_reference_new(ticket);
	c.payment = (struct payment){ .id = uuid_of_event(uuid_event(id)),
		                      .provider = provider->name,
		                      .status = PAYMENT_COMPLETED,
		                      .expires_us = -1 };
	return change(pool, ctx, &c, found);
}

enum err
booking_open_payment(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                     const struct actor *who, const struct policy *policy, struct idempotent *keyed,
                     struct payment *payment)
{
	struct booking_act c = { .id = id,
		                 .who = who,
		                 .act = act_open_payment,
		                 .to = BOOKING__MAX,
		                 .or_to = BOOKING__MAX,
		                 .policy = policy,
		                 .payment = *payment,
		                 .keyed = keyed };
	enum err e = change(pool, ctx, &c, NULL);

	*payment = c.payment;
	return e;
}

enum err
booking_extend(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, const struct actor *who,
               const struct policy *policy, int32_t minutes, struct idempotent *keyed)
{
	struct booking_act c = { .id = id,
		                 .who = who,
		                 .act = act_extend,
		                 .to = BOOKING__MAX,
		                 .or_to = BOOKING__MAX,
		                 .policy = policy,
		                 .minutes = minutes,
		                 .keyed = keyed };

	return change(pool, ctx, &c, NULL);
}

static int
compare_keys(const void *a, const void *b)
{
	const struct booking_key *x = a, *y = b;

	return uuid_compare(&x->id, &y->id);
}

enum err
booking_expire(struct db *db, TALLOC_CTX *ctx, struct booking_key *keys, size_t n,
               int32_t paying_min)
{
	struct locked_booking *bookings;
	enum err e;

	/* A booking is expired once, however many requests want its seats. */
	n = sort_distinct(keys, n, sizeof(*keys), compare_keys);
	e = booking_lock_lapsed(db, ctx, keys, n, paying_min, &bookings, &n);
	if (e == ERR_OK && n > 0)
		e = booking_end(db, ctx, bookings, n, BOOKING_EXPIRED, "EXPIRED", NULL);
	if (e != ERR_OK || n == 0)
		db_rollback(db);
	return e;
}
