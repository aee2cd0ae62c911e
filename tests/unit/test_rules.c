/*
 * What a message about a payment means for its booking: the table below
 * says it in words, and is compared with payment_rule in every combination of what it looks at.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/booking/booking_state.h"
#include "core/payment/rules.h"

#define TOTAL INT64_C(15050)
#define NOW   INT64_C(1700000000000000)
#define A_MIN INT64_C(60000000)

/* What is known of the payment that a message is about. */
enum known { UNKNOWN, UNDER_WAY, CLOSED, CAPTURED, KNOWN__MAX };

/* Why a booking was cancelled. */
enum ended { BY_BUYER, BY_FAILURE, ENDED__MAX };

/* What a message says of the money. */
static const struct sum {
	int64_t minor;
	const char *currency;
	bool right;
} sums[] = {
	{ -1, NULL, true },      { TOTAL, NULL, true },       { TOTAL, "EUR", true },
	{ -1, "EUR", true },     { TOTAL + 1, "EUR", false }, { TOTAL - 1, "EUR", false },
	{ TOTAL, "USD", false }, { -1, "USD", false },        { TOTAL / 100, NULL, false },
	{ 0, "EUR", false },     { 0, NULL, false },
};
#define N_SUMS (sizeof(sums) / sizeof(sums[0]))

/* Money that comes for a booking in this state, in full, of a payment that was not captured yet. */
static const struct {
	enum effect effect;
	const char *reason;
} paid[BOOKING__MAX][ENDED__MAX] = {
	[BOOKING_REQUESTED] = { { EFFECT_GIVE_BACK, "NOT_SEATED" },
	                        { EFFECT_GIVE_BACK, "NOT_SEATED" } },
	[BOOKING_PENDING] = { { EFFECT_CONFIRM, NULL }, { EFFECT_CONFIRM, NULL } },
	[BOOKING_PAYING] = { { EFFECT_CONFIRM, NULL }, { EFFECT_CONFIRM, NULL } },
	[BOOKING_CONFIRMED] = { { EFFECT_GIVE_BACK, "ALREADY_PAID" },
	                        { EFFECT_GIVE_BACK, "ALREADY_PAID" } },
	[BOOKING_CANCELLED] = { { EFFECT_GIVE_BACK, "BOOKING_CANCELLED" },
	                        { EFFECT_RETAKE, NULL } },
	[BOOKING_EXPIRED] = { { EFFECT_RETAKE, NULL }, { EFFECT_RETAKE, NULL } },
	[BOOKING_FAILED] = { { EFFECT_GIVE_BACK, "NOT_SEATED" },
	                     { EFFECT_GIVE_BACK, "NOT_SEATED" } },
	[BOOKING_REFUNDED] = { { EFFECT_GIVE_BACK, "ALREADY_REFUNDED" },
	                       { EFFECT_GIVE_BACK, "ALREADY_REFUNDED" } },
};

/* Whether a payment that failed for good ends a booking in this state. */
static const bool ends[BOOKING__MAX] = {
	[BOOKING_REQUESTED] = true,
	[BOOKING_PENDING] = true,
	[BOOKING_PAYING] = true,
};

static struct locked_booking booking;
static struct account account;
static struct payment payment;
static struct refund refund;
static struct pay_event event;
static struct payment_case c;

/* A booking of 150.50 EUR whose window lasts another minute, and a payment. */
static void
arrange(enum booking_status status, enum ended ended, enum known known)
{
	static const enum payment_status states[KNOWN__MAX] = { PAYMENT__MAX, PAYMENT_PENDING,
		                                                PAYMENT_FAILED, PAYMENT_COMPLETED };

	booking = (struct locked_booking){ .status = status,
		                           .windowed = true,
		                           .total_minor = TOTAL,
		                           .currency = "EUR",
		                           .expires_us = NOW + A_MIN,
		                           .now_us = NOW,
		                           .event_status = EVENT_ON_SALE };
	if (status == BOOKING_CANCELLED)
		booking.reason = ended == BY_FAILURE ? "PAYMENT_FAILED" : "USER_CANCELLED";
	payment = (struct payment){ .id = { { 1 } },
		                    .amount_minor = TOTAL,
		                    .currency = "EUR",
		                    .status = states[known],
		                    .captured_minor = known == CAPTURED ? TOTAL : -1 };
	account = (struct account){ .payments = &payment, .n_payments = known == UNKNOWN ? 0 : 1 };
	event = (struct pay_event){
		.id = "e", .has_booking = true, .amount_minor = -1, .amount_major = -1
	};
	c = (struct payment_case){ .booking = &booking,
		                   .account = &account,
		                   .event = &event,
		                   .payment = known == UNKNOWN ? NULL : &payment };
}

/* Goes through everything that a ruling on a payment may depend on, in every combination. */
static void
for_each(enum pay_event_type type,
         void (*check)(enum booking_status, enum ended, enum known, const struct sum *))
{
	for (int s = 0; s < BOOKING__MAX; s++) {
		for (int e = 0; e < ENDED__MAX; e++) {
			for (int k = 0; k < KNOWN__MAX; k++) {
				for (size_t i = 0; i < N_SUMS * 2; i++) {
					arrange((enum booking_status)s, (enum ended)e,
					        (enum known)k);
					event.type = type;
					event.amount_minor = sums[i / 2].minor;
					event.currency = sums[i / 2].currency;
					c.final = i % 2 == 1;
					check((enum booking_status)s, (enum ended)e, (enum known)k,
					      &sums[i / 2]);
				}
			}
		}
	}
}

/* What an effect makes of a booking is a legal move, or one of the two that R-42 adds. */
static void
must_be_legal(enum effect effect)
{
	static const enum booking_status to[] = {
		[EFFECT_CONFIRM] = BOOKING_CONFIRMED,
		[EFFECT_GIVE_BACK_AND_RETURN] = BOOKING_PENDING,
		[EFFECT_RETURN] = BOOKING_PENDING,
		[EFFECT_GIVE_BACK_AND_CANCEL] = BOOKING_CANCELLED,
		[EFFECT_CANCEL] = BOOKING_CANCELLED,
		[EFFECT_EXPIRE] = BOOKING_EXPIRED,
	};
	const bool moves = effect < sizeof(to) / sizeof(to[0]) && to[effect] != BOOKING_REQUESTED;

	if (effect == EFFECT_RETAKE ? !booking_state_may_retake(booking.status)
	                            : moves && !booking_state_may_move(booking.status, to[effect]))
		fail_msg("effect %d moves a booking that is %s", (int)effect,
		         booking_status_name(booking.status));
}

static void
must_be(struct ruling got, enum effect effect, const char *reason, bool failed)
{
	const char *known = c.payment == NULL ? "unknown" : payment_status_name(payment.status);

	must_be_legal(got.effect);
	if (got.effect == effect && (got.reason == NULL) == (reason == NULL) &&
	    (reason == NULL || strcmp(got.reason, reason) == 0) && got.failed == failed)
		return;
	print_error("%s booking, %s payment, %sfinal, %lld %s, event %s, message of type %d\n",
	            booking_status_name(booking.status), known, c.final ? "" : "not ",
	            (long long)event.amount_minor, event.currency == NULL ? "" : event.currency,
	            event_status_name(booking.event_status), (int)event.type);
	fail_msg("effect %d %s %d, not %d %s %d", (int)got.effect,
	         got.reason == NULL ? "" : got.reason, got.failed, (int)effect,
	         reason == NULL ? "" : reason, failed);
}

static void
nothing(void)
{
	must_be(payment_rule(&c), EFFECT_NONE, NULL, false);
}

/* Whether the booking waits for this very payment. */
static bool
waits(enum booking_status s, enum known k)
{
	return s == BOOKING_PAYING && k == UNDER_WAY;
}

/* Money that cannot be had goes back; a booking that waited for it waits for another payment. */
static void
goes_back(enum booking_status s, enum known k, const char *reason)
{
	for (booking.attempts = 0; booking.attempts < 4; booking.attempts++)
		must_be(payment_rule(&c),
		        !waits(s, k)           ? EFFECT_GIVE_BACK
		        : booking.attempts < 2 ? EFFECT_GIVE_BACK_AND_RETURN
		                               : EFFECT_GIVE_BACK_AND_CANCEL,
		        reason, true);
	booking.attempts = 0;
}

static void
check_paid(enum booking_status s, enum ended e, enum known k, const struct sum *sum)
{
	if (k == CAPTURED)
		nothing();
	else if (!sum->right)
		goes_back(s, k, "WRONG_AMOUNT");
	else
		must_be(payment_rule(&c), paid[s][e].effect, paid[s][e].reason, false);
}

static void
test_success_in_every_state(void **state)
{
	(void)state;
	for_each(PAY_SUCCEEDED, check_paid);
}

static void
check_cancelled_event(enum booking_status s, enum ended e, enum known k, const struct sum *sum)
{
	(void)e;
	booking.event_status = EVENT_CANCELLED;
	if (k == CAPTURED)
		nothing();
	else if (!sum->right)
		goes_back(s, k, "WRONG_AMOUNT");
	else
		must_be(payment_rule(&c), EFFECT_GIVE_BACK, "EVENT_CANCELLED", false);
}

static void
test_success_for_a_cancelled_event_is_never_kept(void **state)
{
	(void)state;
	for_each(PAY_SUCCEEDED, check_cancelled_event);
}

static void
test_success_in_other_events(void **state)
{
	static const enum event_status others[] = { EVENT_DRAFT, EVENT_CLOSED };

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		arrange(BOOKING_PENDING, BY_BUYER, UNKNOWN);
		booking.event_status = others[i];
		event.type = PAY_SUCCEEDED;
		must_be(payment_rule(&c), EFFECT_CONFIRM, NULL, false);
	}
}

/* A pending booking whose window has passed still has its seats, and is asked for by nobody yet. */
static void
test_success_after_the_window_but_before_the_expiry(void **state)
{
	(void)state;
	arrange(BOOKING_PENDING, BY_BUYER, UNKNOWN);
	booking.lapsed = true;
	booking.expires_us = NOW - A_MIN;
	event.type = PAY_SUCCEEDED;
	must_be(payment_rule(&c), EFFECT_CONFIRM, NULL, false);
}

static void
check_refunded_before(enum booking_status s, enum ended e, enum known k, const struct sum *sum)
{
	const int64_t captured = sum->minor < 0 ? TOTAL : sum->minor;

	(void)e;
	account.refunds = &refund;
	account.n_refunds = 1;
	refund = (struct refund){ .payment_id = payment.id,
		                  .amount_minor = captured,
		                  .currency = "EUR",
		                  .status = REFUND_COMPLETED };
	if (k == CAPTURED)
		nothing();
	else if (k == UNKNOWN || captured == 0) /* nothing can have been given back of it */
		check_paid(s, e, k, sum);
	else
		goes_back(s, k, "REFUNDED_BEFORE");
	refund.amount_minor = captured / 2;
	if (k == CAPTURED || k == UNKNOWN || refund.amount_minor == 0)
		check_paid(s, e, k, sum);
	else
		goes_back(s, k, "REFUNDED_BEFORE");
}

static void
test_success_that_was_given_back_before(void **state)
{
	(void)state;
	for_each(PAY_SUCCEEDED, check_refunded_before);
}

/* A message that names no payment is no more money for a booking that somebody has paid for. */
static void
test_success_that_names_no_payment(void **state)
{
	static const struct {
		const char *session, *reference;
		bool named;
	} names[] = { { NULL, NULL, false }, { "cs_1", NULL, true }, { NULL, "ch_1", true } };

	(void)state;
	for (int s = 0; s < BOOKING__MAX; s++) {
		for (size_t i = 0; i < 3; i++) {
			arrange((enum booking_status)s, BY_BUYER, CAPTURED);
			c.payment = NULL;
			event.type = PAY_SUCCEEDED;
			event.session = names[i].session;
			event.gateway_ref = names[i].reference;
			if (names[i].named)
				must_be(payment_rule(&c), paid[s][BY_BUYER].effect,
				        paid[s][BY_BUYER].reason, false);
			else
				nothing();
		}
	}
}

static void
check_failed(enum booking_status s, enum ended e, enum known k, const struct sum *sum)
{
	(void)e;
	(void)sum;
	for (int attempts = 0; attempts < 4; attempts++) {
		booking.attempts = attempts;
		if (k != CAPTURED && c.final && ends[s])
			must_be(payment_rule(&c), EFFECT_CANCEL, "PAYMENT_FAILED", true);
		else if (c.final || !waits(s, k))
			nothing();
		else /* the third attempt that fails is the last */
			must_be(payment_rule(&c), attempts < 2 ? EFFECT_RETURN : EFFECT_CANCEL,
			        "PAYMENT_FAILED", true);
	}
}

static void
test_failure_in_every_state(void **state)
{
	(void)state;
	for_each(PAY_FAILED, check_failed);
}

static void
check_session_expired(enum booking_status s, enum ended e, enum known k, const struct sum *sum)
{
	static const struct {
		bool windowed;
		int64_t expires_us;
		bool over;
	} windows[] = { { true, NOW + 1, false },
		        { true, NOW, true },
		        { true, NOW - 1, true },
		        { false, -1, false } };

	(void)e;
	(void)sum;
	for (size_t i = 0; i < 4; i++) {
		booking.windowed = windows[i].windowed;
		booking.expires_us = windows[i].expires_us;
		if (!waits(s, k))
			nothing();
		else if (windows[i].over)
			must_be(payment_rule(&c), EFFECT_EXPIRE, "EXPIRED", false);
		else
			must_be(payment_rule(&c), EFFECT_RETURN, "SESSION_EXPIRED", false);
	}
}

static void
test_session_that_ends_in_every_state(void **state)
{
	(void)state;
	for_each(PAY_EXPIRED, check_session_expired);
}

static void
check_refunded(enum booking_status s, enum ended e, enum known k, const struct sum *sum)
{
	static const enum effect effects[REFUND__MAX] = { EFFECT_REFUNDED, EFFECT_NONE,
		                                          EFFECT_REFUNDED };

	const bool whole = sum->right || sum->minor < 0; /* which says nothing of an amount */

	(void)s;
	(void)e;
	if (k == CAPTURED && sum->currency != NULL && strcmp(sum->currency, "EUR") != 0)
		must_be(payment_rule(&c), EFFECT_REVIEW, NULL, false);
	else
		must_be(payment_rule(&c), EFFECT_GATEWAY_REFUND, "GATEWAY_REFUND", false);
	c.refund = &refund;
	for (int i = 0; i < REFUND__MAX; i++) {
		refund = (struct refund){ .status = (enum refund_status)i,
			                  .amount_minor = TOTAL,
			                  .currency = "EUR" };
		must_be(payment_rule(&c),
		        i == REFUND_COMPLETED || whole ? effects[i] : EFFECT_REVIEW, NULL, false);
	}
}

static void
test_refund_in_every_state(void **state)
{
	(void)state;
	for_each(PAY_REFUNDED, check_refunded);
}

/* One that is none of ours, beside one of ours that it may stand for in part. */
static void
test_refund_beside_another(void **state)
{
	static const struct {
		enum refund_status status;
		int64_t minor;
		enum effect effect;
		const char *reason;
	} others[] = {
		{ REFUND_COMPLETED, TOTAL / 2, EFFECT_GATEWAY_REFUND, "GATEWAY_REFUND" },
		{ REFUND_COMPLETED, TOTAL, EFFECT_NONE, NULL },
		{ REFUND_PENDING, TOTAL / 2, EFFECT_GATEWAY_REFUND, "GATEWAY_REFUND" },
		{ REFUND_PENDING, TOTAL, EFFECT_REVIEW, NULL },
		{ REFUND_FAILED, TOTAL / 2, EFFECT_REVIEW, NULL },
		{ REFUND_FAILED, TOTAL, EFFECT_REVIEW, NULL },
	};

	(void)state;
	arrange(BOOKING_REFUNDED, BY_BUYER, CAPTURED);
	event.type = PAY_REFUNDED;
	account.refunds = &refund;
	account.n_refunds = 1;
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		refund = (struct refund){ .payment_id = payment.id,
			                  .status = others[i].status,
			                  .amount_minor = others[i].minor,
			                  .currency = "EUR" };
		must_be(payment_rule(&c), others[i].effect, others[i].reason, false);
	}
}

static void
check_refund_failed(enum booking_status s, enum ended e, enum known k, const struct sum *sum)
{
	(void)s;
	(void)e;
	(void)k;
	(void)sum;
	nothing();
	c.refund = &refund;
	for (int i = 0; i < REFUND__MAX; i++) {
		for (int attempts = 0; attempts < 24; attempts++) {
			refund = (struct refund){ .status = (enum refund_status)i,
				                  .attempts = attempts };
			if (i != REFUND_PENDING)
				nothing();
			else
				must_be(payment_rule(&c), /* the twentieth refusal is the last */
				        attempts < 19 ? EFFECT_REFUND_LATER : EFFECT_REFUND_NEVER,
				        NULL, false);
		}
	}
}

static void
test_refund_that_fails_in_every_state(void **state)
{
	(void)state;
	for_each(PAY_REFUND_FAILED, check_refund_failed);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_success_in_every_state),
		cmocka_unit_test(test_success_for_a_cancelled_event_is_never_kept),
		cmocka_unit_test(test_success_in_other_events),
		cmocka_unit_test(test_success_after_the_window_but_before_the_expiry),
		cmocka_unit_test(test_success_that_was_given_back_before),
		cmocka_unit_test(test_success_that_names_no_payment),
		cmocka_unit_test(test_failure_in_every_state),
		cmocka_unit_test(test_session_that_ends_in_every_state),
		cmocka_unit_test(test_refund_in_every_state),
		cmocka_unit_test(test_refund_beside_another),
		cmocka_unit_test(test_refund_that_fails_in_every_state),
	};

	return cmocka_run_group_tests_name("rules", tests, NULL, NULL);
}
