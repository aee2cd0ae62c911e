/* Messages that ask for seats are read strictly (daemon/reserve_message.h). */
#include <string.h>

#include "ctx_case.h"

#include "daemon/reserve_message.h"
#include "relay/message.h"

#define BOOKING "0197aaaa-0000-7000-8000-000000000007"
#define SEAT    "00000000-0007-8000-8000-000000000005"

static void
test_reserve_message_takes_what_the_relay_sends(void **state)
{
	struct journal_row row = { .at = { 81234, 1077 },
		                   .event_id = 7,
		                   .has_booking = true,
		                   .user_id = "42",
		                   .correlation_id = "req-1",
		                   .type = "booking.requested",
		                   .payload = "{\"seats\":[],\"queue\":{\"positions\":[]}}" };
	struct message_kafka kafka[MESSAGES_KAFKA];
	struct reserve_message asked;
	const char *why;
	bool readable;

	(void)state;
	assert_true(uuid_parse(BOOKING, &row.booking_id));
	assert_int_equal(message_for_kafka(ctx, &row, kafka, &readable), 2);
	assert_int_equal(reserve_message_read(ctx, kafka[1].value, kafka[1].len, &asked, &why),
	                 ERR_OK);
	assert_true(uuid_equal(&asked.booking_id, &row.booking_id));
	assert_int_equal(asked.event_id, 7);
}

static void
test_reserve_message_says_why_not(void **state)
{
	static const char *const cases[][2] = {
		{ "", "not JSON: " },
		{ "{\"booking_id\":\"" BOOKING "\",\"event_id\":7}x", "not JSON: " },
		{ "{\"booking_id\":\"" BOOKING "\",\"booking_id\":\"" BOOKING "\",\"event_id\":7}",
		  "not JSON: " },
		{ "[]", "not a JSON object" },
		{ "{\"event_id\":7}", "booking_id is missing" },
		{ "{\"Booking_Id\":\"" BOOKING "\",\"event_id\":7}", "booking_id is missing" },
		{ "{\"booking_id\":7,\"event_id\":7}", "booking_id is not a string" },
		{ "{\"booking_id\":\"7\",\"event_id\":7}", "booking_id is not the id" },
		{ "{\"booking_id\":\"" SEAT "\",\"event_id\":7}", "booking_id is not the id" },
		{ "{\"booking_id\":\"0197aaaa-0000-7000-8000-000080000000\",\"event_id\":7}",
		  "booking_id is not the id" },
		{ "{\"booking_id\":\"" BOOKING "\"}", "event_id is missing" },
		{ "{\"booking_id\":\"" BOOKING "\",\"event_id\":\"7\"}",
		  "event_id is not a number" },
		{ "{\"booking_id\":\"" BOOKING "\",\"event_id\":8}", "event_id is not the event" },
		{ "{\"booking_id\":\"" BOOKING "\",\"event_id\":7.5}",
		  "event_id is not the event" },
		{ "{\"booking_id\":\"" BOOKING "\",\"event_id\":1e999}",
		  "event_id is not the event" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct reserve_message asked;
		const char *why = NULL;

		assert_int_equal(reserve_message_read(ctx, cases[i][0], strlen(cases[i][0]), &asked,
		                                      &why),
		                 ERR_VALIDATION_ERROR);
		assert_memory_equal(why, cases[i][1], strlen(cases[i][1]));
	}
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_reserve_message_takes_what_the_relay_sends),
		TEST(test_reserve_message_says_why_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
