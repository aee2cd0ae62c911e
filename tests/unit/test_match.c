/*
 * Which payment and which refund of a booking a message is about. An account has up to three
 * payments here; a message names one by its session, its reference, both or neither.
 */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/payment/match.h"

#define NOTHING (-1)

static struct payment payments[3];
static struct refund refunds[2];
static struct account account;
static struct pay_event event;

/* Payments that were captured, or are under way. */
static struct payment
captured(const char *session, const char *reference)
{
	return (struct payment){ .status = PAYMENT_COMPLETED,
		                 .session = session,
		                 .gateway_ref = reference,
		                 .captured_minor = 2000 };
}

static struct payment
pending(const char *session)
{
	return (
	    struct payment){ .status = PAYMENT_PENDING, .session = session, .captured_minor = -1 };
}

static struct payment
failed(const char *session)
{
	return (
	    struct payment){ .status = PAYMENT_FAILED, .session = session, .captured_minor = -1 };
}

static void
arrange(size_t n, struct payment first, struct payment second)
{
	payments[0] = first;
	payments[1] = second;
	for (size_t i = 0; i < 3; i++)
		payments[i].id = (struct uuid){ { (uint8_t)(i + 1) } };
	account = (struct account){ .payments = payments, .n_payments = n, .refunds = refunds };
}

/* The place of the payment that a message of a type is about; NOTHING: none. */
static int
found(enum pay_event_type type, const char *session, const char *reference)
{
	const struct payment *p;

	event = (struct pay_event){ .type = type, .session = session, .gateway_ref = reference };
	p = payment_match_payment(&account, &event);
	return p == NULL ? NOTHING : (int)(p - payments);
}

static void
test_payment_by_its_names(void **state)
{
	(void)state;
	arrange(2, captured("cs_1", "ch_1"), failed("cs_2"));
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", NULL), 0);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_1"), 0);
	assert_int_equal(found(PAY_SUCCEEDED, NULL, "ch_1"), 0);
	assert_int_equal(found(PAY_SUCCEEDED, NULL, "cs_1"), 0);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_2", "ch_2"), 1);
	assert_int_equal(found(PAY_FAILED, "cs_2", NULL), 1);
	assert_int_equal(found(PAY_REFUNDED, "cs_1", "re_1"), 0);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_3", NULL), NOTHING);
	assert_int_equal(found(PAY_SUCCEEDED, NULL, NULL), NOTHING);
}

/* Two sessions are two payments, whatever a gateway calls them. */
static void
test_payment_by_a_reference_that_two_have(void **state)
{
	(void)state;
	arrange(2, captured("cs_1", "order-7"), pending("cs_2"));
	assert_int_equal(found(PAY_SUCCEEDED, "cs_2", "order-7"), 1);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "order-7"), 0);
	assert_int_equal(found(PAY_SUCCEEDED, NULL, "order-7"), 0);
}

/* Money under an unknown name is not that of the session under way, which may be paid as well. */
static void
test_payment_of_an_unknown_name(void **state)
{
	(void)state;
	arrange(1, pending("cs_1"), failed("cs_2"));
	assert_int_equal(found(PAY_SUCCEEDED, NULL, "T1"), NOTHING);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_9", NULL), NOTHING);
	assert_int_equal(found(PAY_SUCCEEDED, NULL, NULL), 0);
	assert_int_equal(found(PAY_FAILED, NULL, "T1"), 0);
	assert_int_equal(found(PAY_FAILED, NULL, NULL), 0);
	assert_int_equal(found(PAY_EXPIRED, NULL, NULL), 0);
}

static void
test_payment_that_comes_twice_by_one_session(void **state)
{
	(void)state;
	arrange(1, captured("cs_1", "ch_1"), captured(NULL, "ch_2"));
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_2"), NOTHING);
	assert_true(payment_match_has_session(&account, "cs_1"));
	account.n_payments = 2; /* that one is known by now */
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_2"), 1);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_1"), 0);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", NULL), 0);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_3"), NOTHING);
	/* Other messages about that session are about its first payment. */
	assert_int_equal(found(PAY_FAILED, "cs_1", "ch_3"), 0);
	assert_int_equal(found(PAY_REFUNDED, "cs_1", "re_1"), 0);
}

/* Where the session stands for the reference, nobody knows of a second capture. */
static void
test_payment_that_is_called_by_its_session(void **state)
{
	(void)state;
	arrange(1, captured("cs_1", "cs_1"), failed("cs_2"));
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_1"), 0);
	arrange(1, captured("cs_1", NULL), failed("cs_2"));
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_1"), 0);
	arrange(1, captured("cs_1", "ch_1"), failed("cs_2"));
	assert_int_equal(found(PAY_SUCCEEDED, NULL, "cs_1"), 0);
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "cs_1"), 0);
	arrange(1, pending("cs_1"), failed("cs_2")); /* not captured yet */
	payments[0].gateway_ref = "pi_1";
	assert_int_equal(found(PAY_SUCCEEDED, "cs_1", "ch_1"), 0);
}

static const char *
called(struct payment p, enum pay_event_type type, const char *reference)
{
	event = (struct pay_event){ .type = type, .session = p.session, .gateway_ref = reference };
	return payment_match_reference(&p, &event);
}

static void
test_reference_of_a_payment(void **state)
{
	struct payment tried = pending("cs_1");

	(void)state;
	tried.gateway_ref = "pi_1";
	assert_string_equal(called(pending("cs_1"), PAY_SUCCEEDED, "ch_1"), "ch_1");
	assert_string_equal(called(pending("cs_1"), PAY_FAILED, "ch_1"), "ch_1");
	assert_string_equal(called(tried, PAY_SUCCEEDED, "ch_1"), "ch_1");
	assert_string_equal(called(tried, PAY_FAILED, "ch_1"), "pi_1");
	assert_string_equal(called(tried, PAY_SUCCEEDED, NULL), "pi_1");
	assert_string_equal(called(captured("cs_1", NULL), PAY_SUCCEEDED, "ch_1"), "ch_1");
	assert_string_equal(called(captured("cs_1", "ch_1"), PAY_SUCCEEDED, "ch_2"), "ch_1");
	/* A session is no reference, and a refund's is not the payment's. */
	assert_null(called(pending("cs_1"), PAY_SUCCEEDED, "cs_1"));
	assert_null(called(captured("cs_1", NULL), PAY_REFUNDED, "re_1"));
	assert_null(called(pending("cs_1"), PAY_REFUNDED, "re_1"));
	assert_null(called(captured("cs_1", NULL), PAY_REFUND_FAILED, "re_1"));
}

/* --- refunds --- */

/* A refund of the first payment, whose id is `no`. */
static struct refund
refund_of(uint8_t no, enum refund_status status, int64_t amount_minor, const char *reference)
{
	return (struct refund){ .id = { { no } },
		                .payment_id = payments[0].id,
		                .status = status,
		                .amount_minor = amount_minor,
		                .currency = "EUR",
		                .reason = "USER_CANCELLED",
		                .gateway_ref = reference };
}

static void
arrange_refunds(size_t n, struct refund first, struct refund second)
{
	arrange(1, captured("cs_1", "ch_1"), failed("cs_2"));
	refunds[0] = first;
	refunds[1] = second;
	account.n_refunds = n;
}

/* The place of the refund that a message is about: its id (0: none), amount (-1) and reference. */
static int
meant(enum pay_event_type type, uint8_t id, int64_t amount_minor, const char *reference)
{
	const struct refund *r;

	event = (struct pay_event){ .type = type,
		                    .has_refund = id > 0,
		                    .refund_id = { { id } },
		                    .amount_minor = amount_minor,
		                    .gateway_ref = reference };
	r = payment_match_refund(&account, &event, &payments[0]);
	return r == NULL ? NOTHING : (int)(r - refunds);
}

static void
test_refund_by_its_id(void **state)
{
	(void)state;
	arrange_refunds(2, refund_of(1, REFUND_COMPLETED, 500, "re_1"),
	                refund_of(2, REFUND_PENDING, 1500, NULL));
	for (int type = PAY_REFUNDED; type <= PAY_REFUND_FAILED; type++) {
		assert_int_equal(meant((enum pay_event_type)type, 1, 500, "re_1"), 0);
		assert_int_equal(meant((enum pay_event_type)type, 2, 7, "re_1"), 1);
		assert_int_equal(meant((enum pay_event_type)type, 2, -1, NULL), 1);
	}
	assert_null(
	    payment_match_refund(&account, &(struct pay_event){ .type = PAY_REFUNDED }, NULL));
}

static void
test_refund_without_an_id(void **state)
{
	(void)state;
	arrange_refunds(2, refund_of(1, REFUND_FAILED, 1000, NULL),
	                refund_of(2, REFUND_PENDING, 1000, NULL));
	assert_int_equal(meant(PAY_REFUNDED, 0, 1000, "re_2"), 1);
	assert_int_equal(meant(PAY_REFUNDED, 0, -1, NULL), 1);
	assert_int_equal(meant(PAY_REFUND_FAILED, 0, -1, NULL), 1);
	assert_int_equal(meant(PAY_REFUNDED, 0, 999, "re_2"), NOTHING);
	account.n_refunds = 1;
	assert_int_equal(meant(PAY_REFUNDED, 0, 1000, "re_2"), 0);
}

/* The provider tells of it again, under another message's id, and not by a reference of the payment. */
static void
test_refund_that_is_told_again(void **state)
{
	(void)state;
	arrange_refunds(2, refund_of(1, REFUND_PENDING, 500, NULL),
	                refund_of(2, REFUND_COMPLETED, 500, "re_1"));
	assert_int_equal(meant(PAY_REFUNDED, 0, 500, "re_1"), 1);
	assert_int_equal(meant(PAY_REFUNDED, 9, 500, "re_1"), 1);
	assert_int_equal(meant(PAY_REFUNDED, 0, 500, "re_2"), 0);
	refunds[1].reason = GATEWAY_REFUND;
	assert_int_equal(meant(PAY_REFUNDED, 0, 500, "re_1"), 1);
	assert_int_equal(meant(PAY_REFUNDED, 9, 500, "re_1"),
	                 NOTHING); /* another id: another refund */
	refunds[1].gateway_ref = "ch_1";
	assert_int_equal(meant(PAY_REFUNDED, 0, 500, "ch_1"), 0);
	refunds[1].gateway_ref = "cs_1";
	assert_int_equal(meant(PAY_REFUNDED, 0, 500, "cs_1"), 0);
}

/* Somebody gave it back at the gateway's desk, under an id of theirs: instead of ours, or beside it. */
static void
test_refund_under_an_id_of_the_gateways(void **state)
{
	(void)state;
	arrange_refunds(1, refund_of(1, REFUND_FAILED, 1000, NULL),
	                refund_of(2, REFUND_PENDING, 1000, NULL));
	assert_int_equal(meant(PAY_REFUNDED, 9, 1000, "re_9"), 0);
	assert_int_equal(meant(PAY_REFUNDED, 9, -1, "re_9"), 0);
	assert_int_equal(meant(PAY_REFUNDED, 9, 400, "re_9"), NOTHING);
	assert_int_equal(meant(PAY_REFUND_FAILED, 9, 1000, "re_9"), NOTHING);
	refunds[0].status = REFUND_PENDING; /* and another 10.00 are left */
	assert_int_equal(meant(PAY_REFUNDED, 9, 1000, "re_9"), NOTHING);
	account.n_refunds = 2; /* and nothing is */
	assert_int_equal(meant(PAY_REFUNDED, 9, 1000, "re_9"), 0);
	assert_int_equal(meant(PAY_REFUNDED, 9, 400, "re_9"), NOTHING);
	refunds[0].status = refunds[1].status = REFUND_COMPLETED;
	assert_int_equal(meant(PAY_REFUNDED, 9, 1000, "re_9"), NOTHING);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_payment_by_its_names),
		cmocka_unit_test(test_payment_by_a_reference_that_two_have),
		cmocka_unit_test(test_payment_of_an_unknown_name),
		cmocka_unit_test(test_payment_that_comes_twice_by_one_session),
		cmocka_unit_test(test_payment_that_is_called_by_its_session),
		cmocka_unit_test(test_reference_of_a_payment),
		cmocka_unit_test(test_refund_by_its_id),
		cmocka_unit_test(test_refund_without_an_id),
		cmocka_unit_test(test_refund_that_is_told_again),
		cmocka_unit_test(test_refund_under_an_id_of_the_gateways),
	};

	return cmocka_run_group_tests_name("match", tests, NULL, NULL);
}
