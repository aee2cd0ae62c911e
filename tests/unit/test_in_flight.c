/* Which rows are on their way to a sink (relay/in_flight.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "relay/in_flight.h"

static struct in_flight *flight;
static struct cursor upto;

static int
setup(void **state)
{
	(void)state;
	flight = in_flight_new(NULL, 3);
	upto = (struct cursor){ 0, 0 };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	talloc_free(flight);
	return 0;
}

static uint64_t
start(int64_t seq, unsigned messages)
{
	return in_flight_start(flight, (struct cursor){ 9, seq }, messages);
}

static void
test_in_flight_advances_the_longest_piece_without_a_gap(void **state)
{
	uint64_t a = start(1, 1), b = start(2, 1), c = start(3, 1);

	(void)state;
	assert_true(in_flight_full(flight));
	in_flight_acknowledge(flight, c);
	in_flight_acknowledge(flight, b);
	assert_int_equal(in_flight_advance(flight, &upto), 0);
	assert_int_equal(upto.seq, 0);
	in_flight_acknowledge(flight, a);
	assert_int_equal(in_flight_advance(flight, &upto), 3);
	assert_int_equal(upto.xid, 9);
	assert_int_equal(upto.seq, 3);
	assert_int_equal(in_flight_count(flight), 0);
}

static void
test_in_flight_waits_for_all_messages_of_a_row(void **state)
{
	uint64_t a = start(1, 2), b = start(2, 1);

	(void)state;
	in_flight_acknowledge(flight, a);
	in_flight_acknowledge(flight, b);
	assert_int_equal(in_flight_advance(flight, &upto), 0);
	in_flight_acknowledge(flight, a);
	assert_int_equal(in_flight_advance(flight, &upto), 2);
	assert_int_equal(upto.seq, 2);
}

static void
test_in_flight_advances_rows_without_messages_in_their_turn(void **state)
{
	uint64_t a = start(1, 1);

	(void)state;
	start(2, 0);
	assert_int_equal(in_flight_advance(flight, &upto), 0);
	in_flight_acknowledge(flight, a);
	assert_int_equal(in_flight_advance(flight, &upto), 2);
}

static void
test_in_flight_goes_round(void **state)
{
	(void)state;
	for (int64_t seq = 1; seq < 1000; seq += 2) {
		uint64_t a = start(seq, 1), b = start(seq + 1, 1);

		in_flight_acknowledge(flight, b);
		assert_int_equal(in_flight_advance(flight, &upto), 0);
		in_flight_acknowledge(flight, a);
		assert_int_equal(in_flight_advance(flight, &upto), 2);
		assert_int_equal(upto.seq, seq + 1);
	}
}

static void
test_in_flight_passes_over_what_was_reset(void **state)
{
	uint64_t a = start(1, 1), b;

	(void)state;
	in_flight_reset(flight);
	assert_int_equal(in_flight_count(flight), 0);
	b = start(1, 1);
	in_flight_acknowledge(flight, a);
	assert_int_equal(in_flight_advance(flight, &upto), 0);
	in_flight_acknowledge(flight, b);
	assert_int_equal(in_flight_advance(flight, &upto), 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_in_flight_advances_the_longest_piece_without_a_gap),
		TEST(test_in_flight_waits_for_all_messages_of_a_row),
		TEST(test_in_flight_advances_rows_without_messages_in_their_turn),
		TEST(test_in_flight_goes_round),
		TEST(test_in_flight_passes_over_what_was_reset),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
