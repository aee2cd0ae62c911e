/* Instants as they are written and read, and the next full hour of a zone. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"

static void
test_clock_parse_reads_offsets_and_fractions(void **state)
{
	static const struct {
		const char *text;
		int64_t at_us;
	} good[] = {
		{ "1970-01-01T00:00:00Z", 0 },
		{ "1970-01-01T01:00:00+01:00", 0 },
		{ "2026-01-31T00:10:00.250Z", INT64_C(1769818200250000) },
		{ "2026-01-30t19:10:00.25-05:00", INT64_C(1769818200250000) },
		{ "2024-02-29T23:59:60Z", INT64_C(1709251199000000) },
	};
	int64_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_true(clock_parse(good[i].text, &at));
		assert_int_equal(at, good[i].at_us);
	}
}

static void
test_clock_parse_refuses_what_is_no_instant(void **state)
{
	static const char *const bad[] = {
		"",
		"2026",
		"2026-01-31",
		"2026-13-01T00:00:00Z",
		"2026-02-29T00:00:00Z",
		"2026-01-31T24:00:00Z",
		"2026-01-31T00:00:00",
		"2026-01-31T00:00:00Zx",
		"2026-01-31T00:00:00.Z",
		"2026-01-31 00:00:00Z",
		"1969-12-31T23:59:59Z",
		"2026-01-31T00:00:00+25:00",
		"-026-01-31T00:00:00Z",
	};
	int64_t at;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(clock_parse(bad[i], &at));
}

static void
test_clock_text_is_read_back(void **state)
{
	char text[CLOCK_TEXT];
	int64_t at;

	(void)state;
	assert_string_equal(clock_text(INT64_C(1769818200250999), text),
	                    "2026-01-31T00:10:00.250Z");
	assert_true(clock_parse(text, &at));
	assert_int_equal(at, INT64_C(1769818200250000));
}

static void
test_clock_text_agrees_with_the_c_library(void **state)
{
	char ours[CLOCK_TEXT], theirs[CLOCK_TEXT];

	(void)state;
	for (int64_t day = 0; day < 400 * 366; day += day < 1500 ? 1 : 89) {
		time_t s = (time_t)(day * 86400 + day % 86400);
		struct tm tm;

		gmtime_r(&s, &tm);
		strftime(theirs, sizeof(theirs), "%Y-%m-%dT%H:%M:%S.000Z", &tm);
		assert_string_equal(clock_text(s * US_PER_S, ours), theirs);
	}
}

static void
test_clock_next_hour_goes_by_the_clocks_of_the_place(void **state)
{
	static const struct {
		const char *zone, *at, *next;
	} cases[] = {
		{ "UTC0", "2026-01-31T00:00:00Z", "2026-01-31T03:00:00.000Z" },
		{ "UTC0", "2026-01-31T02:59:59.999Z", "2026-01-31T03:00:00.000Z" },
		{ "UTC0", "2026-01-31T03:00:00Z", "2026-02-01T03:00:00.000Z" },
		{ "UTC0", "2026-12-31T23:00:00Z", "2027-01-01T03:00:00.000Z" },
		{ "XST-5:30", "2026-01-31T00:00:00Z", "2026-01-31T21:30:00.000Z" },
		/* Forward from 2 to 3 o'clock at the end of March, back at the end of October. */
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-28T02:30:00Z",
		  "2026-03-29T01:00:00.000Z" },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-03-29T01:00:00Z",
		  "2026-03-30T01:00:00.000Z" },
		{ "CET-1CEST,M3.5.0,M10.5.0/3", "2026-10-24T20:00:00Z",
		  "2026-10-25T02:00:00.000Z" },
	};
	int64_t at;
	char text[CLOCK_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		setenv("TZ", cases[i].zone, 1);
		tzset();
		assert_true(clock_parse(cases[i].at, &at));
		assert_string_equal(clock_text(clock_next_hour(at, 3), text), cases[i].next);
	}
	unsetenv("TZ");
	tzset();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_clock_parse_reads_offsets_and_fractions),
		cmocka_unit_test(test_clock_parse_refuses_what_is_no_instant),
		cmocka_unit_test(test_clock_text_is_read_back),
		cmocka_unit_test(test_clock_text_agrees_with_the_c_library),
		cmocka_unit_test(test_clock_next_hour_goes_by_the_clocks_of_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
