/* What a batch locks: in one order, each thing once. */

#include "seat_request_case.h"

#include "core/reserve/lock_set.h"

static int
begin(void **state)
{
	setup(state);
	memset(requests, 0, sizeof(requests));
	return 0;
}

static void
test_lock_set_sorts_and_drops_repeats(void **state)
{
	struct lock_set locks;

	(void)state;
	REQUEST(0, "a", 3, 5);
	REQUEST(1, "b", 1, 3);
	REQUEST(2, "a", 5);
	requests[2].event_id = 2;
	lock_set_collect(ctx, queue, 3, false, &locks);
	assert_int_equal(locks.n_keys, 2);
	assert_true(locks.lock_keys[0] < locks.lock_keys[1]);
	assert_int_equal(locks.n_events, 2);
	assert_int_equal(locks.events[0], 2);
	assert_int_equal(locks.n_seats, 4);
	assert_int_equal(locks.seats[0].event_id, 2);
	assert_int_equal(locks.seats[1].no, 1);
	assert_int_equal(locks.seats[3].no, 5);
}

static void
test_lock_set_waits_for_chosen_seats_only_when_told(void **state)
{
	struct lock_set locks;

	(void)state;
	REQUEST(0, "a", 3, 5);
	REQUEST(1, "b", 2, 1);
	requests[0].best = true;
	requests[1].kind = REQUEST_ACCEPT; /* seats that are only wished for */
	REQUEST(2, "c", 4);
	requests[2].kind = REQUEST_SEAT;
	requests[2].id.b[0] = 9;
	lock_set_collect(ctx, queue, 3, false, &locks);
	assert_int_equal(locks.n_idle, 2);
	assert_int_equal(locks.n_seats, 1);
	assert_int_equal(locks.n_bookings, 1);
	assert_int_equal(locks.bookings[0].b[0], 9);
	lock_set_collect(ctx, queue, 3, true, &locks);
	assert_int_equal(locks.n_idle, 0);
	assert_int_equal(locks.n_seats, 3);
}

static void
test_lock_set_lists_what_each_user_holds_once(void **state)
{
	struct lock_set locks;

	(void)state;
	REQUEST(0, "a", 1);
	REQUEST(1, "a", 2);
	REQUEST(2, "b", 2);
	REQUEST(3, "a", 3);
	REQUEST(4, "c", 5);
	for (int i = 0; i < 4; i++)
		requests[i].kind = REQUEST_HOLD;
	requests[3].event_id = 8;
	lock_set_collect(ctx, queue, 5, false, &locks);
	assert_int_equal(locks.n_holdings, 3);
	assert_string_equal(locks.holdings[1].user_id, "b");
	assert_int_equal(locks.holdings[2].event_id, 8);
	assert_int_equal(locks.n_seats, 4);
	assert_int_equal(locks.n_keys, 3);
}

static void
test_lock_set_takes_each_key_once(void **state)
{
	static const struct {
		const char *principal, *route, *key;
		bool is_new;
	} cases[] = {
		{ "a", "POST /x", "1", true }, { "a", "POST /x", "1", false },
		{ "b", "POST /x", "1", true }, { "a", "POST /y", "1", true },
		{ "a", "POST /x", "2", true }, { "b", "POST /x", "1", false },
	};
	struct lock_set locks = { 0 };

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct idempotent k = { .ctx = ctx,
			                      .principal = cases[i].principal,
			                      .route = cases[i].route,
			                      .key = cases[i].key };

		assert_int_equal(lock_set_key(ctx, &k, &locks), cases[i].is_new);
	}
	assert_int_equal(locks.n_answer_keys, 4);
	for (size_t i = 1; i < locks.n_answer_keys; i++)
		assert_true(locks.answer_keys[i].lock_key != locks.answer_keys[0].lock_key);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, begin, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_lock_set_sorts_and_drops_repeats),
		TEST(test_lock_set_waits_for_chosen_seats_only_when_told),
		TEST(test_lock_set_lists_what_each_user_holds_once),
		TEST(test_lock_set_takes_each_key_once),
	};

	return cmocka_run_group_tests_name("lock_set", tests, NULL, NULL);
}
