/* The messages of a journal row (relay/message.h), member by member. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/json_check.h"
#include "relay/message.h"

#define BOOKING "0197aaaa-0000-7000-8000-000000000007"
#define EVENT   "00000000-0007-8000-8000-000000000000"
#define SEAT_5  "00000000-0007-8000-8000-000000000005"
#define SEAT_6  "00000000-0007-8000-8000-000000000006"
#define AT      "2026-01-31T00:10:00.250Z"
#define QUEUE   "\"queue\":{\"section\":\"A\",\"subsection\":2,\"positions\":[\"1-5\",\"1-6\"]}"

/* The 0 before -8001 is the message's place. */
#define ID(place) "00000000-0000-8435-8001-00000000000" place

static TALLOC_CTX *ctx;
static struct journal_row row;
static struct message_redis redis[MESSAGES_REDIS];
static struct message_kafka kafka[MESSAGES_KAFKA];
static bool readable;

static int
setup(void **state)
{
	(void)state;
	ctx = talloc_new(NULL);
	row = (struct journal_row){ .at = { 81234, 1077 },
		                    .event_id = 7,
		                    .has_booking = true,
		                    .at_us = INT64_C(1769818200250000),
		                    .user_id = "42",
		                    .correlation_id = "req-1",
		                    .payload = "{}" };
	assert_true(uuid_parse(BOOKING, &row.booking_id));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	talloc_free(ctx);
	return 0;
}

static size_t
tell_redis(const char *type, const char *payload)
{
	row.type = type;
	row.payload = payload;
	return message_for_redis(ctx, &row, redis, &readable);
}

static size_t
tell_kafka(const char *type, const char *payload)
{
	row.type = type;
	row.payload = payload;
	return message_for_kafka(ctx, &row, kafka, &readable);
}

/* One message is exactly this. */
static void
is(const struct message_kafka *m, const char *topic, const char *id, const char *value)
{
	char text[UUID_TEXT];

	assert_string_equal(m->topic, topic);
	assert_string_equal(uuid_text(&m->id, text), id);
	assert_string_equal(m->value, value);
	assert_int_equal(m->len, strlen(value));
}

#define ENVELOPE(place, type, payload)                                                             \
	"{\"eventId\":\"" ID(                                                                      \
	    place) "\",\"eventType\":\"" type "\",\"timestamp\":\"" AT                             \
		   "\",\"version\":\"1.0\",\"correlationId\":\"req-1\",\"payload\":{" payload "}}"
#define WHO "\"bookingId\":\"" BOOKING "\",\"userId\":\"42\""

/* A row whose only message for Kafka is an envelope with this payload. */
static void
check_envelope(const char *type, const char *payload, const char *value)
{
	assert_int_equal(tell_kafka(type, payload), 1);
	assert_true(readable);
	is(&kafka[0], type, ID("0"), value);
	assert_string_equal(kafka[0].key, row.has_booking ? BOOKING : EVENT);
}

static void
test_message_for_kafka_says_what_each_type_means(void **state)
{
	(void)state;
	check_envelope(
	    "booking.created",
	    "{\"seats\":[5,6],\"prices\":[2000,2050],\"total\":4050,\"currency\":\"USD\","
	    "\"expiresAt\":\"2026-01-31T00:20:00.250Z\"}",
	    ENVELOPE("0", "booking.created",
	             WHO ",\"eventId\":\"" EVENT "\",\"seatIds\":[\"" SEAT_5 "\",\"" SEAT_6
	                 "\"],\"totalAmount\":40.50,\"currency\":\"USD\","
	                 "\"expiresAt\":\"2026-01-31T00:20:00.250Z\""));
	check_envelope("booking.confirmed",
	               "{\"from\":\"pending\",\"seats\":[5],\"ticketReference\":\"T-1\"}",
	               ENVELOPE("0", "booking.confirmed",
	                        WHO ",\"ticketReference\":\"T-1\",\"confirmedAt\":\"" AT "\""));
	check_envelope("booking.cancelled",
	               "{\"from\":\"pending\",\"reason\":\"USER_CANCELLED\",\"seats\":[5]}",
	               ENVELOPE("0", "booking.cancelled",
	                        WHO ",\"reason\":\"USER_CANCELLED\",\"releasedSeatIds\":[\"" SEAT_5
	                            "\"]"));
	check_envelope("booking.refunded", "{\"reason\":\"EVENT_CANCELLED\",\"seats\":[]}",
	               ENVELOPE("0", "booking.refunded",
	                        WHO ",\"reason\":\"EVENT_CANCELLED\",\"releasedSeatIds\":[]"));
	check_envelope(
	    "booking.failed",
	    "{\"from\":\"requested\",\"reason\":\"SEAT_ALREADY_RESERVED\",\"message\":\"Gone\","
	    "\"seats\":[]}",
	    ENVELOPE("0", "booking.failed",
	             WHO ",\"eventId\":\"" EVENT "\",\"reason\":\"SEAT_ALREADY_RESERVED\","
	                 "\"message\":\"Gone\""));
	check_envelope("booking.paying", "{\"from\":\"pending\"}",
	               ENVELOPE("0", "booking.paying", WHO ",\"eventId\":\"" EVENT "\""));
	check_envelope("booking.payment_failed", "{\"from\":\"paying\",\"reason\":\"DECLINED\"}",
	               ENVELOPE("0", "booking.payment_failed",
	                        WHO ",\"eventId\":\"" EVENT "\",\"reason\":\"DECLINED\""));
	check_envelope("booking.extended", "{\"expiresAt\":null}",
	               ENVELOPE("0", "booking.extended",
	                        WHO ",\"eventId\":\"" EVENT "\",\"expiresAt\":null"));
}

static void
test_message_for_kafka_has_the_event_as_key_where_there_is_no_booking(void **state)
{
	(void)state;
	row.has_booking = false;
	check_envelope("seats.held", "{\"seats\":[5],\"expiresAt\":\"2026-01-31T00:10:00.000Z\"}",
	               ENVELOPE("0", "seats.held",
	                        "\"userId\":\"42\",\"eventId\":\"" EVENT "\",\"seatIds\":[\"" SEAT_5
	                        "\"],\"expiresAt\":\"2026-01-31T00:10:00.000Z\""));
	check_envelope("seats.released", "{\"seats\":[5]}",
	               ENVELOPE("0", "seats.released",
	                        "\"userId\":\"42\",\"eventId\":\"" EVENT "\",\"seatIds\":[\"" SEAT_5
	                        "\"]"));
	row.user_id = NULL;
	check_envelope("event.on_sale", "{}",
	               ENVELOPE("0", "event.on_sale", "\"eventId\":\"" EVENT "\""));
	check_envelope("event.cancelled", "{}",
	               ENVELOPE("0", "event.cancelled", "\"eventId\":\"" EVENT "\""));
}

static void
test_message_for_kafka_tells_an_expiry_as_a_cancellation_too(void **state)
{
	(void)state;
	assert_int_equal(
	    tell_kafka("booking.expired",
	               "{\"from\":\"pending\",\"reason\":\"EXPIRED\",\"seats\":[5]," QUEUE "}"),
	    3);
	is(&kafka[0], "booking.expired", ID("0"),
	   ENVELOPE("0", "booking.expired",
	            WHO ",\"reason\":\"EXPIRED\",\"releasedSeatIds\":[\"" SEAT_5 "\"]"));
	is(&kafka[1], "booking.cancelled", ID("1"),
	   ENVELOPE("1", "booking.cancelled",
	            WHO ",\"reason\":\"EXPIRED\",\"releasedSeatIds\":[\"" SEAT_5 "\"]"));
	is(&kafka[2], "BookingCancelledEvent", ID("2"),
	   "{\"booking_id\":\"" BOOKING "\",\"buyer_id\":42,\"event_id\":7,\"section\":\"A\","
	   "\"subsection\":2,\"seat_positions\":[\"1-5\",\"1-6\"],\"cancelled_at\":\"" AT "\"}");
}

static void
test_message_for_kafka_tells_what_was_asked_for_in_the_queue(void **state)
{
	(void)state;
	assert_int_equal(
	    tell_kafka("booking.requested",
	               "{\"seats\":[5,6],\"prices\":[2000,2000],\"total\":4000,\"currency\":"
	               "\"USD\",\"queue\":{"
	               "\"section\":\"A\",\"subsection\":1,\"positions\":[\"1-5\"],\"quantity\":2,"
	               "\"mode\":\"manual\",\"config\":{\"rows\":10,\"cols\":20,\"price\":2050}}}"),
	    2);
	is(&kafka[0], "booking.requested", ID("0"),
	   ENVELOPE("0", "booking.requested",
	            WHO ",\"eventId\":\"" EVENT "\",\"seatIds\":[\"" SEAT_5 "\",\"" SEAT_6
	                "\"],\"totalAmount\":40.00,\"currency\":\"USD\""));
	is(&kafka[1], "BookingCreatedDomainEvent", ID("1"),
	   "{\"booking_id\":\"" BOOKING "\",\"buyer_id\":42,\"event_id\":7,\"total_price\":40,"
	   "\"section\":\"A\",\"subsection\":1,\"quantity\":2,\"seat_selection_mode\":\"manual\","
	   "\"seat_positions\":[\"1-5\"],\"status\":\"processing\",\"occurred_at\":\"" AT "\","
	   "\"config\":{\"rows\":10,\"cols\":20,\"price\":20.50}}");
	row.user_id = "ann \"x\"";
	assert_int_equal(
	    tell_kafka("booking.requested",
	               "{\"seats\":[],\"total\":0,\"currency\":\"JPY\",\"queue\":{"
	               "\"section\":null,\"subsection\":null,\"positions\":[],\"quantity\":2,"
	               "\"mode\":\"best_available\",\"config\":{\"rows\":null,\"cols\":null,"
	               "\"price\":null}}}"),
	    2);
	assert_true(readable);
	assert_string_equal(kafka[1].value,
	                    "{\"booking_id\":\"" BOOKING
	                    "\",\"buyer_id\":\"ann \\\"x\\\"\",\"event_id\":7,"
	                    "\"total_price\":0,\"section\":null,\"subsection\":null,\"quantity\":2,"
	                    "\"seat_selection_mode\":\"best_available\",\"seat_positions\":[],"
	                    "\"status\":\"processing\",\"occurred_at\":\"" AT "\","
	                    "\"config\":{\"rows\":null,\"cols\":null,\"price\":null}}");
}

static void
test_message_for_kafka_gives_domain_events_of_the_queue_only(void **state)
{
	(void)state;
	assert_int_equal(tell_kafka("booking.requested", "{\"seats\":[]}"), 1);
	assert_int_equal(tell_kafka("booking.cancelled", "{\"seats\":[]}"), 1);
	assert_int_equal(tell_kafka("booking.cancelled", "{\"seats\":[]," QUEUE "}"), 2);
	assert_int_equal(tell_kafka("booking.expired", "{\"seats\":[]}"), 2);
	assert_int_equal(tell_kafka("booking.created", "{\"seats\":[]," QUEUE "}"), 1);
	assert_int_equal(tell_kafka("booking.failed", "{\"seats\":[]," QUEUE "}"), 1);
}

static void
test_message_for_kafka_writes_buyers_that_are_whole_numbers_as_such(void **state)
{
	static const char *const cases[][2] = {
		{ "0", ":0," },
		{ "9007199254740991", ":9007199254740991," },
		{ "9007199254740992", ":\"9007199254740992\"," },
		{ "007", ":\"007\"," },
		{ "-1", ":\"-1\"," },
		{ "1.5", ":\"1.5\"," },
		{ "", ":\"\"," },
		{ "99999999999999999999", ":\"99999999999999999999\"," },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const char *buyer;

		row.user_id = cases[i][0];
		assert_int_equal(tell_kafka("booking.cancelled", "{\"seats\":[]," QUEUE "}"), 2);
		buyer = strstr(kafka[1].value, "\"buyer_id\"");
		assert_non_null(buyer);
		assert_memory_equal(buyer + 10, cases[i][1], strlen(cases[i][1]));
	}
}

static void
test_message_for_kafka_tells_unknown_types_as_what_is_known(void **state)
{
	(void)state;
	check_envelope("ticket.scanned", "{\"seats\":[5],\"gate\":\"north\",\"reason\":\"R\"}",
	               ENVELOPE("0", "ticket.scanned",
	                        WHO ",\"eventId\":\"" EVENT "\",\"seatIds\":[\"" SEAT_5
	                            "\"],\"reason\":\"R\""));
	check_envelope("refund.requested", "{}",
	               ENVELOPE("0", "refund.requested", WHO ",\"eventId\":\"" EVENT "\""));
	assert_int_equal(tell_kafka("a b/ä", "{}"), 1);
	assert_string_equal(kafka[0].topic, "_a_b___");
	assert_non_null(strstr(kafka[0].value, "\"eventType\":\"a b/ä\""));
	assert_int_equal(tell_kafka("..", "{}"), 1);
	assert_string_equal(kafka[0].topic, "_..");
	assert_int_equal(tell_kafka("", "{}"), 1);
	assert_string_equal(kafka[0].topic, "_");
	row.type = talloc_asprintf(ctx, "%0300d", 0);
	assert_int_equal(tell_kafka(row.type, "{}"), 1);
	assert_int_equal(strlen(kafka[0].topic), 249);
}

/* Every payload that cannot be read is told with what can be, and is marked. */
static void
test_message_is_told_whatever_the_payload(void **state)
{
	static const char *const bad[] = {
		"",
		"[]",
		"null",
		"7",
		"{",
		"{\"seats\":7}",
		"{\"seats\":[0]}",
		"{\"seats\":[1.5]}",
		"{\"seats\":[\"1\"]}",
		"{\"seats\":[2147483648]}",
		"{\"total\":-1}",
		"{\"total\":1e999}",
		"{\"total\":0.5}",
		"{\"currency\":5}",
		"{\"queue\":[]}",
		"{\"queue\":{\"positions\":[5]}}",
		"{\"queue\":{\"subsection\":3000000000}}",
		"{\"queue\":{\"config\":7}}",
		"{\"reason\":{}}",
		"{\"message\":[]}",
		"{\"expiresAt\":7}",
		"{\"seats\":[1],\"seats\":[2]}",
	};
	static const char *const types[] = { "booking.requested", "booking.created",
		                             "booking.expired", "seats.held", "new" };

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		for (size_t t = 0; t < sizeof(types) / sizeof(types[0]); t++) {
			struct json_fault fault;
			size_t n = tell_kafka(types[t], bad[i]);

			assert_false(readable);
			assert_in_range(n, 1, MESSAGES_KAFKA);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(json_check(ctx, kafka[k].value, kafka[k].len,
				                            &fault),
				                 ERR_OK);
			n = tell_redis(types[t], bad[i]);
			assert_false(readable);
			for (size_t k = 0; k < n; k++)
				assert_int_equal(json_check(ctx, redis[k].text, redis[k].len,
				                            &fault),
				                 ERR_OK);
		}
	}
	assert_int_equal(tell_kafka("booking.created", "{"), 1);
	assert_string_equal(kafka[0].value,
	                    ENVELOPE("0", "booking.created", WHO ",\"eventId\":\"" EVENT "\""));
	assert_int_equal(tell_redis("booking.created", "{"), 2);
	assert_null(strstr(redis[0].text, "seats"));
	assert_non_null(strstr(redis[1].text, "\"changes\":[]"));
}

static void
test_message_for_redis_is_of_the_booking_and_of_its_seats(void **state)
{
	(void)state;
	assert_int_equal(tell_redis("booking.created",
	                            "{\"seats\":[5,6],\"total\":1,\"currency\":\"USD\"," QUEUE "}"),
	                 2);
	assert_true(readable);
	assert_string_equal(redis[0].channel, "booking:status:42:7");
	assert_string_equal(
	    redis[0].text,
	    "{\"cursor\":\"81234-1077\",\"event_type\":\"status_update\",\"booking_id\":\"" BOOKING
	    "\",\"event_id\":7,\"state\":\"pending\",\"status\":\"pending_payment\","
	    "\"seat_positions\":[\"1-5\",\"1-6\"],\"seats\":[5,6],\"at\":\"" AT "\"}");
	assert_int_equal(redis[0].len, strlen(redis[0].text));
	assert_string_equal(redis[1].channel, "event:seats:7");
	assert_string_equal(redis[1].text, "{\"cursor\":\"81234-1077\",\"event_id\":7,\"changes\":"
	                                   "[[5,\"reserved\"],[6,\"reserved\"]]}");
	assert_int_equal(tell_redis("booking.failed",
	                            "{\"reason\":\"X\",\"message\":\"Gone\",\"seats\":[],"
	                            "\"queue\":{\"positions\":[]}}"),
	                 2);
	assert_string_equal(
	    redis[0].text,
	    "{\"cursor\":\"81234-1077\",\"event_type\":\"status_update\",\"booking_id\":\"" BOOKING
	    "\",\"event_id\":7,\"state\":\"failed\",\"status\":\"failed\","
	    "\"seats\":[],\"error_message\":\"Gone\",\"at\":\"" AT "\"}");
}

static void
test_message_for_redis_says_where_each_type_leads(void **state)
{
	static const struct {
		const char *type, *states, *changes;
	} cases[] = {
		{ "booking.requested", "\"state\":\"requested\",\"status\":\"processing\"", "[]" },
		{ "booking.created", "\"state\":\"pending\",\"status\":\"pending_payment\"",
		  "[[5,\"reserved\"]]" },
		{ "booking.paying", "\"state\":\"paying\",\"status\":\"pending_payment\"", "[]" },
		{ "booking.payment_failed", "\"state\":\"pending\",\"status\":\"pending_payment\"",
		  "[]" },
		{ "booking.extended", "\"state\":\"pending\",\"status\":\"pending_payment\"",
		  "[]" },
		{ "booking.confirmed", "\"state\":\"confirmed\",\"status\":\"completed\"",
		  "[[5,\"sold\"]]" },
		{ "booking.cancelled", "\"state\":\"cancelled\",\"status\":\"cancelled\"",
		  "[[5,\"available\"]]" },
		{ "booking.expired", "\"state\":\"expired\",\"status\":\"cancelled\"",
		  "[[5,\"available\"]]" },
		{ "booking.failed", "\"state\":\"failed\",\"status\":\"failed\"", "[]" },
		{ "booking.refunded", "\"state\":\"refunded\",\"status\":\"cancelled\"",
		  "[[5,\"available\"]]" },
		{ "seats.held", NULL, "[[5,\"held\"]]" },
		{ "seats.released", NULL, "[[5,\"available\"]]" },
		{ "event.on_sale", NULL, "[]" },
		{ "event.cancelled", NULL, "[]" },
		{ "refund.completed", NULL, "[]" },
		{ "something.new", NULL, "[]" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		size_t n = tell_redis(cases[i].type, "{\"seats\":[5]}");
		const char *changes = talloc_asprintf(ctx, "\"event_id\":7,\"changes\":%s}",
		                                      cases[i].changes);

		assert_int_equal(n, cases[i].states == NULL ? 1 : 2);
		if (n == 2)
			assert_non_null(strstr(redis[0].text, cases[i].states));
		assert_non_null(strstr(redis[n - 1].text, changes));
	}
}

static void
test_message_for_redis_has_no_channel_for_nobody(void **state)
{
	(void)state;
	row.user_id = NULL;
	assert_int_equal(tell_redis("booking.created", "{\"seats\":[5]}"), 1);
	assert_string_equal(redis[0].channel, "event:seats:7");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_message_for_kafka_says_what_each_type_means),
		TEST(test_message_for_kafka_has_the_event_as_key_where_there_is_no_booking),
		TEST(test_message_for_kafka_tells_an_expiry_as_a_cancellation_too),
		TEST(test_message_for_kafka_tells_what_was_asked_for_in_the_queue),
		TEST(test_message_for_kafka_gives_domain_events_of_the_queue_only),
		TEST(test_message_for_kafka_writes_buyers_that_are_whole_numbers_as_such),
		TEST(test_message_for_kafka_tells_unknown_types_as_what_is_known),
		TEST(test_message_is_told_whatever_the_payload),
		TEST(test_message_for_redis_is_of_the_booking_and_of_its_seats),
		TEST(test_message_for_redis_says_where_each_type_leads),
		TEST(test_message_for_redis_has_no_channel_for_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
