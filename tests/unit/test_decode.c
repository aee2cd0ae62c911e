/* Fields of a request: what is taken, and which faults are noted under which names. */
#include "request_case.h"

#include <stdio.h>
#include <string.h>

#include "api/request/decode.h"
#include "base/json_parse.h"

#define EVENT_5 "00000000-0005-8000-8000-000000000000"
#define SEAT    "00000000-0005-8000-8000-0000000000" /* two digits follow */

/* A request with this body. */
static struct api
with_body(const char *json)
{
	struct api a = { .rq = &rq };
	struct json_fault fault = { 0 };

	assert_int_equal(json_parse(rq.ctx, json, strlen(json), &a.body, &fault), ERR_OK);
	return a;
}

static void
assert_fault(const struct api *a, size_t i, const char *field, const char *why)
{
	assert_true(i < a->n_faults);
	assert_string_equal(a->fault[i].field, field);
	assert_string_equal(a->fault[i].why, why);
}

static void
test_decode_names_every_fault_once(void **state)
{
	struct api a = with_body("{\"title\":7,\"limit\":1.5,\"odd\":1}");
	static const char *const names[] = { "title", "limit", NULL };

	(void)state;
	decode_known(&a, names);
	assert_null(decode_text(&a, "title", REQUIRED, 1, 10));
	assert_null(decode_text(&a, "title", REQUIRED, 1, 10));
	assert_int_equal(decode_int(&a, "limit", OPTIONAL, 1, 9, 3), 3);
	assert_null(decode_text(&a, "venue", REQUIRED, 1, 10));
	assert_null(decode_text(&a, "note", OPTIONAL, 1, 10));
	assert_int_equal(a.n_faults, 4);
	assert_fault(&a, 0, "odd", "is not a field of this request");
	assert_fault(&a, 1, "title", "must be a string");
	assert_fault(&a, 2, "limit", "must be a whole number from 1 to 9");
	assert_fault(&a, 3, "venue", "is required");
	assert_int_equal(decode_done(&a), ERR_VALIDATION_ERROR);
}

static void
test_decode_keeps_a_bounded_number_of_faults(void **state)
{
	struct api a = with_body("{}");
	char name[16];

	(void)state;
	for (int i = 0; i < API_MAX_FAULTS + 5; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		decode_fault(&a, name, "is wrong");
	}
	assert_int_equal(a.n_faults, API_MAX_FAULTS);
	assert_fault(&a, API_MAX_FAULTS - 1, "f19", "is wrong");
}

static void
test_decode_event_in_each_spelling(void **state)
{
	struct api a = with_body("{\"uuid\":\"" EVENT_5 "\",\"number\":5,\"text\":\"5\","
	                         "\"seat\":\"" SEAT "0c\",\"none\":\"x\",\"zero\":0}");

	(void)state;
	assert_int_equal(decode_event(&a, "uuid"), 5);
	assert_int_equal(decode_event(&a, "number"), 5);
	assert_int_equal(decode_event(&a, "text"), 5);
	assert_int_equal(decode_event(&a, "seat"), -1);
	assert_int_equal(a.n_faults, 0);
	assert_int_equal(decode_event(&a, "none"), 0);
	assert_int_equal(decode_event(&a, "zero"), 0);
	assert_int_equal(a.n_faults, 2);
}

static void
test_decode_seats_sorts_them(void **state)
{
	struct api a = with_body("{\"seatIds\":[\"" SEAT "0c\",\"" SEAT "03\"]}");
	int32_t seats[4];
	size_t n;

	(void)state;
	assert_int_equal(decode_seats(&a, "seatIds", 5, 4, seats, &n), ERR_OK);
	assert_int_equal(decode_done(&a), ERR_OK);
	assert_int_equal(n, 2);
	assert_int_equal(seats[0], 3);
	assert_int_equal(seats[1], 12);
}

static void
test_decode_seats_refuses(void **state)
{
	struct api twice = with_body("{\"seatIds\":[\"" SEAT "03\",\"" SEAT "03\"]}");
	struct api many = with_body("{\"seatIds\":[\"" SEAT "01\",\"" SEAT "02\",\"" SEAT "03\"]}");
	struct api odd = with_body("{\"seatIds\":[\"" SEAT "01\",3]}");
	struct api foreign = with_body("{\"seatIds\":[\"" EVENT_5 "\"]}");
	struct api none = with_body("{\"seatIds\":[]}");
	int32_t seats[2];
	size_t n;

	(void)state;
	assert_int_equal(decode_seats(&twice, "seatIds", 5, 2, seats, &n), ERR_OK);
	assert_fault(&twice, 0, "seatIds", "names a seat twice");
	assert_int_equal(decode_seats(&many, "seatIds", 5, 2, seats, &n), ERR_OK);
	assert_fault(&many, 0, "seatIds", "at most 2 seats at once");
	assert_int_equal(decode_seats(&odd, "seatIds", 5, 2, seats, &n), ERR_OK);
	assert_fault(&odd, 0, "seatIds[1]", "must be a seat id");
	assert_int_equal(decode_seats(&none, "seatIds", 5, 2, seats, &n), ERR_OK);
	assert_fault(&none, 0, "seatIds", "must name at least one seat");
	assert_int_equal(decode_seats(&foreign, "seatIds", 5, 2, seats, &n), ERR_SEAT_NOT_FOUND);
	assert_string_equal(foreign.details, "{\"unknownSeatIds\":[\"" EVENT_5 "\"]}");
}

static void
test_decode_query_int(void **state)
{
	struct api a = { .rq = &rq };

	(void)state;
	request_split(&rq, "/x?page=7&limit=101&far=9x&minus=-1");
	assert_int_equal(decode_query_int(&a, "page", 1, 100, 1), 7);
	assert_int_equal(decode_query_int(&a, "absent", 1, 100, 4), 4);
	assert_int_equal(a.n_faults, 0);
	assert_int_equal(decode_query_int(&a, "limit", 1, 100, 20), 20);
	assert_int_equal(decode_query_int(&a, "far", 1, 100, 20), 20);
	assert_int_equal(decode_query_int(&a, "minus", -5, 100, 20), 20);
	assert_int_equal(a.n_faults, 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_decode_names_every_fault_once),
		TEST(test_decode_keeps_a_bounded_number_of_faults),
		TEST(test_decode_event_in_each_spelling),
		TEST(test_decode_seats_sorts_them),
		TEST(test_decode_seats_refuses),
		TEST(test_decode_query_int),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
