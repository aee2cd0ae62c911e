/* Messages of Redis, as streams read them. */
#include <string.h>

#include "ctx_case.h"

#include "core/journal/change.h"

#define BOOKING "01a1feeb-b4e4-7fa1-9e53-c0a900000007"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_change_parse_reads_all_members),
		TEST(test_change_parse_refuses_what_is_not_ours),
		TEST(test_change_parse_seats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
