/*
 * Every move of a booking: what it writes, its row of the journal, and that it ends the
 * program rather than move a booking from a state that it must not leave.
 */

#include "money_case.h"

#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/booking/booking_move.h"
#include "core/booking/booking_state.h"
#include "core/booking/refund_move.h"

#define NOW_US   INT64_C(1700000000000000)
#define LATER_US (NOW_US + 60000000)

static TALLOC_CTX *ctx;
static struct changeset m;
static int32_t seats[] = { 3, 4 };

static int
setup(void **state)
{
	setup_money(state);
	booking.seats = seats;
	booking.n_seats = 2;
	booking.windowed = true;
	booking.expires_us = NOW_US;
	ctx = talloc_new(NULL);
	changeset_init(&m, ctx, "c-1");
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	talloc_free(ctx);
	return 0;
}

/* --- the moves, each as a function of one booking --- */

static void
cancel(void)
{
	booking_move_cancel(&m, &booking, 1, "USER_CANCELLED");
}

static void
expire(void)
{
	booking_move_expire(&m, &booking, 1);
}

static void
give_back(void)
{
	const int64_t given = TOTAL - 50, kept = 50;

	booking_move_refund(&m, &booking, 1, &given, &kept, "USER_CANCELLED", NULL);
}

static void
confirm(void)
{
	booking_move_confirm(&m, &booking, "7K3M");
}

static void
retake(void)
{
	booking_move_retake(&m, &booking, "7K3M");
}

static void
pay(void)
{
	booking_move_pay(&m, &booking, add_payment("gateway", -1), LATER_US);
}

static void
go_back(void)
{
	const int64_t until_us = LATER_US;

	booking_move_return(&m, &booking, 1, "PAYMENT_FAILED", true, &until_us);
}

static void
extend(void)
{
	booking_move_extend(&m, &booking, 1, LATER_US);
}

static void
keep_less(void)
{
	booking_move_keep_less(&m, &booking, 0);
}

/* The move, the states that it may start in, the row's type (NULL: none), and what is written. */
static const struct {
	void (*move)(void);
	enum booking_status from[3];
	size_t n_from;
	const char *type;
	enum stmt stmts[4];
	size_t n_stmts;
} moves[] = {
	{ cancel,
	  { BOOKING_REQUESTED, BOOKING_PENDING, BOOKING_CONFIRMED },
	  3,
	  "booking.cancelled",
	  { STMT_END_BOOKINGS, STMT_FREE_SEATS },
	  2 },
	{ cancel,
	  { BOOKING_PAYING },
	  1,
	  "booking.cancelled",
	  { STMT_END_BOOKINGS, STMT_CLOSE_PAYMENTS, STMT_FREE_SEATS },
	  3 },
	{ expire,
	  { BOOKING_PENDING },
	  1,
	  "booking.expired",
	  { STMT_END_BOOKINGS, STMT_FREE_SEATS },
	  2 },
	{ expire,
	  { BOOKING_PAYING },
	  1,
	  "booking.expired",
	  { STMT_END_BOOKINGS, STMT_CLOSE_PAYMENTS, STMT_FREE_SEATS },
	  3 },
	{ give_back,
	  { BOOKING_CONFIRMED },
	  1,
	  "booking.refunded",
	  { STMT_END_BOOKINGS, STMT_FREE_SEATS },
	  2 },
	{ confirm,
	  { BOOKING_PENDING, BOOKING_PAYING },
	  2,
	  "booking.confirmed",
	  { STMT_CONFIRM_BOOKING, STMT_SELL_SEATS },
	  2 },
	{ retake,
	  { BOOKING_CANCELLED, BOOKING_EXPIRED },
	  2,
	  "booking.confirmed",
	  { STMT_CONFIRM_BOOKING, STMT_TAKE_SEATS },
	  2 },
	{ pay,
	  { BOOKING_PENDING },
	  1,
	  "booking.paying",
	  { STMT_PAY_BOOKING, STMT_SEATS_UNTIL, STMT_INSERT_PAYMENT },
	  3 },
	{ go_back,
	  { BOOKING_PAYING },
	  1,
	  "booking.payment_failed",
	  { STMT_RETURN_BOOKINGS, STMT_CLOSE_PAYMENTS, STMT_SEATS_UNTIL },
	  3 },
	{ extend,
	  { BOOKING_PENDING },
	  1,
	  "booking.extended",
	  { STMT_EXTEND_BOOKING, STMT_SEATS_UNTIL },
	  2 },
	{ keep_less, { BOOKING_CANCELLED, BOOKING_REFUNDED }, 2, NULL, { STMT_KEEP_LESS }, 1 },
};
#define N_MOVES (sizeof(moves) / sizeof(moves[0]))

static void
test_r1_each_move_is_written_and_told(void **state)
{
	for (size_t i = 0; i < N_MOVES; i++) {
		for (size_t k = 0; k < moves[i].n_from; k++) {
			teardown(state);
			setup(state);
			booking.status = moves[i].from[k];
			moves[i].move();
			assert_int_equal(m.n, moves[i].n_stmts);
			for (size_t s = 0; s < m.n; s++)
				assert_int_equal(m.calls[s].stmt, moves[i].stmts[s]);
			assert_int_equal(m.journal.n, moves[i].type == NULL ? 0 : 1);
			if (moves[i].type == NULL)
				continue;
			assert_non_null(strstr(array_done(&m.journal.columns[JOURNAL_ROW_TYPE]),
			                       moves[i].type));
			assert_non_null(
			    strstr(array_done(&m.journal.columns[JOURNAL_ROW_CORRELATION]), "c-1"));
		}
	}
}

/* Whether a move of the booking ends a child of this process by an assert. */
static bool
is_refused(void (*move)(void))
{
	int status = 0;
	pid_t child;

	fflush(NULL);
	if ((child = fork()) == 0) {
		if (freopen("/dev/null", "w", stderr) != NULL)
			move();
		_exit(0);
	}
	assert_true(child > 0 && waitpid(child, &status, 0) == child);
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static bool
is_from(void (*move)(void), enum booking_status status)
{
	for (size_t i = 0; i < N_MOVES; i++) {
		for (size_t k = 0; moves[i].move == move && k < moves[i].n_from; k++) {
			if (moves[i].from[k] == status)
				return true;
		}
	}
	return false;
}

static void
test_r1_no_move_from_any_other_state(void **state)
{
	for (size_t i = 0; i < N_MOVES; i++) {
		for (enum booking_status s = 0; s < BOOKING__MAX; s++) {
			teardown(state);
			setup(state);
			booking.status = s;
			if (is_refused(moves[i].move) == is_from(moves[i].move, s))
				fail_msg("move %zu from state %d", i, (int)s);
		}
	}
}

/* --- several bookings --- */

static void
test_r14_seats_of_all_that_end_are_freed_by_one_call_in_order(void **state)
{
	static int32_t low[] = { 1, 9 }, high[] = { 2, 8 };
	struct locked_booking ends[2];
	const int64_t given = 0, kept = TOTAL;

	(void)state;
	ends[0] = ends[1] = booking;
	ends[0].status = BOOKING_PENDING;
	ends[0].seats = high;
	ends[1].seats = low;
	booking_move_cancel(&m, &ends[0], 1, "EVENT_CANCELLED");
	booking_move_refund(&m, &ends[1], 1, &given, &kept, "EVENT_CANCELLED", NULL);
	assert_int_equal(m.journal.n, 2);
	assert_int_equal(m.n, 3);
	assert_int_equal(m.calls[0].stmt, STMT_END_BOOKINGS);
	assert_int_equal(m.calls[1].stmt, STMT_FREE_SEATS);
	assert_int_equal(m.calls[2].stmt, STMT_END_BOOKINGS);
	assert_string_equal(m.calls[1].param[1], "{1,2,8,9}");
}

static void
test_r45_what_was_paid_is_kept_of_one_that_is_cancelled(void **state)
{
	struct locked_booking ends[2];

	(void)state;
	ends[0] = ends[1] = booking;
	ends[0].status = BOOKING_PENDING;
	booking_move_cancel(&m, ends, 2, "USER_CANCELLED");
	assert_string_equal(m.calls[0].param[4], "{0,15050}");
}

/* --- the clerk's --- */

static void
test_r1_the_clerks_moves_say_what_is_written(void **state)
{
	static const struct {
		void (*move)(struct reserve_write *w, const char *payload);
		enum write_kind kind;
		const char *type;
	} clerks[] = {
		{ booking_move_accept, WRITE_ACCEPTED, "booking.requested" },
		{ booking_move_create, WRITE_BOOKED, "booking.created" },
		{ booking_move_seat, WRITE_SEATED, "booking.created" },
		{ booking_move_fail, WRITE_FAILED, "booking.failed" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(clerks) / sizeof(clerks[0]); i++) {
		struct reserve_write w = { .n_seats = 1, .reason = "SEAT_ALREADY_RESERVED" };

		clerks[i].move(&w, "{}");
		assert_int_equal(w.kind, clerks[i].kind);
		assert_string_equal(w.type, clerks[i].type);
		assert_string_equal(w.payload, "{}");
	}
}

/* --- refunds --- */

static void
test_a_refund_is_told_and_its_payment_is_refunded(void **state)
{
	struct refund_write w = { .booking = &booking,
		                  .id = uuid_of_event(EVENT_NO),
		                  .amount_minor = 1,
		                  .currency = "EUR",
		                  .status = REFUND_PENDING,
		                  .reason = "USER_CANCELLED" };

	(void)state;
	refund_move_request(&m, &w, 0);
	assert_int_equal(m.n + m.journal.n, 0);
	refund_move_request(&m, &w, 1);
	assert_int_equal(m.calls[0].stmt, STMT_INSERT_REFUNDS);
	assert_int_equal(m.calls[1].stmt, STMT_REFUND_PAYMENTS);
	assert_int_equal(m.journal.n, 1);
	w.status = REFUND_COMPLETED; /* at once: both are told */
	refund_move_request(&m, &w, 1);
	assert_int_equal(m.journal.n, 3);
	assert_string_equal(array_done(&m.journal.columns[JOURNAL_ROW_TYPE]),
	                    "{\"refund.requested\",\"refund.requested\",\"refund.completed\"}");
}

static void
test_a_refund_that_is_completed_stays_so(void **state)
{
	const struct payment *p = add_payment("gateway", TOTAL);
	const struct refund *r = &refunds[0];

	(void)state;
	add_refund(p, 1, REFUND_PENDING);
	refund_move_complete(&m, &booking, r, NULL);
	refund_move_refuse(&m, &booking, r, NULL, true);
	assert_int_equal(m.n, 2);
	assert_int_equal(m.journal.n, 1); /* a refusal is not told */
	assert_string_equal(m.calls[1].param[2], "failed");
	assert_string_equal(m.calls[1].param[4], "1");
	refunds[0].status = REFUND_FAILED;
	refund_move_again(&m, &booking, r);
	assert_int_equal(m.calls[2].stmt, STMT_RETRY_REFUND);
	assert_int_equal(m.journal.n, 2);
}

#define MOVE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		MOVE_TEST(test_r1_each_move_is_written_and_told),
		MOVE_TEST(test_r1_no_move_from_any_other_state),
		MOVE_TEST(test_r14_seats_of_all_that_end_are_freed_by_one_call_in_order),
		MOVE_TEST(test_r45_what_was_paid_is_kept_of_one_that_is_cancelled),
		MOVE_TEST(test_r1_the_clerks_moves_say_what_is_written),
		MOVE_TEST(test_a_refund_is_told_and_its_payment_is_refunded),
		MOVE_TEST(test_a_refund_that_is_completed_stays_so),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
