/* What is left of an account: captured, less what is given back or being given back. */

#include "money_case.h"

static void
test_r44_nothing_is_left_of_what_was_not_captured(void **state)
{
	const struct payment *p = add_payment("gateway", -1);

	(void)state;
	assert_int_equal(account_left(&account, p), 0);
	add_refund(p, 100, REFUND_COMPLETED); /* told before the payment is */
	assert_int_equal(account_left(&account, p), 0);
}

static void
test_r44_all_is_left_without_refunds(void **state)
{
	(void)state;
	assert_int_equal(account_left(&account, add_payment("gateway", TOTAL)), TOTAL);
	assert_int_equal(account_left(&account, add_payment("gateway", 0)), 0);
	assert_int_equal(account_left(&account, add_payment("gateway", INT64_MAX)), INT64_MAX);
}

static void
test_r44_refunds_count_by_their_state(void **state)
{
	const struct payment *p = add_payment("gateway", TOTAL);

	(void)state;
	add_refund(p, 50, REFUND_PENDING);
	assert_int_equal(account_left(&account, p), TOTAL - 50);
	add_refund(p, 1000, REFUND_COMPLETED);
	assert_int_equal(account_left(&account, p), TOTAL - 1050);
	add_refund(p, 4000, REFUND_FAILED); /* the money is there still */
	assert_int_equal(account_left(&account, p), TOTAL - 1050);
	add_refund(p, TOTAL - 1050, REFUND_PENDING);
	assert_int_equal(account_left(&account, p), 0);
}

static void
test_r44_never_less_than_nothing_is_left(void **state)
{
	const struct payment *p = add_payment("gateway", TOTAL);

	(void)state;
	add_refund(p, TOTAL, REFUND_COMPLETED);
	add_refund(p, 1, REFUND_COMPLETED); /* a provider may give too much */
	assert_int_equal(account_left(&account, p), 0);
}

static void
test_r44_each_payment_has_refunds_of_its_own(void **state)
{
	const struct payment *first = add_payment("gateway", 5000),
			     *second = add_payment("gateway", 7000),
			     *third = add_payment("gateway", -1);

	(void)state;
	add_refund(second, 6000, REFUND_COMPLETED);
	add_refund(first, 500, REFUND_FAILED);
	add_refund(second, 300, REFUND_PENDING);
	add_refund(first, 20, REFUND_PENDING);
	assert_int_equal(account_left(&account, first), 4980);
	assert_int_equal(account_left(&account, second), 700);
	assert_int_equal(account_left(&account, third), 0);
}

static void
test_account_payment_is_found_by_its_id(void **state)
{
	const struct payment *first = add_payment("gateway", 1), *second = add_payment("mock", 2);
	const struct uuid other = uuid_of_event(EVENT_NO);

	(void)state;
	assert_ptr_equal(account_payment(&account, &first->id), first);
	assert_ptr_equal(account_payment(&account, &second->id), second);
	assert_null(account_payment(&account, &other));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MONEY_TEST(test_r44_nothing_is_left_of_what_was_not_captured),
		MONEY_TEST(test_r44_all_is_left_without_refunds),
		MONEY_TEST(test_r44_refunds_count_by_their_state),
		MONEY_TEST(test_r44_never_less_than_nothing_is_left),
		MONEY_TEST(test_r44_each_payment_has_refunds_of_its_own),
		MONEY_TEST(test_account_payment_is_found_by_its_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
