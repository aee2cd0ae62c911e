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

#include "core/cashier.h"

#define NOTHING (-1)

static struct payment payments[3];
static struct refund refunds[2];
static struct account account;
static struct pay_event event;

/* Payments that were captured, or are under way. */
static struct payment
captured(const char *session, const char *reference)
{
	return (struct payment){ .status = PAYMENT_COMPLETED, .session = session,
		                     .gateway_ref = reference, .captured_minor = 2000 };
}

static struct payment
pending(const char *session)
{
	return (struct payment){ .status = PAYMENT_PENDING, .session = session, .captured_minor = -1 };
}

static struct payment
failed(const char *session)
{
	return (struct payment){ .status = PAYMENT_FAILED, .session = session, .captured_minor = -1 };
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
	p = cashier_payment(&account, &event);
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
	assert_true(cashier_has_session(&account, "cs_1"));
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
	return cashier_reference(&p, &event);
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
	};

	return cmocka_run_group_tests_name("cashier_case", tests, NULL, NULL);
}
