/* Places in the journal: text and order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/cursor.h"

static void
test_cursor_text_and_parse_agree(void **state)
{
	static const char *const good[] = { "81234-1077", "0-0", "1-0",
		                            "9223372036854775807-9223372036854775807" };
	char text[CURSOR_TEXT];
	struct cursor c;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(cursor_parse(good[i], &c));
		assert_string_equal(cursor_text(&c, text), good[i]);
	}
}

static void
test_cursor_parse_refuses_all_else(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		"1",
		"1-",
		"-1",
		"1-2-3",
		"1 -2",
		" 1-2",
		"1-2 ",
		"+1-2",
		"01-2",
		"1-02",
		"0x1-2",
		"1--2",
		"a-b",
		"1.0-2",
		"9223372036854775808-1",
		"1-9223372036854775808",
		"99999999999999999999-1",
		"1-2\n",
	};
	struct cursor c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(cursor_parse(bad[i], &c));
}

static void
test_cursor_compare_goes_by_xid_then_seq(void **state)
{
	static const struct cursor in_order[] = { { 0, 0 },  { 9, 100 }, { 10, 0 },
		                                  { 10, 9 }, { 10, 10 }, { UINT64_C(1) << 40, 1 } };
	const int n = sizeof(in_order) / sizeof(in_order[0]);

	(void)state;
	for (int a = 0; a < n; a++) {
		for (int b = 0; b < n; b++) {
			int got = cursor_compare(&in_order[a], &in_order[b]);

			assert_int_equal((got > 0) - (got < 0), (a > b) - (a < b));
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cursor_text_and_parse_agree),
		cmocka_unit_test(test_cursor_parse_refuses_all_else),
		cmocka_unit_test(test_cursor_compare_goes_by_xid_then_seq),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
