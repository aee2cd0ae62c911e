/* The states of a booking: which may follow which, in words once more. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/booking/booking_state.h"

static void
test_r1_moves_exactly_as_the_rule_says(void **state)
{
	static const char *const may[BOOKING__MAX] = {
		/* RPYCXEFr: requested pending paYing confirmed cancelled(X) expired failed
		 * refunded */
		[BOOKING_REQUESTED] = ".P..X.F.", [BOOKING_PENDING] = "..YCXE..",
		[BOOKING_PAYING] = ".P.CXE..",    [BOOKING_CONFIRMED] = "....X..r",
		[BOOKING_CANCELLED] = "........", [BOOKING_EXPIRED] = "........",
		[BOOKING_FAILED] = "........",    [BOOKING_REFUNDED] = "........",
	};

	(void)state;
	for (int from = 0; from < BOOKING__MAX; from++) {
		for (int to = 0; to < BOOKING__MAX; to++)
			assert_int_equal(booking_state_may_move((enum booking_status)from,
			                                        (enum booking_status)to),
			                 may[from][to] != '.');
	}
}

static void
test_r1_begins_as_requested_or_pending(void **state)
{
	(void)state;
	for (enum booking_status s = 0; s <= BOOKING__MAX; s++)
		assert_int_equal(booking_state_may_begin(s),
		                 s == BOOKING_REQUESTED || s == BOOKING_PENDING);
}

static void
test_r42_retakes_what_was_ended_before_it_was_paid(void **state)
{
	(void)state;
	for (enum booking_status s = 0; s <= BOOKING__MAX; s++)
		assert_int_equal(booking_state_may_retake(s),
		                 s == BOOKING_CANCELLED || s == BOOKING_EXPIRED);
}

static void
test_no_state_that_is_not_one_may_move(void **state)
{
	(void)state;
	for (enum booking_status s = 0; s <= BOOKING__MAX; s++) {
		assert_false(booking_state_may_move(s, BOOKING__MAX));
		assert_false(booking_state_may_move(BOOKING__MAX, s));
	}
}

static void
test_each_face_names_each_state(void **state)
{
	(void)state;
	for (enum booking_status s = 0; s < BOOKING__MAX; s++) {
		for (enum face f = 0; f < FACE__MAX; f++)
			assert_true(strlen(booking_state_in(f, s)) > 0);
	}
	assert_string_equal(booking_state_in(FACE_V1, BOOKING_PAYING), "PROCESSING");
	assert_string_equal(booking_state_in(FACE_QUEUE, BOOKING_REQUESTED), "processing");
	assert_string_equal(booking_state_in(FACE_CINEMA, BOOKING_EXPIRED), "cancelled");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_r1_moves_exactly_as_the_rule_says),
		cmocka_unit_test(test_r1_begins_as_requested_or_pending),
		cmocka_unit_test(test_r42_retakes_what_was_ended_before_it_was_paid),
		cmocka_unit_test(test_no_state_that_is_not_one_may_move),
		cmocka_unit_test(test_each_face_names_each_state),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
