/* What is due of a booking, and out of which payments it is taken. */

#include "money_case.h"

#include "base/clock.h"
#include "core/booking/refund.h"

#define NOW_US  INT64_C(1700000000000000)
#define HOUR_US (3600 * US_PER_S)
#define REASON  "USER_CANCELLED"

static struct policy policy;
static struct refund_write out[REFUNDS_MOST];
static int64_t given;

static int
setup(void **state)
{
	policy = (struct policy){ .paying_min = 5 };
	assert_true(refund_tiers_parse("24:100", &policy.tiers));
	setup_money(state);
	booking.now_us = NOW_US;
	booking.starts_us = NOW_US + 25 * HOUR_US;
	return 0;
}

static size_t
plan(int64_t amount_minor)
{
	memset(out, 0, sizeof(out));
	return refund_plan(&booking, &account, amount_minor, REASON, out, &given);
}

/* --- what is due --- */

static void
test_r26_the_policys_tiers_hold_where_the_event_says_nothing(void **state)
{
	(void)state;
	assert_int_equal(refund_due(&policy, &booking), TOTAL);
	booking.now_us = booking.starts_us - 24 * HOUR_US - 1;
	assert_int_equal(refund_due(&policy, &booking), TOTAL);
	booking.now_us++;
	assert_int_equal(refund_due(&policy, &booking), 0);
}

static void
test_r26_an_events_own_tiers_stand_in_their_place(void **state)
{
	(void)state;
	booking.tiers = "[{\"hours\":1,\"percent\":33.33}]";
	assert_int_equal(refund_due(&policy, &booking), 5017); /* 5016.165 */
	booking.tiers = "[]";
	assert_int_equal(refund_due(&policy, &booking), 0);
	booking.tiers = "no list"; /* not as it was stored: the policy's then */
	assert_int_equal(refund_due(&policy, &booking), TOTAL);
}

static void
test_r46_all_is_due_once_the_event_is_cancelled(void **state)
{
	(void)state;
	booking.event_status = EVENT_CANCELLED;
	booking.tiers = "[]";
	booking.now_us = booking.starts_us + HOUR_US;
	assert_int_equal(refund_due(&policy, &booking), TOTAL);
}

/* --- out of which payments --- */

static void
test_r45_one_payment_gives_all_or_a_part_back(void **state)
{
	const struct payment *p = add_payment("gateway", TOTAL);

	(void)state;
	assert_int_equal(plan(TOTAL), 1);
	assert_int_equal(given, TOTAL);
	assert_ptr_equal(out[0].booking, &booking);
	assert_true(uuid_equal(&out[0].payment_id, &p->id));
	assert_int_equal(uuid_event(&out[0].id), EVENT_NO);
	assert_int_equal(out[0].amount_minor, TOTAL);
	assert_string_equal(out[0].currency, "EUR");
	assert_string_equal(out[0].reason, REASON);
	assert_int_equal(plan(1), 1);
	assert_int_equal(given, 1);
	assert_int_equal(out[0].amount_minor, 1);
}

static void
test_r45_nothing_gives_nothing(void **state)
{
	(void)state;
	assert_int_equal(plan(TOTAL), 0); /* no payment at all */
	assert_int_equal(given, 0);
	add_payment("gateway", TOTAL);
	assert_int_equal(plan(0), 0);
	assert_int_equal(given, 0);
}

static void
test_r45_the_oldest_payment_gives_first(void **state)
{
	const struct payment *first = add_payment("gateway", 5000),
			     *second = add_payment("gateway", 7000);

	(void)state;
	assert_int_equal(plan(5000), 1);
	assert_true(uuid_equal(&out[0].payment_id, &first->id));
	assert_int_equal(plan(5001), 2);
	assert_int_equal(given, 5001);
	assert_int_equal(out[0].amount_minor, 5000);
	assert_int_equal(out[1].amount_minor, 1);
	assert_true(uuid_equal(&out[1].payment_id, &second->id));
	assert_false(uuid_equal(&out[0].id, &out[1].id));
}

static void
test_r45_no_more_is_given_than_is_left(void **state)
{
	const struct payment *p = add_payment("gateway", TOTAL);

	(void)state;
	add_refund(p, 5000, REFUND_COMPLETED);
	add_refund(p, 50, REFUND_PENDING);
	add_refund(p, 999, REFUND_FAILED);
	assert_int_equal(plan(TOTAL), 1);
	assert_int_equal(given, TOTAL - 5050);
	add_refund(p, TOTAL - 5050, REFUND_PENDING);
	assert_int_equal(plan(TOTAL), 0);
	assert_int_equal(given, 0);
}

static void
test_r43_money_that_does_not_pay_for_the_booking_is_not_touched(void **state)
{
	struct payment *wrong = add_payment("gateway", 99999);
	const struct payment *right;

	(void)state;
	wrong->trouble = "WRONG_AMOUNT";
	add_payment("gateway", -1);
	right = add_payment("gateway", TOTAL);
	assert_int_equal(plan(TOTAL), 1);
	assert_true(uuid_equal(&out[0].payment_id, &right->id));
	assert_int_equal(given, TOTAL);
}

static void
test_r45_a_provider_that_charges_at_once_gives_back_at_once(void **state)
{
	(void)state;
	add_payment("mock", 100);
	add_payment("gateway", 100);
	add_payment("of an older version", 100);
	assert_int_equal(plan(300), 3);
	assert_int_equal(out[0].status, REFUND_COMPLETED);
	assert_string_equal(out[0].gateway_ref, "ref");
	assert_int_equal(out[1].status, REFUND_PENDING);
	assert_null(out[1].gateway_ref);
	assert_int_equal(out[2].status, REFUND_PENDING);
}

static void
test_r45_so_many_refunds_at_once_and_no_more(void **state)
{
	(void)state;
	for (int i = 0; i <= REFUNDS_MOST; i++)
		add_payment("gateway", 10);
	assert_int_equal(plan(10 * (REFUNDS_MOST + 1)), REFUNDS_MOST);
	assert_int_equal(given, 10 * REFUNDS_MOST);
}

static void
test_r45_the_largest_amounts(void **state)
{
	const int64_t largest = (int64_t)INT32_MAX * POLICY_SEATS_MOST;

	(void)state;
	booking.total_minor = largest;
	assert_int_equal(refund_due(&policy, &booking), largest);
	add_payment("gateway", largest - 1);
	add_payment("gateway", INT64_MAX);
	assert_int_equal(plan(largest), 2);
	assert_int_equal(given, largest);
	assert_int_equal(out[1].amount_minor, 1);
}

static void
test_r42_one_payment_goes_back_with_all_that_it_has_left(void **state)
{
	struct payment *p = add_payment("gateway", 30000);

	(void)state;
	p->trouble = "WRONG_AMOUNT";
	p->captured_currency = "USD";
	add_payment("gateway", TOTAL);
	assert_true(refund_plan_payment(&booking, &account, p, "WRONG_AMOUNT", out));
	assert_int_equal(out[0].amount_minor, 30000);
	assert_string_equal(out[0].currency, "USD");
	assert_string_equal(out[0].reason, "WRONG_AMOUNT");
	add_refund(p, 29999, REFUND_PENDING);
	assert_true(refund_plan_payment(&booking, &account, p, "WRONG_AMOUNT", out));
	assert_int_equal(out[0].amount_minor, 1);
	add_refund(p, 1, REFUND_COMPLETED);
	assert_false(refund_plan_payment(&booking, &account, p, "WRONG_AMOUNT", out));
}

#define REFUND_TEST(f) cmocka_unit_test_setup(f, setup)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		REFUND_TEST(test_r26_the_policys_tiers_hold_where_the_event_says_nothing),
		REFUND_TEST(test_r26_an_events_own_tiers_stand_in_their_place),
		REFUND_TEST(test_r46_all_is_due_once_the_event_is_cancelled),
		REFUND_TEST(test_r45_one_payment_gives_all_or_a_part_back),
		REFUND_TEST(test_r45_nothing_gives_nothing),
		REFUND_TEST(test_r45_the_oldest_payment_gives_first),
		REFUND_TEST(test_r45_no_more_is_given_than_is_left),
		REFUND_TEST(test_r43_money_that_does_not_pay_for_the_booking_is_not_touched),
		REFUND_TEST(test_r45_a_provider_that_charges_at_once_gives_back_at_once),
		REFUND_TEST(test_r45_so_many_refunds_at_once_and_no_more),
		REFUND_TEST(test_r45_the_largest_amounts),
		REFUND_TEST(test_r42_one_payment_goes_back_with_all_that_it_has_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
