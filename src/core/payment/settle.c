#include "core/payment/settle.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/shared.h"
#include "core/booking/booking_change.h"
#include "core/booking/ticket_reference.h"
#include "core/journal/payload.h"
#include "store/param.h"
#include "store/transact.h"

#define GRACE_US                                                                                   \
	(5 * 60 * US_PER_S) /* at least so long a window is after an attempt that failed (R-25) */
#define PROVIDER "gateway"  /* of payments that we did not begin */

/* A message being settled. */
struct settling {
	struct db *db;
	TALLOC_CTX *ctx;
	const struct policy *policy;
	struct payment_message *message;
	struct locked_booking booking;
	struct account account;
	struct payment payment; /* that it is about, as it shall be */
	bool is_new;            /* which we did not know */
	bool is_named;          /* whose reference we did not know */
	const struct refund *refund;
	struct ruling ruling;
	struct changeset moves;
};

/* Finds out what a message is about, and rules. */
static void
judge(struct settling *s)
{
	const struct pay_event *ev = &s->message->event;
	const char *session = payment_match_has_session(&s->account, ev->session) ? NULL
	                                                                          : ev->session;
	const struct payment *p = payment_match_payment(&s->account, ev);
	struct payment_case c = { .booking = &s->booking,
		                  .account = &s->account,
		                  .payment = p,
		                  .event = ev,
		                  .final = s->message->final };

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
note(struct settling *s, const char *type, const char *payload)
{
	changeset_note(&s->moves, &s->booking, type, s->message->correlation_id, payload);
}

static void
store_payment(struct settling *s)
{
	(s->is_new ? changeset_add_payment : changeset_set_payment)(&s->moves, &s->booking,
	                                                            &s->payment);
	s->is_new = false;
}

/* The provider has taken the money. */
static void
capture(struct settling *s, const char *trouble)
{
	const struct pay_event *ev = &s->message->event;
	struct payment *p = &s->payment;

	p->status = PAYMENT_COMPLETED;
	p->captured_minor = ev->amount_minor < 0 ? s->booking.total_minor : ev->amount_minor;
	p->captured_currency = ev->currency == NULL ? s->booking.currency : ev->currency;
	p->trouble = trouble;
}

static void
confirm(struct settling *s, bool again)
{
	char *ticket = talloc_array(s->ctx, char, TICKET_REFERENCE_TEXT);

	capture(s, NULL);
	store_payment(s);
	booking_assert_confirms(&s->booking, again);
	changeset_confirm(&s->moves, &s->booking, ticket_reference_new(ticket), again);
	note(s, "booking.confirmed", payload_confirmed(s->ctx, &s->booking, ticket));
}

static void
return_booking(struct settling *s)
{
	struct locked_booking *b = &s->booking;
	int64_t until_us = b->expires_us;

	if (b->windowed && s->ruling.failed && until_us < b->now_us + GRACE_US)
		until_us = b->now_us + GRACE_US;
	booking_assert_moves(b, 1, BOOKING_PENDING);
	changeset_return(&s->moves, b, 1, s->ruling.failed, &until_us);
	note(s, "booking.payment_failed",
	     payload_returned(s->ctx, b, s->ruling.reason, b->attempts + (s->ruling.failed ? 1 : 0),
	                      until_us));
}

/* Money that the booking cannot have goes back, all of it. */
static void
give_back(struct settling *s)
{
	char booking[UUID_TEXT], payment[UUID_TEXT];
	struct refund_write refund;
	size_t n;

	capture(s, s->ruling.reason);
	s->payment.status = PAYMENT_REFUNDED;
	store_payment(s);
	n = refund_plan_payment(&s->booking, &s->account, &s->payment, s->ruling.reason, &refund);
	refund_store(&s->moves, &refund, n, s->message->correlation_id);
	log_line(LOG_WARN, "a payment is given back", "reason", s->ruling.reason, "booking",
	         uuid_text(&s->booking.id, booking), "payment", uuid_text(&s->payment.id, payment),
	         "source", s->message->source, "message", s->message->event.id, NULL);
}

static void
end(struct settling *s, enum booking_status to, const char *type)
{
	booking_assert_moves(&s->booking, 1, to);
	changeset_end(&s->moves, &s->booking, 1, to, s->ruling.reason, NULL);
	note(s, type, payload_ended(s->ctx, &s->booking, s->ruling.reason));
}

/* The state of a payment that came to nothing. */
static void
close_payment(struct settling *s)
{
	const enum pay_event_type type = s->message->event.type;

	if (s->payment.status != PAYMENT_PENDING || s->is_new)
		return;
	s->payment.status = type == PAY_EXPIRED ? PAYMENT_EXPIRED : PAYMENT_FAILED;
	store_payment(s);
}

/* A refund's own row, and the journal's when it is done. */
static void
set_refund(struct settling *s, enum refund_status status)
{
	const struct refund *r = s->refund;
	const struct pay_event *ev = &s->message->event;
	const bool refused = ev->type == PAY_REFUND_FAILED;
	const struct refund_write write = { .booking = &s->booking,
		                            .id = r->id,
		                            .payment_id = r->payment_id,
		                            .amount_minor = r->amount_minor,
		                            .currency = r->currency,
		                            .reason = r->reason };

	changeset_call(&s->moves,
	               (struct call){ STMT_UPDATE_REFUND,
	                              { param_int(s->ctx, s->booking.event_id),
	                                param_uuid(s->ctx, &r->id), refund_status_name(status),
	                                ev->gateway_ref != NULL ? ev->gateway_ref : ev->refund_name,
	                                param_int(s->ctx, r->attempts + (refused ? 1 : 0)) } });
	if (status == REFUND_COMPLETED)
		note(s, "refund.completed", payload_refund(s->ctx, &write));
}

/* Says which refund was refused, and whose money it is. */
static void
log_refused(const struct settling *s, enum log_level level, const char *what)
{
	const struct refund *r = s->refund;
	char refund[UUID_TEXT], booking[UUID_TEXT], amount[MONEY_TEXT];

	log_line(level, what, "refund", uuid_text(&r->id, refund), "booking",
	         uuid_text(&s->booking.id, booking), "amount",
	         money_text(r->amount_minor, r->currency, amount), "currency", r->currency,
	         "refused", log_int(r->attempts + 1), NULL);
}

/*
 * The gateway gave money back on its own: a charge-back, say, or somebody at its desk. Whoever has
 * got his money back has no booking any more.
 */
static void
take_note_of_refund(struct settling *s)
{
	const struct pay_event *ev = &s->message->event;
	struct payment *p = &s->payment;
	struct locked_booking *b = &s->booking;
	const int64_t left = account_left(&s->account, p);
	struct refund_write w = { .booking = b,
		                  .id = ev->has_refund ? ev->refund_id : uuid_of_event(b->event_id),
		                  .payment_id = p->id,
		                  .status = REFUND_COMPLETED,
		                  .reason = s->ruling.reason,
		                  .gateway_ref = ev->gateway_ref };

	if (w.gateway_ref == NULL)
		w.gateway_ref = ev->refund_name;
	w.currency = p->captured_currency != NULL ? p->captured_currency : p->currency;
	w.amount_minor = ev->amount_minor > 0 ? ev->amount_minor
	                 : left > 0           ? left
	                                      : p->amount_minor;
	if (p->captured_minor >= 0 && w.amount_minor > left)
		w.amount_minor = left; /* no more than that can have been ours */
	if (w.amount_minor <= 0)
		return;
	if (p->captured_minor >= 0)
		p->status = PAYMENT_REFUNDED;
	store_payment(s);
	changeset_add_refunds(&s->moves, &w, 1);
	note(s, "refund.completed", payload_refund(s->ctx, &w));
	if (p->captured_minor < 0 || p->trouble != NULL) /* not what pays for the booking */
		return;
	const int64_t kept = left - w.amount_minor;

	if (b->status == BOOKING_CONFIRMED) {
		booking_assert_moves(b, 1, BOOKING_REFUNDED);
		changeset_end(&s->moves, b, 1, BOOKING_REFUNDED, s->ruling.reason, &kept);
		note(s, "booking.refunded",
		     payload_refunded(s->ctx, b, s->ruling.reason, NULL, w.amount_minor, kept));
	} else if (b->status == BOOKING_CANCELLED || b->status == BOOKING_REFUNDED) {
		changeset_keep_less(&s->moves, b, kept);
	}
}

static void
write_effect(struct settling *s)
{
	switch (s->ruling.effect) {
	case EFFECT_NONE:
		if (s->message->event.type == PAY_FAILED || s->message->event.type == PAY_EXPIRED)
			close_payment(s);
		else if (s->is_named)
			store_payment(s);
		break;
	case EFFECT_CONFIRM:
	case EFFECT_RETAKE:
		confirm(s, s->ruling.effect == EFFECT_RETAKE);
		break;
	case EFFECT_GIVE_BACK:
		give_back(s);
		break;
	case EFFECT_GIVE_BACK_AND_RETURN:
		give_back(s);
		return_booking(s);
		break;
	case EFFECT_GIVE_BACK_AND_CANCEL:
		give_back(s);
		s->ruling.reason = "PAYMENT_FAILED";
		end(s, BOOKING_CANCELLED, "booking.cancelled");
		break;
	case EFFECT_RETURN:
		close_payment(s);
		return_booking(s);
		break;
	case EFFECT_CANCEL:
		close_payment(s);
		end(s, BOOKING_CANCELLED, "booking.cancelled");
		break;
	case EFFECT_EXPIRE:
		close_payment(s);
		end(s, BOOKING_EXPIRED, "booking.expired");
		break;
	case EFFECT_REFUNDED:
		set_refund(s, REFUND_COMPLETED);
		break;
	case EFFECT_REFUND_LATER:
		set_refund(s, REFUND_PENDING);
		log_refused(s, LOG_WARN, "a refund was refused, and is asked for again");
		break;
	case EFFECT_REFUND_NEVER:
		set_refund(s, REFUND_FAILED);
		log_refused(s, LOG_ERROR, "a refund was refused for good: see rowlockctl refund");
		break;
	case EFFECT_GATEWAY_REFUND:
		take_note_of_refund(s);
		break;
	case EFFECT_REVIEW:
		break;
	}
}

/* --- seats that are taken again --- */

/* Whether a seat of SEAT_FACTS is the booking's if it wants it; *owner: once that one has expired. */
static bool
is_free(const struct rows *rows, int r, const char *user_id, struct booking_key *owner,
        bool *expired)
{
	const enum seat_status status = seat_status_parse(row_text(rows, r, 2));
	const bool lapsed = row_bool(rows, r, 4);

	*expired = status == SEAT_RESERVED && lapsed;
	if (*expired)
		*owner = (struct booking_key){ row_i32(rows, r, 0), row_uuid(rows, r, 5) };
	return status == SEAT_FREE || *expired ||
	       (status == SEAT_HELD && (lapsed || strcmp(row_text(rows, r, 3), user_id) == 0));
}

/*
 * Locks the seats of a booking that has ended, and looks whether all are free; if so but for
 * owners whose windows have passed, those are expired first: TX_RETRY.
 */
static enum err
look_at_seats(struct settling *s, bool *all_free)
{
	const struct locked_booking *b = &s->booking;
	struct booking_key *owners = talloc_array(s->ctx, struct booking_key, (unsigned)b->n_seats);
	struct array event, no;
	size_t n_owners = 0;
	struct rows *rows;
	enum err e;

	array_init(&event, s->ctx);
	array_init(&no, s->ctx);
	for (size_t i = 0; i < b->n_seats; i++) {
		array_int(&event, b->event_id);
		array_int(&no, b->seats[i]);
	}
	e = db_query(s->db, s->ctx,
	             (struct call){ STMT_LOCK_SEATS, { array_done(&event), array_done(&no) } },
	             &rows);
	if (e != ERR_OK)
		return e;
	*all_free = b->n_seats > 0 && (size_t)rows_count(rows) == b->n_seats;
	for (int r = 0; r < rows_count(rows) && *all_free; r++) {
		bool expired;

		*all_free = is_free(rows, r, b->user_id, &owners[n_owners], &expired);
		n_owners += expired ? 1 : 0;
	}
	if (!*all_free || n_owners == 0)
		return ERR_OK;
	db_rollback(s->db);
	e = booking_expire(s->db, s->ctx, owners, n_owners, s->policy->paying_min);
	return e == ERR_OK ? ERR_TX_RETRY : e;
}

/* --- one message --- */

#define LOOKS 4 /* calls beside those of the account */

/* Whether what rows say who owns it is another booking's. */
static bool
is_others(const struct rows *rows, const struct uuid *booking_id)
{
	for (int r = 0; r < rows_count(rows); r++) {
		const struct uuid owner = row_uuid(rows, r, 0);

		if (memcmp(&owner, booking_id, sizeof(owner)) != 0)
			return true;
	}
	return false;
}

static enum err
lock_case(struct settling *s, bool *before)
{
	const struct pay_event *ev = &s->message->event;
	const struct booking_key key = { uuid_event(&ev->booking_id), ev->booking_id };
	const bool is_refund = ev->type == PAY_REFUNDED || ev->type == PAY_REFUND_FAILED;
	const char *payment = is_refund ? NULL : ev->gateway_ref;
	const char *refund = ev->has_refund ? param_uuid(s->ctx, &ev->refund_id) : NULL;
	struct call calls[ACCOUNT_CALLS + LOOKS];
	struct rows *rows[ACCOUNT_CALLS + LOOKS], **looks = rows + ACCOUNT_CALLS;
	enum err e;

	account_calls(s->ctx, &ev->booking_id, calls);
	calls[ACCOUNT_CALLS] = (struct call){ STMT_IS_PROCESSED, { s->message->source, ev->id } };
	calls[ACCOUNT_CALLS + 1] = (struct call){ STMT_SESSION_OWNER, { PROVIDER, ev->session } };
	calls[ACCOUNT_CALLS + 2] = (struct call){ STMT_SESSION_OWNER, { PROVIDER, payment } };
	calls[ACCOUNT_CALLS + 3] = (struct call){ STMT_REFUND_OWNERS,
		                                  { param_int(s->ctx, key.event_id),
		                                    param_int(s->ctx, uuid_event(&ev->refund_id)),
		                                    refund } };
	e = booking_lock_one(s->db, s->ctx, &key, &s->booking, calls, ACCOUNT_CALLS + LOOKS, rows);
	if (e != ERR_OK)
		return e;
	account_read(s->ctx, rows, &s->account);
	*before = rows_count(looks[0]) > 0;
	for (int i = 1; !*before && i < LOOKS; i++) {
		if (is_others(looks[i], &key.id))
			return ERR_PAYMENT_NOT_FOUND; /* this booking has none of that name */
	}
	return ERR_OK;
}

/*
 * An amount without a currency is in the booking's, or if it is given back in that in which it came;
 * false: it is finer than that, or too large.
 */
static bool
complete_amount(struct settling *s)
{
	struct pay_event *ev = &s->message->event;
	const bool is_refund = ev->type == PAY_REFUNDED || ev->type == PAY_REFUND_FAILED;
	const struct payment *p = is_refund ? payment_match_payment(&s->account, ev) : NULL;
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
	const struct payment_message *message = s->message;
	bool all_free = true;
	enum err e;

	if ((e = lock_case(s, before)) != ERR_OK || *before)
		return e;
	if (!complete_amount(s))
		return ERR_VALIDATION_ERROR;
	judge(s);
	if (s->ruling.effect == EFFECT_REVIEW)
		return ERR_INVALID_STATE;
	if (s->ruling.effect == EFFECT_RETAKE && (e = look_at_seats(s, &all_free)) != ERR_OK)
		return e;
	if (!all_free)
		s->ruling = (struct ruling){ EFFECT_GIVE_BACK, "SEATS_TAKEN", false };
	changeset_init(&s->moves, s->ctx);
	write_effect(s);
	changeset_processed(&s->moves, message->source, message->event.id,
	                    &message->event.booking_id);
	e = changeset_commit(s->db, &s->moves);
	shared_event_changed(s->booking.event_id);
	return e;
}

enum err
payment_settle(struct pool *pool, TALLOC_CTX *ctx, const struct policy *policy,
               const struct payment_message *message, bool *before)
{
	enum err e = ERR_UNAVAILABLE;
	bool seen = false;

	for (int i = 0; i < POOL_ATTEMPTS; i++) {
		struct payment_message own = *message;
		struct settling s = { .ctx = ctx, .policy = policy, .message = &own };

		if ((e = pool_take(pool, &s.db)) != ERR_OK)
			return e;
		e = settle_once(&s, &seen);
		pool_give(pool, s.db);
		if (e != ERR_TX_RETRY && e != ERR_DB_LOST && e != ERR_DB_UNKNOWN)
			break; /* after a COMMIT that was cut off, the message is found to be processed, or not */
	}
	if (e == ERR_OK)
		metrics_count(METRIC_PAYMENT_MESSAGES, seen ? 1 : 0);
	if (before != NULL)
		*before = seen;
	return e;
}

enum err
parked_add(struct pool *pool, TALLOC_CTX *ctx, const struct payment_message *message,
           const char *why, const char *body)
{
	const struct call call = { STMT_PARK_EVENT,
		                   { message->source, message->event.id, why, body } };
	struct rows *rows;

	log_line(LOG_WARN, "a message about a payment is kept for somebody to look at", "source",
	         message->source, "message", message->event.id, "why", why, NULL);
	return transact_read(pool, ctx, &call, 1, &rows); /* which may be done twice */
}
