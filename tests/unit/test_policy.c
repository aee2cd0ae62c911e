/* What a refund tier gives back: at its very edges, rounding, and the two written forms. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/clock.h"
#include "core/booking/policy.h"

#define HOUR_US   (3600 * US_PER_S)
#define LARGEST   ((int64_t)INT32_MAX * POLICY_SEATS_MOST) /* seats at the highest price */
#define OVER_YEAR (9000 * HOUR_US)

/* What "hours:percent,…" gives back of an amount. */
static int64_t
due(const char *text, int64_t amount_minor, int64_t left_us)
{
	struct refund_tiers tiers;

	assert_true(refund_tiers_parse(text, &tiers));
	return refund_tiers_due(&tiers, amount_minor, left_us);
}

static void
test_r26_a_tier_counts_with_more_than_its_hours_left(void **state)
{
	(void)state;
	assert_int_equal(due("24:100", 15050, 24 * HOUR_US + 1), 15050);
	assert_int_equal(due("24:100", 15050, 24 * HOUR_US), 0);
	assert_int_equal(due("24:100", 15050, 24 * HOUR_US - 1), 0);
	assert_int_equal(due("1.5:100", 15050, HOUR_US * 3 / 2), 0);
	assert_int_equal(due("1.5:100", 15050, HOUR_US * 3 / 2 + 1), 15050);
	assert_int_equal(due("8760:100", 15050, 8760 * HOUR_US), 0);
	assert_int_equal(due("8760:100", 15050, 8760 * HOUR_US + 1), 15050);
}

static void
test_r26_the_most_hours_that_are_left_count_in_any_order(void **state)
{
	static const char *const orders[] = { "72:100,24:50,0:10", "0:10,24:50,72:100",
		                              "24:50,72:100,0:10" };

	(void)state;
	for (size_t i = 0; i < sizeof(orders) / sizeof(orders[0]); i++) {
		assert_int_equal(due(orders[i], 1000, 72 * HOUR_US + 1), 1000);
		assert_int_equal(due(orders[i], 1000, 72 * HOUR_US), 500);
		assert_int_equal(due(orders[i], 1000, 24 * HOUR_US + 1), 500);
		assert_int_equal(due(orders[i], 1000, 24 * HOUR_US), 100);
		assert_int_equal(due(orders[i], 1000, 1), 100);
		assert_int_equal(due(orders[i], 1000, 0), 0);
	}
	/* Later does not mean less: the hours decide, not the percentage. */
	assert_int_equal(due("72:10,24:90", 1000, OVER_YEAR), 100);
	assert_int_equal(due("72:10,24:90", 1000, 25 * HOUR_US), 900);
}

static void
test_r26_nothing_is_due_once_an_event_has_begun(void **state)
{
	(void)state;
	assert_int_equal(due("0:100", 1000, 1), 1000);
	assert_int_equal(due("0:100", 1000, 0), 0);
	assert_int_equal(due("0:100", 1000, -1), 0);
	assert_int_equal(due("0:100", 1000, -OVER_YEAR), 0);
}

static void
test_r26_without_a_tier_nothing_is_due(void **state)
{
	(void)state;
	assert_int_equal(due("", 1000, OVER_YEAR), 0);
	assert_int_equal(due("24:0", 1000, OVER_YEAR), 0);
	assert_int_equal(due("24:100", 0, OVER_YEAR), 0);
}

static void
test_r26_parts_of_a_minor_unit_are_the_buyers(void **state)
{
	(void)state;
	assert_int_equal(due("24:50", 1, OVER_YEAR), 1);
	assert_int_equal(due("24:50", 3, OVER_YEAR), 2);
	assert_int_equal(due("24:50", 4, OVER_YEAR), 2);
	assert_int_equal(due("24:0.01", 1, OVER_YEAR), 1);
	assert_int_equal(due("24:0.01", 10000, OVER_YEAR), 1);
	assert_int_equal(due("24:0.01", 10001, OVER_YEAR), 2);
	assert_int_equal(due("24:99.99", 9999, OVER_YEAR), 9999);
	assert_int_equal(due("24:99.99", 10000, OVER_YEAR), 9999);
}

static void
test_r26_percents_with_decimals_are_exact(void **state)
{
	(void)state;
	assert_int_equal(due("24:33.33", 10000, OVER_YEAR), 3333);
	assert_int_equal(due("24:33.33", 100, OVER_YEAR), 34);
	assert_int_equal(due("24:12.5", 8, OVER_YEAR), 1);
	assert_int_equal(due("24:12.5", 9, OVER_YEAR), 2);
	assert_int_equal(due("24:66.67", 30000, OVER_YEAR), 20001);
}

/* Compared with whole numbers: rounded up, and never more than the amount. */
static void
test_r26_every_percent_of_many_amounts(void **state)
{
	static const int64_t amounts[] = { 0, 1, 2, 3, 99, 100, 101, 9999, 10000, 123457, LARGEST };

	(void)state;
	for (int64_t p = 0; p <= 10000; p++) { /* hundredths of a percent */
		for (size_t i = 0; i < sizeof(amounts) / sizeof(amounts[0]); i++) {
			struct refund_tiers tiers = { .n = 1 };
			const int64_t product = amounts[i] * p;

			tiers.tier[0].percent = (double)p / 100;
			assert_int_equal(refund_tiers_due(&tiers, amounts[i], OVER_YEAR),
			                 product / 10000 + (product % 10000 > 0 ? 1 : 0));
		}
	}
}

static void
test_r26_the_largest_amounts_do_not_overflow(void **state)
{
	const int64_t most = (INT64_MAX - 9999) / 10000;

	(void)state;
	assert_int_equal(due("24:100", LARGEST, OVER_YEAR), LARGEST);
	assert_int_equal(due("24:50", LARGEST, OVER_YEAR), LARGEST / 2);
	assert_int_equal(due("24:100", most, OVER_YEAR), most);
}

static void
test_refund_tiers_as_a_setting(void **state)
{
	static const char *const good[] = {
		"", "24:100", "0:0", "8760:100", "72:100,24:50", "1.5:12.25", ".5:1",
	};
	static const char *const bad[] = {
		"24",      "24:",    ":100",   "24:100.01", "8760.1:1", "24:100,",
		",24:100", "24::1",  "24:1e1", "-1:5",      "24:-1",    " 24:100",
		"24 :100", "0x10:5", "inf:1",  "24:100;1",  "nan",      "24:1,,48:50",
	};
	struct refund_tiers tiers;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(refund_tiers_parse(good[i], &tiers));
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(refund_tiers_parse(bad[i], &tiers));
}

static void
test_refund_tiers_of_an_event(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"{}",
		"[1]",
		"[{}]",
		"[{\"hours\":1}]",
		"[{\"hours\":\"1\",\"percent\":1}]",
		"[{\"hours\":-1,\"percent\":1}]",
		"[{\"hours\":1,\"percent\":100.5}]",
		"[{\"hours\":8761,\"percent\":1}]",
	};
	struct refund_tiers tiers;

	(void)state;
	assert_true(refund_tiers_parse_json("[]", &tiers));
	assert_int_equal(tiers.n, 0);
	assert_true(refund_tiers_parse_json("[{\"hours\":72,\"percent\":100},"
	                                    "{\"percent\":12.5,\"hours\":24.5}]",
	                                    &tiers));
	assert_int_equal(tiers.n, 2);
	assert_true(tiers.tier[1].hours == 24.5 && tiers.tier[1].percent == 12.5);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(refund_tiers_parse_json(bad[i], &tiers));
}

static void
test_refund_tiers_are_not_too_many(void **state)
{
	char text[(REFUND_TIERS_MOST + 1) * sizeof("1:1")] = "1:1";
	struct refund_tiers tiers;

	(void)state;
	for (int i = 1; i < REFUND_TIERS_MOST; i++)
		strcat(text, ",1:1");
	assert_true(refund_tiers_parse(text, &tiers));
	assert_int_equal(tiers.n, REFUND_TIERS_MOST);
	strcat(text, ",1:1");
	assert_false(refund_tiers_parse(text, &tiers));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r26_a_tier_counts_with_more_than_its_hours_left),
		cmocka_unit_test(test_r26_the_most_hours_that_are_left_count_in_any_order),
		cmocka_unit_test(test_r26_nothing_is_due_once_an_event_has_begun),
		cmocka_unit_test(test_r26_without_a_tier_nothing_is_due),
		cmocka_unit_test(test_r26_parts_of_a_minor_unit_are_the_buyers),
		cmocka_unit_test(test_r26_percents_with_decimals_are_exact),
		cmocka_unit_test(test_r26_every_percent_of_many_amounts),
		cmocka_unit_test(test_r26_the_largest_amounts_do_not_overflow),
		cmocka_unit_test(test_refund_tiers_as_a_setting),
		cmocka_unit_test(test_refund_tiers_of_an_event),
		cmocka_unit_test(test_refund_tiers_are_not_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
