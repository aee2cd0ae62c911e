/*
 * Settles one message about a payment: locks its booking, finds out which payment or refund it is
 * about (match.h), what it means (rules.h), and writes that, with a mark that it was heard.
 */
#include "core/payment/settle.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/shared.h"
#include "core/booking/booking_move.h"
#include "core/booking/booking_retake.h"
#include "core/booking/refund.h"
#include "core/booking/refund_move.h"
#include "core/booking/ticket_reference.h"
#include "core/payment/match.h"
#include "core/payment/rules.h"
#include "store/transact.h"

#define GRACE_US (5 * 60 * US_PER_S) /* a window lasts so long after an attempt failed */
#define PROVIDER "gateway"           /* of payments that were not begun here */

/* A message being settled, by one try. */
struct settling {
	struct db *db;
	TALLOC_CTX *ctx;
	const struct policy *policy;
	struct payment_message message;
	struct locked_booking booking;
	struct account account;
	struct payment payment; /* that it is about, as it shall be */
	bool is_new;            /* … which was not known */
	bool is_named;          /* … whose reference was not known */
	const struct refund *refund;
	struct ruling ruling;
	struct changeset changes;
};

/* Finds out what a message is about, and rules. */
static void
judge(struct settling *s)
{
	const struct pay_event *ev = &s->message.event;
	const char *session = payment_match_has_session(&s->account, ev->session) ? NULL
	                                                                          : ev->session;
	const struct payment *p = payment_match_payment(&s->account, ev);
	struct payment_case c = { .booking = &s->booking,
		                  .account = &s->account,
		                  .payment = p,
		                  .event = ev,
		                  .final = s->message.final };

	c.refund = s->refund = payment_match_refund(&s->account, ev, p);
	s->ruling = payment_rule(&c);
	s->is_new = p == NULL;
	if (p != NULL)
		s->payment = *p;
	else
		s->payment = (struct payment){ .id = uuid_of_event(s->booking.event_id),
			                       .provider = PROVIDER,
			                       .session = session,
			                       .amount_minor = s->booking.total_minor,
			                       .currency = s->booking.currency,
			                       .status = PAYMENT_PENDING,
			                       .captured_minor = -1,
			                       .expires_us = -1 };
	s->payment.gateway_ref = payment_match_reference(&s->payment, ev);
	s->is_named = p != NULL && p->gateway_ref == NULL && s->payment.gateway_ref != NULL;
}

/* --- what is written --- */

static void
store_payment(struct settling *s)
{
	assert(s->payment.provider != NULL && s->payment.currency != NULL);
	(s->is_new ? changeset_add_payment : changeset_set_payment)(&s->changes, &s->booking,
	                                                            &s->payment);
	s->is_new = false;
}

/* The provider has taken the money. trouble: why it does not pay for the booking, or NULL. */
static void
capture(struct settling *s, const char *trouble)
{
	const struct pay_event *ev = &s->message.event;
	struct payment *p = &s->payment;

	assert(p->captured_minor < 0);
	p->status = trouble == NULL ? PAYMENT_COMPLETED : PAYMENT_REFUNDED;
	p->captured_minor = ev->amount_minor < 0 ? s->booking.total_minor : ev->amount_minor;
	p->captured_currency = ev->currency == NULL ? s->booking.currency : ev->currency;
	p->trouble = trouble;
	store_payment(s);
}

/* A payment that came to nothing is closed, if it was under way. */
static void
close_payment(struct settling *s)
{
	const enum pay_event_type type = s->message.event.type;

	if (s->payment.status != PAYMENT_PENDING || s->is_new)
		return;
	s->payment.status = type == PAY_EXPIRED ? PAYMENT_EXPIRED : PAYMENT_FAILED;
	store_payment(s);
}

static void
write_nothing(struct settling *s)
{
	const enum pay_event_type type = s->message.event.type;

	if (type == PAY_FAILED || type == PAY_EXPIRED)
		close_payment(s);
	else if (s->is_named)
		store_payment(s);
}

static void
write_confirm(struct settling *s)
{
	char *ticket = talloc_array(s->ctx, char, TICKET_REFERENCE_TEXT);

	capture(s, NULL);
	booking_move_confirm(&s->changes, &s->booking, ticket_reference_new(ticket));
}

static void
write_retake(struct settling *s)
{
	char *ticket = talloc_array(s->ctx, char, TICKET_REFERENCE_TEXT);

	capture(s, NULL);
	booking_move_retake(&s->changes, &s->booking, ticket_reference_new(ticket));
}

static void
return_booking(struct settling *s)
{
	const struct locked_booking *b = &s->booking;
	int64_t until_us = b->expires_us;

	assert(b->status == BOOKING_PAYING && s->ruling.reason != NULL);
	if (b->windowed && s->ruling.failed && until_us < b->now_us + GRACE_US)
		until_us = b->now_us + GRACE_US;
	booking_move_return(&s->changes, b, 1, s->ruling.reason, s->ruling.failed, &until_us);
}

/* Money that the booking cannot have goes back, all of it. */
static void
write_give_back(struct settling *s)
{
	char booking[UUID_TEXT], payment[UUID_TEXT];
	struct refund_write refund;

	assert(s->ruling.reason != NULL);
	capture(s, s->ruling.reason);
	if (refund_plan_payment(&s->booking, &s->account, &s->payment, s->ruling.reason, &refund))
		refund_move_request(&s->changes, &refund, 1);
	log_line(LOG_WARN, "a payment is given back", "reason", s->ruling.reason, "booking",
	         uuid_text(&s->booking.id, booking), "payment", uuid_text(&s->payment.id, payment),
	         "source", s->message.source, "message", s->message.event.id, NULL);
}

static void
write_give_back_and_return(struct settling *s)
{
	write_give_back(s);
	return_booking(s);
}

static void
write_give_back_and_cancel(struct settling *s)
{
	write_give_back(s);
	booking_move_cancel(&s->changes, &s->booking, 1, "PAYMENT_FAILED");
}

static void
write_return(struct settling *s)
{
	close_payment(s);
	return_booking(s);
}

static void
write_cancel(struct settling *s)
{
	close_payment(s);
	booking_move_cancel(&s->changes, &s->booking, 1, s->ruling.reason);
}

static void
write_expire(struct settling *s)
{
	close_payment(s);
	booking_move_expire(&s->changes, &s->booking, 1);
}

/* What the provider calls a refund. */
static const char *
refund_reference(const struct pay_event *ev)
{
	return ev->gateway_ref != NULL ? ev->gateway_ref : ev->refund_name;
}

static void
write_refunded(struct settling *s)
{
	assert(s->refund != NULL);
	refund_move_complete(&s->changes, &s->booking, s->refund,
	                     refund_reference(&s->message.event));
}

/* Writes that a refund was refused, and says which, and how much the buyer waits for. */
static void
refuse(struct settling *s, bool final, enum log_level level, const char *what)
{
	const struct refund *r = s->refund;
	char refund[UUID_TEXT], booking[UUID_TEXT], amount[MONEY_TEXT];

	assert(r != NULL);
	refund_move_refuse(&s->changes, &s->booking, r, refund_reference(&s->message.event), final);
	log_line(level, what, "refund", uuid_text(&r->id, refund), "booking",
	         uuid_text(&s->booking.id, booking), "amount",
	         money_text(r->amount_minor, r->currency, amount), "currency", r->currency,
	         "refused", log_int(r->attempts + 1), NULL);
}

static void
write_refund_later(struct settling *s)
{
	refuse(s, false, LOG_WARN, "a refund was refused, and is asked for again");
}

static void
write_refund_never(struct settling *s)
{
	refuse(s, true, LOG_ERROR, "a refund was refused for good: see rowlockctl refund");
}

/* How much a refund that the provider made by itself is: no more than was left. */
static int64_t
found_amount(const struct settling *s, int64_t left)
{
	const struct payment *p = &s->payment;
	const int64_t told = s->message.event.amount_minor;
	int64_t amount = told > 0 ? told : left > 0 ? left : p->amount_minor;

	assert(left >= 0 && (left == 0 || p->captured_minor >= left));
	return p->captured_minor >= 0 && amount > left ? left : amount;
}

/*
 * The gateway gave money back on its own: a charge-back, say, or one made at its desk. A buyer
 * who has got the money back has no booking any more.
 */
static void
write_gateway_refund(struct settling *s)
{
	const struct pay_event *ev = &s->message.event;
	struct payment *p = &s->payment;
	const struct locked_booking *b = &s->booking;
	const int64_t left = account_left(&s->account, p), amount = found_amount(s, left);
	const struct refund_write found = {
		.booking = b,
		.id = ev->has_refund ? ev->refund_id : uuid_of_event(b->event_id),
		.payment_id = p->id,
		.amount_minor = amount,
		.currency = p->captured_currency != NULL ? p->captured_currency : p->currency,
		.status = REFUND_COMPLETED,
		.reason = s->ruling.reason,
		.gateway_ref = refund_reference(ev)
	};
	const int64_t kept = left - amount;

	if (amount <= 0)
		return;
	if (p->captured_minor >= 0)
		p->status = PAYMENT_REFUNDED;
	store_payment(s);
	refund_move_found(&s->changes, &found);
	if (p->captured_minor < 0 || p->trouble != NULL) /* not what pays for the booking */
		return;
	if (b->status == BOOKING_CONFIRMED)
		booking_move_refund(&s->changes, b, 1, &amount, &kept, s->ruling.reason, NULL);
	else if (b->status == BOOKING_CANCELLED || b->status == BOOKING_REFUNDED)
		booking_move_keep_less(&s->changes, b, kept);
}

/* EFFECT_REVIEW writes nothing: the message is refused before. */
static void (*const effects[EFFECT__MAX])(struct settling *s) = {
	[EFFECT_NONE] = write_nothing,
	[EFFECT_CONFIRM] = write_confirm,
	[EFFECT_RETAKE] = write_retake,
	[EFFECT_GIVE_BACK] = write_give_back,
	[EFFECT_GIVE_BACK_AND_RETURN] = write_give_back_and_return,
	[EFFECT_GIVE_BACK_AND_CANCEL] = write_give_back_and_cancel,
	[EFFECT_RETURN] = write_return,
	[EFFECT_CANCEL] = write_cancel,
	[EFFECT_EXPIRE] = write_expire,
	[EFFECT_REFUNDED] = write_refunded,
	[EFFECT_REFUND_LATER] = write_refund_later,
	[EFFECT_REFUND_NEVER] = write_refund_never,
	[EFFECT_GATEWAY_REFUND] = write_gateway_refund,
};

/* --- one message --- */

/* Calls beside those of the account. The last three say whose something is. */
enum look { LOOK_PROCESSED, LOOK_SESSION, LOOK_REFERENCE, LOOK_REFUND, LOOK__MAX };

static_assert((int)SESSION_OWNER_BOOKING == (int)REFUND_OWNERS_BOOKING, "is_others reads both");

/* Whether what is looked for is another booking's. */
static bool
is_others(const struct rows *rows, const struct uuid *booking_id)
{
	for (int r = 0; r < rows_count(rows); r++) {
		const struct uuid owner = row_uuid(rows, r, SESSION_OWNER_BOOKING);

		if (!uuid_equal(&owner, booking_id))
			return true;
	}
	return false;
}

/* Locks the booking, reads its account, and finds out whether the message was heard before. */
static enum err
lock_case(struct settling *s, bool *before)
{
	const struct pay_event *ev = &s->message.event;
	const struct booking_key key = { uuid_event(&ev->booking_id), ev->booking_id };
	const char *payment = payment_match_is_refund(ev) ? NULL : ev->gateway_ref;
	const char *refund = ev->has_refund ? param_uuid(s->ctx, &ev->refund_id) : NULL;
	struct call calls[ACCOUNT_CALLS + LOOK__MAX], *looks = calls + ACCOUNT_CALLS;
	struct rows *rows[ACCOUNT_CALLS + LOOK__MAX], **found = rows + ACCOUNT_CALLS;
	enum err e;

	static_assert(ACCOUNT_CALLS + LOOK__MAX <= LOCK_EXTRA_MOST, "one round trip");
	account_calls(s->ctx, &ev->booking_id, calls);
	looks[LOOK_PROCESSED] = (struct call){ STMT_IS_PROCESSED, { s->message.source, ev->id } };
	looks[LOOK_SESSION] = (struct call){ STMT_SESSION_OWNER, { PROVIDER, ev->session } };
	looks[LOOK_REFERENCE] = (struct call){ STMT_SESSION_OWNER, { PROVIDER, payment } };
	looks[LOOK_REFUND] = (struct call){ STMT_REFUND_OWNERS,
		                            { param_int(s->ctx, key.event_id),
		                              param_int(s->ctx, uuid_event(&ev->refund_id)),
		                              refund } };
	e = booking_lock_one(s->db, s->ctx, &key, &s->booking, calls, ACCOUNT_CALLS + LOOK__MAX,
	                     rows);
	if (e != ERR_OK)
		return e;
	assert(uuid_equal(&s->booking.id, &key.id));
	account_read(s->ctx, rows, &s->account);
	*before = rows_count(found[LOOK_PROCESSED]) > 0;
	for (int i = LOOK_SESSION; !*before && i < LOOK__MAX; i++) {
		if (is_others(found[i], &key.id))
			return ERR_PAYMENT_NOT_FOUND; /* this booking has none of that name */
	}
	return ERR_OK;
}

/*
 * An amount without a currency is in the booking's, or if it is given back in that in which it
 * came; false: it is finer than that, or too large.
 */
static bool
complete_amount(struct settling *s)
{
	struct pay_event *ev = &s->message.event;
	const struct payment *p = payment_match_is_refund(ev)
	                              ? payment_match_payment(&s->account, ev)
	                              : NULL;
	const char *currency = s->booking.currency;

	if (ev->currency != NULL)
		currency = ev->currency;
	else if (p != NULL && p->captured_currency != NULL)
		currency = p->captured_currency;
	return ev->amount_major < 0 ||
	       money_sum_to_minor(ev->amount_major, currency, &ev->amount_minor);
}

static enum err
settle_once(struct settling *s, bool *before)
{
	const struct pay_event *ev = &s->message.event;
	bool all_free = true;
	enum err e;

	if ((e = lock_case(s, before)) != ERR_OK || *before)
		return e;
	if (!complete_amount(s))
		return ERR_VALIDATION_ERROR;
	judge(s);
	if (s->ruling.effect == EFFECT_REVIEW)
		return ERR_INVALID_STATE;
	if (s->ruling.effect == EFFECT_RETAKE &&
	    (e = booking_retake_check(s->db, s->ctx, &s->booking, s->policy->paying_min,
	                              &all_free)) != ERR_OK)
		return e;
	if (!all_free) /* only a retake looks */
		s->ruling = (struct ruling){ EFFECT_GIVE_BACK, "SEATS_TAKEN", false };
	changeset_init(&s->changes, s->ctx, s->message.correlation_id);
	assert(effects[s->ruling.effect] != NULL);
	effects[s->ruling.effect](s);
	changeset_processed(&s->changes, s->message.source, ev->id, &ev->booking_id);
	e = changeset_commit(s->db, &s->changes);
	shared_event_changed(s->booking.event_id);
	return e;
}

/* What payment_settle was given. */
struct settle_args {
	const struct policy *policy;
	const struct payment_message *message;
	bool before; /* set */
};

static enum err
run(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct settle_args *args = arg;
	struct settling s = {
		.db = db, .ctx = ctx, .policy = args->policy, .message = *args->message
	};

	return settle_once(&s, &args->before);
}

enum err
payment_settle(struct pool *pool, TALLOC_CTX *ctx, const struct policy *policy,
               const struct payment_message *message, bool *before)
{
	struct settle_args args = { .policy = policy, .message = message };
	/* After a COMMIT that was cut off, the message is found to be processed, or not. */
	const struct transaction t = { .run = run, .resolve = transact_again, .arg = &args };
	enum err e;

	assert(message->event.has_booking);
	assert(message->source != NULL && message->event.id != NULL);
	if ((e = transact(pool, ctx, &t)) == ERR_OK)
		metrics_count(METRIC_PAYMENT_MESSAGES, args.before ? 1 : 0);
	if (before != NULL)
		*before = args.before;
	return e;
}
