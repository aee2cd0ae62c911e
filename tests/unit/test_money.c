/* Amounts in major and minor units: exact, or refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/money.h"

static void
test_money_follows_the_currency(void **state)
{
	char text[MONEY_TEXT];
	int64_t minor;

	(void)state;
	assert_true(money_to_minor(150.07, "EUR", &minor));
	assert_int_equal(minor, 15007);
	assert_true(money_to_minor(1500, "JPY", &minor));
	assert_int_equal(minor, 1500);
	assert_true(money_to_minor(1.234, "KWD", &minor));
	assert_int_equal(minor, 1234);
	assert_false(money_to_minor(1.5, "JPY", &minor));
	assert_false(money_to_minor(1.001, "EUR", &minor));
	assert_false(money_to_minor(-1, "EUR", &minor));
	assert_false(money_to_minor(1e300, "EUR", &minor));
	assert_string_equal(money_text(15007, "EUR", text), "150.07");
	assert_string_equal(money_text(-5, "EUR", text), "-0.05");
	assert_string_equal(money_text(1500, "JPY", text), "1500");
	assert_string_equal(money_text(1, "KWD", text), "0.001");
}

static void
test_money_sums_are_exact_however_large(void **state)
{
	char text[MONEY_TEXT];
	int64_t minor;

	(void)state;
	for (int64_t n = 1; n <= MONEY_MAX_SUM; n = n * 7 + 3) {
		assert_true(
		    money_sum_to_minor(strtod(money_text(n, "EUR", text), NULL), "EUR", &minor));
		assert_int_equal(minor, n);
	}
	assert_true(money_sum_to_minor(0, "EUR", &minor));
	assert_int_equal(minor, 0);
	assert_false(money_sum_to_minor(1e12 + 0.01, "EUR", &minor));
	assert_false(money_sum_to_minor(99999999999.995, "EUR", &minor));
	assert_false(money_sum_to_minor(1.5, "JPY", &minor));
	assert_false(money_sum_to_minor(-0.01, "EUR", &minor));
	assert_false(money_sum_to_minor(1e300, "EUR", &minor));
	assert_false(money_sum_to_minor(strtod("nan", NULL), "EUR", &minor));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_money_follows_the_currency),
		cmocka_unit_test(test_money_sums_are_exact_however_large),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
