#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "base/clock.h"
#include "base/err.h"
#include "base/ids.h"
#include "base/json_write.h"
#include "base/metrics.h"
#include "base/money.h"
#include "base/sort.h"

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
test_uuid_of_event_carries_the_event(void **state)
{
	char text[UUID_TEXT];
	struct uuid u = uuid_of_event(123456), back;

	(void)state;
	assert_int_equal(uuid_event(&u), 123456);
	assert_int_equal(u.b[6] >> 4, 7);
	assert_int_equal(u.b[8] >> 6, 2);
	assert_true(uuid_parse(uuid_text(&u, text), &back));
	assert_memory_equal(&u, &back, sizeof(u));
}

static void
test_uuid_of_seat_is_spelled_as_designed(void **state)
{
	char text[UUID_TEXT];
	struct uuid u = uuid_of_seat(5, 12);
	int32_t event, seat;

	(void)state;
	assert_string_equal(uuid_text(&u, text), "00000000-0005-8000-8000-00000000000c");
	assert_true(uuid_seat(&u, &event, &seat));
	assert_int_equal(event, 5);
	assert_int_equal(seat, 12);
}

static void
test_uuid_seat_refuses_other_uuids(void **state)
{
	static const char *const bad[] = {
		"00000000-0000-8000-8000-00000000000c", "00000000-0005-7000-8000-00000000000c",
		"00010000-0005-8000-8000-00000000000c", "00000000-0005-8000-8000-00010000000c",
		"00000000-0005-8000-8000-0000ffffffff",
	};
	struct uuid u;
	int32_t event, seat;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(uuid_parse(bad[i], &u));
		assert_false(uuid_seat(&u, &event, &seat));
	}
	assert_false(uuid_parse("00000000-0005-8000-8000-00000000000", &u));
	assert_false(uuid_parse("00000000-0005-8000-8000-00000000000g", &u));
	assert_false(uuid_parse("000000000005-8000-8000-00000000000c--", &u));
	assert_false(uuid_parse("00000000-0005-8000-8000-00000000000c0", &u));
}

static void
test_uuid_of_message_sorts_like_the_journal(void **state)
{
	static const int64_t seqs[] = {
		1, 2, 0xfff, 0x1000, 0x12345678, INT64_C(0xffffffffffff), (INT64_C(1) << 60) - 1
	};
	struct uuid before = { { 0 } };
	char text[UUID_TEXT];
	int32_t event, seat;

	(void)state;
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		for (uint32_t place = 0; place < 3; place++) {
			struct uuid u = uuid_of_message(seqs[i], place);

			assert_true(memcmp(&before, &u, sizeof(u)) < 0);
			assert_int_equal(u.b[6] >> 4, 8);
			assert_int_equal(u.b[8] >> 6, 2);
			assert_false(uuid_seat(&u, &event, &seat));
			before = u;
		}
	}
	assert_string_equal(uuid_text(&before, text), "ffffffff-ffff-8fff-8001-000000000002");
	before = uuid_of_message(0x12345678, 1);
	assert_string_equal(uuid_text(&before, text), "00000001-2345-8678-8001-000000000001");
}

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

static void
test_jsonw_escapes_and_puts_commas(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct jsonw w;

	(void)state;
	jsonw_init(&w, ctx, 0);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "a", "x\"\\\n\x01y");
	jsonw_int(&w, "b", INT64_MIN);
	jsonw_open(&w, "c", '[');
	jsonw_int(&w, NULL, 0);
	jsonw_null(&w, NULL);
	jsonw_bool(&w, NULL, true);
	jsonw_real(&w, NULL, 478.85213);
	jsonw_close(&w, ']');
	jsonw_name(&w, "d\"e");
	jsonw_str(&w, NULL, NULL);
	jsonw_time(&w, "f", -1);
	jsonw_close(&w, '}');
	assert_string_equal(jsonw_text(&w),
	                    "{\"a\":\"x\\\"\\\\\\n\\u0001y\",\"b\":-9223372036854775808,"
	                    "\"c\":[0,null,true,478.85213],\"d\\\"e\":null,\"f\":null}");
	talloc_free(ctx);
}

static void
test_err_inner_errors_answer_as_unavailable(void **state)
{
	(void)state;
	assert_string_equal(err_code(ERR_DB_LOST), "UNAVAILABLE");
	assert_int_equal(err_status(ERR_TX_RETRY, FACE_V1), 503);
	assert_string_equal(err_code(ERR_SEAT_ALREADY_RESERVED), "SEAT_ALREADY_RESERVED");
	assert_int_equal(err_status(ERR_SEAT_ALREADY_RESERVED, FACE_V1), 409);
	assert_int_equal(err_status(ERR_SEAT_ALREADY_RESERVED, FACE_QUEUE), 400);
}

static void
test_metrics_show_what_was_counted(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text;

	(void)state;
	metrics_init();
	metrics_name_route(0, "GET /x");
	metrics_status(201);
	metrics_status(418);
	metrics_observe(METRIC_REQUEST_TIME, 0, 3);
	metrics_add(METRIC_RELAY_ROWS, SINK_KAFKA, 7);
	metrics_set(METRIC_JOURNAL_LAG, SINK_REDIS, 5);
	metrics_set(METRIC_JOURNAL_LAG, SINK_REDIS, -2);
	text = metrics_text(ctx);
	assert_non_null(strstr(text, "rowlock_requests_total{status=\"201\"} 1\n"));
	assert_non_null(strstr(text, "rowlock_requests_total{status=\"other\"} 1\n"));
	assert_non_null(
	    strstr(text, "rowlock_request_seconds_bucket{route=\"GET /x\",le=\"2e-06\"} 0\n"));
	assert_non_null(
	    strstr(text, "rowlock_request_seconds_bucket{route=\"GET /x\",le=\"4e-06\"} 1\n"));
	assert_non_null(strstr(text, "rowlock_relay_rows_total{sink=\"kafka\"} 7\n"));
	assert_non_null(strstr(text, "# TYPE rowlock_journal_lag_milliseconds gauge\n"));
	assert_non_null(strstr(text, "rowlock_journal_lag_milliseconds{sink=\"redis\"} -2\n"));
	assert_non_null(strstr(text, "rowlock_request_seconds_count{route=\"GET /x\"} 1\n"));
	talloc_free(ctx);
}

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
		cmocka_unit_test(test_uuid_of_event_carries_the_event),
		cmocka_unit_test(test_uuid_of_seat_is_spelled_as_designed),
		cmocka_unit_test(test_uuid_seat_refuses_other_uuids),
		cmocka_unit_test(test_uuid_of_message_sorts_like_the_journal),
		cmocka_unit_test(test_money_follows_the_currency),
		cmocka_unit_test(test_money_sums_are_exact_however_large),
		cmocka_unit_test(test_jsonw_escapes_and_puts_commas),
		cmocka_unit_test(test_err_inner_errors_answer_as_unavailable),
		cmocka_unit_test(test_metrics_show_what_was_counted),
		cmocka_unit_test(test_sort_distinct_sorts_and_drops_repeats),
		cmocka_unit_test(test_clock_next_hour_goes_by_the_clocks_of_the_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
