/* What a follower of seats has missed. Rows of the event: 1-1, 2-2 … 20-20, one in 4 s. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "live/read_seats.h"

#define ROWS 20

static struct read_seats
a_read(struct seats_row rows[ROWS])
{
	for (int i = 0; i < ROWS; i++)
		rows[i] = (struct seats_row){
			{ (uint64_t)(ROWS - i), ROWS - i }, (ROWS - i) * 4000000, NULL, 0
		};
	return (struct read_seats){ .found = true,
		                    .horizon = ROWS + 1,
		                    .version = ROWS,
		                    .visible = ROWS,
		                    .rows = rows,
		                    .n_rows = ROWS,
		                    .all_rows = true };
}

static void
test_read_seats_rows_after_counts_what_is_behind(void **state)
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
test_read_seats_rows_since_adds_those_at_work_at_the_time(void **state)
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_read_seats_rows_after_counts_what_is_behind),
		cmocka_unit_test(test_read_seats_rows_since_adds_those_at_work_at_the_time),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
