/* The rules of, a function for each type of message. */
#include "core/payment/rules.h"

#include <assert.h>
#include <string.h>

#define ATTEMPTS_MOST        3  /* that may fail, of one booking */
#define REFUND_ATTEMPTS_MOST 20 /* that a provider may refuse: in three days, see UPDATE_REFUND */

/* What was captured, in minor units. */
static int64_t
amount_of(const struct payment_case *c)
{
	assert(c->booking->total_minor >= 0);
	return c->event->amount_minor < 0 ? c->booking->total_minor : c->event->amount_minor;
}

static bool
is_right_amount(const struct payment_case *c)
{
	const char *currency = c->event->currency;

	assert(c->booking->currency != NULL);
	return amount_of(c) == c->booking->total_minor &&
	       (currency == NULL || strcmp(currency, c->booking->currency) == 0);
}

/* Whether the booking is being paid by this payment. */
static bool
is_under_way(const struct payment_case *c)
{
	return c->booking->status == BOOKING_PAYING && c->payment != NULL &&
	       c->payment->status == PAYMENT_PENDING;
}

static bool
is_captured(const struct payment_case *c)
{
	return c->payment != NULL && c->payment->captured_minor >= 0;
}

/* What was given back of a payment that had not been reported yet. */
static int64_t
given_before(const struct payment_case *c)
{
	int64_t sum = 0;

	for (size_t i = 0; c->payment != NULL && i < c->account->n_refunds; i++) {
		const struct refund *r = &c->account->refunds[i];

		if (uuid_equal(&r->payment_id, &c->payment->id))
			sum += r->amount_minor;
	}
	return sum;
}

/* Whether an attempt that fails now was the last. */
static bool
is_last(const struct payment_case *c)
{
	assert(c->booking->attempts >= 0);
	return c->booking->attempts + 1 >= ATTEMPTS_MOST;
}

/* Money for a booking that cannot have it as it is. */
static struct ruling
give_back(const struct payment_case *c, const char *reason)
{
	assert(reason != NULL && !is_captured(c));
	if (!is_under_way(c))
		return (struct ruling){ EFFECT_GIVE_BACK, reason, true };
	return (struct ruling){ is_last(c) ? EFFECT_GIVE_BACK_AND_CANCEL
		                           : EFFECT_GIVE_BACK_AND_RETURN,
		                reason, true };
}

/* Whether a message says no more than that the booking was paid, and money has come before. */
static bool
is_told_already(const struct payment_case *c)
{
	bool captured = false;

	for (size_t i = 0; i < c->account->n_payments; i++)
		captured = captured || c->account->payments[i].captured_minor >= 0;
	return captured && c->event->session == NULL && c->event->gateway_ref == NULL;
}

static struct ruling
rule_succeeded(const struct payment_case *c)
{
	static const struct ruling by_status[BOOKING__MAX] = {
		[BOOKING_REQUESTED] = { EFFECT_GIVE_BACK, "NOT_SEATED", false },
		[BOOKING_PENDING] = { EFFECT_CONFIRM, NULL, false },
		[BOOKING_PAYING] = { EFFECT_CONFIRM, NULL, false },
		[BOOKING_CONFIRMED] = { EFFECT_GIVE_BACK, "ALREADY_PAID", false },
		[BOOKING_CANCELLED] = { EFFECT_GIVE_BACK, "BOOKING_CANCELLED", false },
		[BOOKING_EXPIRED] = { EFFECT_RETAKE, NULL, false },
		[BOOKING_FAILED] = { EFFECT_GIVE_BACK, "NOT_SEATED", false },
		[BOOKING_REFUNDED] = { EFFECT_GIVE_BACK, "ALREADY_REFUNDED", false },
	};
	const struct locked_booking *b = c->booking;

	if (is_captured(c) || is_told_already(c))
		return (struct ruling){ EFFECT_NONE, NULL, false };
	if (given_before(c) > 0) /* even in part: a buyer who has money back has no booking */
		return give_back(c, "REFUNDED_BEFORE");
	if (!is_right_amount(c))
		return give_back(c, "WRONG_AMOUNT");
	if (b->event_status == EVENT_CANCELLED)
		return (struct ruling){ EFFECT_GIVE_BACK, "EVENT_CANCELLED", false };
	/* It was not the buyer who gave up: a payment seemed to fail for good. */
	if (b->status == BOOKING_CANCELLED && b->reason != NULL &&
	    strcmp(b->reason, "PAYMENT_FAILED") == 0)
		return by_status[BOOKING_EXPIRED];
	return by_status[b->status];
}

static struct ruling
rule_failed(const struct payment_case *c)
{
	const enum booking_status s = c->booking->status;

	if (is_captured(c))
		return (struct ruling){ EFFECT_NONE, NULL, false };
	if (c->final && (s == BOOKING_REQUESTED || s == BOOKING_PENDING || s == BOOKING_PAYING))
		return (struct ruling){ EFFECT_CANCEL, "PAYMENT_FAILED", true };
	if (c->final || !is_under_way(c))
		return (struct ruling){ EFFECT_NONE, NULL, false };
	return (struct ruling){ is_last(c) ? EFFECT_CANCEL : EFFECT_RETURN, "PAYMENT_FAILED",
		                true };
}

static struct ruling
rule_expired(const struct payment_case *c)
{
	const struct locked_booking *b = c->booking;

	if (is_captured(c) || !is_under_way(c))
		return (struct ruling){ EFFECT_NONE, NULL, false };
	return (struct ruling){
		b->windowed && b->expires_us <= b->now_us ? EFFECT_EXPIRE : EFFECT_RETURN,
		b->windowed && b->expires_us <= b->now_us ? "EXPIRED" : "SESSION_EXPIRED", false
	};
}

/* Whether it is the whole refund that is done, as far as the message says. */
static bool
is_whole_refund(const struct payment_case *c)
{
	const char *currency = c->event->currency;

	assert(c->refund != NULL && c->refund->currency != NULL);
	return c->event->amount_minor < 0 ||
	       (c->event->amount_minor == c->refund->amount_minor &&
	        (currency == NULL || strcmp(currency, c->refund->currency) == 0));
}

/*
 * Whether an operator has to look what a refund that was not asked for is meant to be: it is in
 * another currency than the payment, or it may stand for a part of a refund that was asked for, and
 * asking for that one again would give too much back.
 */
static bool
is_unclear(const struct payment_case *c)
{
	const struct payment *p = c->payment;
	const bool none_left = account_left(c->account, p) == 0;
	const char *currency = p->captured_currency != NULL ? p->captured_currency : p->currency;

	assert(currency != NULL && p->captured_minor >= 0);
	for (size_t i = 0; i < c->account->n_refunds; i++) {
		const struct refund *r = &c->account->refunds[i];

		if (uuid_equal(&r->payment_id, &p->id) &&
		    (r->status == REFUND_FAILED || (none_left && r->status == REFUND_PENDING)))
			return true;
	}
	return c->event->currency != NULL && strcmp(c->event->currency, currency) != 0;
}

static struct ruling
rule_refunded(const struct payment_case *c)
{
	if (c->refund == NULL && is_captured(c) && is_unclear(c))
		return (struct ruling){ EFFECT_REVIEW, NULL, false };
	if (c->refund == NULL && is_captured(c) && account_left(c->account, c->payment) == 0)
		return (struct ruling){ EFFECT_NONE, NULL,
			                false }; /* it tells again of what is done */
	if (c->refund == NULL)
		return (struct ruling){ EFFECT_GATEWAY_REFUND, GATEWAY_REFUND, false };
	if (c->refund->status == REFUND_COMPLETED)
		return (struct ruling){ EFFECT_NONE, NULL, false };
	return (struct ruling){ is_whole_refund(c) ? EFFECT_REFUNDED : EFFECT_REVIEW, NULL, false };
}

static struct ruling
rule_refund_failed(const struct payment_case *c)
{
	if (c->refund == NULL || c->refund->status != REFUND_PENDING)
		return (struct ruling){ EFFECT_NONE, NULL, false };
	return (struct ruling){ c->refund->attempts + 1 < REFUND_ATTEMPTS_MOST
		                    ? EFFECT_REFUND_LATER
		                    : EFFECT_REFUND_NEVER,
		                NULL, false };
}

struct ruling
payment_rule(const struct payment_case *c)
{
	static struct ruling (*const rules[])(const struct payment_case *) = {
		[PAY_SUCCEEDED] = rule_succeeded,
		[PAY_FAILED] = rule_failed,
		[PAY_EXPIRED] = rule_expired,
		[PAY_REFUNDED] = rule_refunded,
		[PAY_REFUND_FAILED] = rule_refund_failed,
	};

	struct ruling r;

	assert(c->booking != NULL && c->account != NULL && c->event != NULL);
	assert(c->booking->status < BOOKING__MAX);
	assert(c->event->type < sizeof(rules) / sizeof(rules[0]));
	assert(c->payment == NULL || account_payment(c->account, &c->payment->id) != NULL);
	r = rules[c->event->type](c);
	assert(r.effect < EFFECT__MAX);
	/* What is returned, cancelled or given back says why. */
	assert(r.reason != NULL || r.effect < EFFECT_GIVE_BACK || r.effect > EFFECT_EXPIRE);
	return r;
}
