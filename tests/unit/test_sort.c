/* Sorting without repeats. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/sort.h"

static void
test_sort_distinct_sorts_and_drops_repeats(void **state)
{
	int32_t few[] = { INT32_MAX, -1, 3, INT32_MIN, 3, -1, 3 };
	int64_t many[] = { INT64_MAX, INT64_MIN, INT64_MAX, 0 };
	const int32_t few_left[] = { INT32_MIN, -1, 3, INT32_MAX };
	const int64_t many_left[] = { INT64_MIN, 0, INT64_MAX };
	int32_t same[] = { 7, 7, 7 };

	(void)state;
	assert_int_equal(sort_distinct(few, 7, sizeof(*few), compare_i32), 4);
	assert_memory_equal(few, few_left, sizeof(few_left));
	assert_int_equal(sort_distinct(many, 4, sizeof(*many), compare_i64), 3);
	assert_memory_equal(many, many_left, sizeof(many_left));
	assert_int_equal(sort_distinct(same, 3, sizeof(*same), compare_i32), 1);
	assert_int_equal(sort_distinct(same, 1, sizeof(*same), compare_i32), 1);
	assert_int_equal(sort_distinct(NULL, 0, sizeof(*same), compare_i32), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_sort_distinct_sorts_and_drops_repeats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
