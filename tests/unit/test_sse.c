/* Server-sent events as each face spells them. */
#include "ctx_case.h"

#include "api/stream/sse.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_sse_status_of_the_queue_face),
		TEST(test_sse_status_of_v1),
		TEST(test_sse_seats),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
