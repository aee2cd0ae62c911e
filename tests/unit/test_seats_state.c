/* What is known of an event's seats: rows counted, changes merged, rows that came too early. */
#include "ctx_case.h"

#include "live/seats_state.h"

#define EVENT 7

static struct topic topic;

/* A state without anything known, of a topic that has been told nothing. */
static struct seats_state *
a_state(void)
{
	topic = (struct topic){ .event_id = EVENT, .serial = 1 };
	return seats_state_new(ctx, &topic);
}

/* One whose version is known. */
static struct seats_state *
a_known_state(int64_t version)
{
	struct seats_state *s = a_state();
	const struct read_seats read = {
		.event_id = EVENT, .found = true, .horizon = 1, .version = version
	};

	assert_true(seats_state_learn(s, &read));
	return s;
}

static struct seats_change
a_row(uint64_t xid, struct seat_state *seat)
{
	return (struct seats_change){ { xid, 1 }, seat, seat == NULL ? 0 : 1 };
}

static void
test_seats_state_take_gives_each_seat_once_with_its_last_state(void **state)
{
	static const struct seat_state first[] = { { 9, SEAT_HELD }, { 3, SEAT_RESERVED } };
	static const struct seat_state then[] = { { 9, SEAT_SOLD }, { 5, SEAT_FREE } };
	struct seats_state *s = a_known_state(0);
	struct seat_state *seats;
	size_t n;

	(void)state;
	seats_state_merge(s, first, 2);
	seats_state_merge(s, then, 2);
	seats = seats_state_take(ctx, s, &n);
	assert_int_equal(n, 3);
	assert_int_equal(seats[0].no, 3);
	assert_int_equal(seats[1].no, 5);
	assert_int_equal(seats[2].no, 9);
	assert_int_equal(seats[2].status, SEAT_SOLD);
	seats_state_take(ctx, s, &n);
	assert_int_equal(n, 0);
}

static void
test_seats_state_note_counts_every_row(void **state)
{
	struct seat_state seat = { 4, SEAT_HELD };
	const struct seats_change with = a_row(5, &seat), without = a_row(6, NULL);
	struct seats_state *s = a_known_state(40);

	(void)state;
	assert_true(seats_state_note(s, &with));
	assert_false(seats_state_note(s, &without));
	assert_int_equal(s->version, 42);
	assert_int_equal(s->n_merged, 1);
}

static void
test_seats_state_learn_counts_what_came_above_the_horizon(void **state)
{
	const struct read_seats read = { .event_id = EVENT,
		                         .found = true,
		                         .horizon = 12,
		                         .version = 100,
		                         .count = { 12, 100 } };
	struct seats_state *s = a_state();

	(void)state;
	for (uint64_t xid = 10; xid < 15; xid++) {
		struct seat_state seat = { (int32_t)xid, SEAT_HELD };
		const struct seats_change row = a_row(xid, &seat);

		seats_state_keep(s, &row);
	}
	assert_true(seats_state_learn(s, &read));
	assert_int_equal(s->version, 103);
	assert_int_equal(s->n_merged, 3);
	assert_int_equal(s->merged[0].no, 12);
	assert_int_equal(s->count.rows, 100);
	assert_int_equal(topic.cursor.xid, 12);
}

static void
test_seats_state_learn_refuses_when_rows_were_lost(void **state)
{
	const struct read_seats read = {
		.event_id = EVENT, .found = true, .horizon = 1, .version = 100
	};
	const struct seats_change row = a_row(5, NULL);
	struct seats_state *s = a_state();

	(void)state;
	for (int i = 0; i < SEATS_KEPT_MOST; i++)
		seats_state_keep(s, &row);
	seats_state_keep(s, &row);
	assert_false(seats_state_learn(s, &read));
	assert_int_equal(s->version, -1);
	assert_true(seats_state_learn(s, &read)); /* the next read is later, and whole */
	assert_int_equal(s->version, 100);
}

static void
test_seats_state_due_is_after_the_last_telling_or_now(void **state)
{
	struct seats_state *s = a_known_state(0);

	(void)state;
	s->told_us = 1000;
	assert_int_equal(seats_state_due_us(s, 2000), 1000 + FOLLOW_MERGE_US);
	assert_int_equal(seats_state_due_us(s, 1001 + FOLLOW_MERGE_US), 1001 + FOLLOW_MERGE_US);
	s->n_merged = SEATS_MERGED_MOST + 1;
	assert_int_equal(seats_state_due_us(s, 2000), 2000);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seats_state_take_gives_each_seat_once_with_its_last_state),
		TEST(test_seats_state_note_counts_every_row),
		TEST(test_seats_state_learn_counts_what_came_above_the_horizon),
		TEST(test_seats_state_learn_refuses_when_rows_were_lost),
		TEST(test_seats_state_due_is_after_the_last_telling_or_now),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
