#include <string.h>

#include "ctx_case.h"

#include "api/stream/sse.h"
#include "live/read_seats.h"

/* --- Cursors. --- */

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

/* --- Texts. --- */

#define BOOKING "01a1feeb-b4e4-7fa1-9e53-c0a900000007"

static struct change
a_change(void)
{
	struct change c = { .cursor = { 740, 2 },
		            .event_id = 7,
		            .status = BOOKING_PENDING,
		            .at_us = INT64_C(1769818200000000) };

	assert_true(uuid_parse(BOOKING, &c.booking_id));
	return c;
}

static void
test_sse_status_of_the_queue_face(void **state)
{
	struct change c = a_change();

	(void)state;
	assert_string_equal(
	    sse_status(ctx, FACE_QUEUE, &c),
	    "id: 740-2\nevent: status_update\ndata: {\"event_type\":\"status_update\","
	    "\"booking_id\":\"" BOOKING "\",\"event_id\":7,\"status\":\"pending_payment\","
	    "\"at\":\"2026-01-31T00:10:00.000Z\"}\n\n");
	c.status = BOOKING_FAILED;
	c.positions = "[\"1-5\",\"1-6\"]";
	c.message = "Gone: \"x\"\nand so on";
	assert_string_equal(
	    sse_status(ctx, FACE_QUEUE, &c),
	    "id: 740-2\nevent: status_update\ndata: {\"event_type\":\"status_update\","
	    "\"booking_id\":\"" BOOKING "\",\"event_id\":7,\"status\":\"failed\","
	    "\"seat_positions\":[\"1-5\",\"1-6\"],"
	    "\"error_message\":\"Gone: \\\"x\\\"\\nand so on\","
	    "\"at\":\"2026-01-31T00:10:00.000Z\"}\n\n");
}

static void
test_sse_status_of_v1(void **state)
{
	struct change c = a_change();
	int32_t seats[] = { 5, 12 };

	(void)state;
	c.seats = seats;
	c.n_seats = 2;
	c.positions = "[\"1-5\"]"; /* are the other face's */
	assert_string_equal(
	    sse_status(ctx, FACE_V1, &c),
	    "id: 740-2\nevent: status_update\ndata: {\"eventType\":\"status_update\","
	    "\"bookingId\":\"" BOOKING "\","
	    "\"eventId\":\"00000000-0007-8000-8000-000000000000\",\"status\":\"PENDING\","
	    "\"seatIds\":[\"00000000-0007-8000-8000-000000000005\","
	    "\"00000000-0007-8000-8000-00000000000c\"],"
	    "\"at\":\"2026-01-31T00:10:00.000Z\"}\n\n");
}

static void
test_sse_seats(void **state)
{
	const struct seat_state seats[] = { { 5, SEAT_FREE },
		                            { 6, SEAT_HELD },
		                            { 7, SEAT_RESERVED },
		                            { 8, SEAT_SOLD },
		                            { 9, SEAT_BLOCKED } };
	const struct seats_news news = { { 741, 0 }, 12, false, seats, 5 };
	const struct seats_news none = { { 741, 0 }, 12, true, NULL, 0 };

	(void)state;
	assert_string_equal(sse_seats(ctx, &news),
	                    "id: 741-0\nevent: seats\ndata: {\"version\":12,\"changes\":["
	                    "[5,\"available\"],[6,\"held\"],[7,\"reserved\"],[8,\"sold\"],"
	                    "[9,\"blocked\"]]}\n\n");
	assert_string_equal(sse_seats(ctx, &none),
	                    "id: 741-0\nevent: seats\ndata: {\"version\":12,\"snapshot\":true,"
	                    "\"changes\":[]}\n\n");
}

/* --- Messages of Redis. --- */

static enum err
parse(const char *text, struct change *out)
{
	return change_parse(ctx, text, strlen(text), out);
}

#define HEAD "{\"cursor\":\"81234-1077\",\"event_type\":\"status_update\","
#define TAIL "\"event_id\":7,\"at\":\"2026-01-31T00:10:00.000Z\"}"

static void
test_change_parse_reads_all_members(void **state)
{
	struct change c;

	(void)state;
	assert_int_equal(parse(HEAD
	                       "\"booking_id\":\"" BOOKING "\",\"state\":\"failed\",\"status\":"
	                       "\"failed\",\"seat_positions\":[\"1-5\", \"1-6\"],\"seats\":[5,6],"
	                       "\"error_message\":\"why\"," TAIL,
	                       &c),
	                 ERR_OK);
	assert_int_equal(c.cursor.xid, 81234);
	assert_int_equal(c.cursor.seq, 1077);
	assert_int_equal(c.status, BOOKING_FAILED);
	assert_int_equal(c.event_id, 7);
	assert_int_equal(c.n_seats, 2);
	assert_int_equal(c.seats[1], 6);
	assert_string_equal(c.positions, "[\"1-5\",\"1-6\"]");
	assert_string_equal(c.message, "why");
	assert_int_equal(c.at_us, INT64_C(1769818200000000));
	assert_int_equal(parse(HEAD "\"booking_id\":\"" BOOKING "\",\"state\":\"pending\"," TAIL,
	                       &c),
	                 ERR_OK);
	assert_null(c.positions);
	assert_null(c.message);
	assert_int_equal(c.n_seats, 0);
}

static void
test_change_parse_refuses_what_is_not_ours(void **state)
{
	static const char *const bad[] = {
		"",
		"null",
		"[]",
		"{}",
		"7",
		"{\"cursor\":",
		HEAD TAIL,
		HEAD "\"booking_id\":\"x\",\"state\":\"pending\"," TAIL,
		HEAD "\"booking_id\":\"" BOOKING "\",\"state\":\"lost\"," TAIL,
		HEAD "\"booking_id\":\"" BOOKING "\",\"state\":7," TAIL,
		HEAD "\"booking_id\":\"" BOOKING "\",\"state\":\"pending\",\"seats\":[0]," TAIL,
		HEAD "\"booking_id\":\"" BOOKING "\",\"state\":\"pending\",\"seats\":[1.5]," TAIL,
		HEAD "\"booking_id\":\"" BOOKING
		     "\",\"state\":\"pending\",\"seats\":[3000000000]," TAIL,
	};
	struct change c;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(parse(bad[i], &c), ERR_VALIDATION_ERROR);
}

static void
test_change_parse_seats(void **state)
{
	static const char good[] =
	    "{\"cursor\":\"1-2\",\"event_id\":7,\"changes\":[[5,\"reserved\"],[6,\"available\"]]}";
	static const char none[] = "{\"cursor\":\"1-2\",\"event_id\":7,\"changes\":[]}";
	static const char *const bad[] = {
		"{\"cursor\":\"1-2\",\"event_id\":7}",
		"{\"cursor\":\"1-2\",\"changes\":[[5]]}",
		"{\"cursor\":\"1-2\",\"changes\":[[5,\"free\"]]}",
		"{\"cursor\":\"1-2\",\"changes\":[[5,\"sold\",1]]}",
		"{\"cursor\":\"1-2\",\"changes\":[[\"5\",\"sold\"]]}",
		"{\"cursor\":\"1\",\"changes\":[]}",
	};
	struct seats_change c;

	(void)state;
	assert_int_equal(change_parse_seats(ctx, good, strlen(good), &c), ERR_OK);
	assert_int_equal(c.n, 2);
	assert_int_equal(c.seats[0].no, 5);
	assert_int_equal(c.seats[0].status, SEAT_RESERVED);
	assert_int_equal(c.seats[1].status, SEAT_FREE);
	assert_int_equal(change_parse_seats(ctx, none, strlen(none), &c), ERR_OK);
	assert_int_equal(c.n, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(change_parse_seats(ctx, bad[i], strlen(bad[i]), &c),
		                 ERR_VALIDATION_ERROR);
}

/* --- Since when: of an event whose rows are 1-1, 2-2 … 20-20, one a second. --- */

#define ROWS 20

static struct read_seats
a_read(struct seats_row rows[ROWS])
{
	for (int i = 0; i < ROWS; i++)
		rows[i] = (struct seats_row){
			{ (uint64_t)(ROWS - i), ROWS - i }, (ROWS - i) * 4000000, NULL, 0
		};
	return (struct read_seats){ .horizon = ROWS + 1,
		                    .version = ROWS,
		                    .visible = ROWS,
		                    .rows = rows,
		                    .n_rows = ROWS,
		                    .all_rows = true };
}

static void
test_seats_read_rows_after_counts_what_is_behind(void **state)
{
	struct seats_row rows[ROWS];
	struct read_seats r = a_read(rows);
	size_t n;

	(void)state;
	assert_true(read_seats_rows_after(&r, &(struct cursor){ 15, 15 }, &n));
	assert_int_equal(n, 5);
	assert_true(read_seats_rows_after(&r, &(struct cursor){ ROWS + 1, 0 }, &n));
	assert_int_equal(n, 0);
	assert_false(read_seats_rows_after(&r, &(struct cursor){ ROWS + 1, 1 }, &n)); /* to come */
	r.n_rows = 10;
	r.all_rows = false;
	assert_true(read_seats_rows_after(&r, &(struct cursor){ 11, 11 }, &n));
	assert_int_equal(n, 9);
	assert_false(
	    read_seats_rows_after(&r, &(struct cursor){ 10, 10 }, &n)); /* not read so far */
}

static void
test_seats_read_rows_since_adds_those_at_work_at_the_time(void **state)
{
	struct seats_row rows[ROWS];
	struct read_seats r = a_read(rows);
	size_t n;

	(void)state;
	assert_true(read_seats_rows_since(&r, ROWS, &n));
	assert_int_equal(n, 0);
	assert_true(read_seats_rows_since(&r, 15, &n)); /* five, and 20 s before the first */
	assert_int_equal(n, 10);
	rows[6].at_us = 0; /* was at work for long */
	assert_true(read_seats_rows_since(&r, 15, &n));
	assert_int_equal(n, 10);
	assert_true(read_seats_rows_since(&r, 0, &n));
	assert_int_equal(n, ROWS);
	assert_false(read_seats_rows_since(&r, ROWS + 1, &n)); /* to come */
	r.visible = ROWS + 2; /* two above the horizon: of the rows below, some may not be known */
	assert_true(read_seats_rows_since(&r, ROWS + 1, &n));
	assert_int_equal(n, 6);
	r.n_rows = 8;
	r.all_rows = false;
	assert_false(read_seats_rows_since(&r, 15, &n)); /* the 20 s were not read */
	assert_false(read_seats_rows_since(&r, 5, &n));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_cursor_text_and_parse_agree),
		TEST(test_cursor_parse_refuses_all_else),
		TEST(test_cursor_compare_goes_by_xid_then_seq),
		TEST(test_sse_status_of_the_queue_face),
		TEST(test_sse_status_of_v1),
		TEST(test_sse_seats),
		TEST(test_change_parse_reads_all_members),
		TEST(test_change_parse_refuses_what_is_not_ours),
		TEST(test_change_parse_seats),
		TEST(test_seats_read_rows_after_counts_what_is_behind),
		TEST(test_seats_read_rows_since_adds_those_at_work_at_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
