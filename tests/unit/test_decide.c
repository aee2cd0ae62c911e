/* Which requests of a batch get their seats: the rules of decide(), one by one. */

#include "seat_request_case.h"
#include "core/reserve/decide.h"

/* One event with five seats; the requests are made by each test. */
static struct event_facts event;
static struct seat_facts seats[5];
static struct pending_facts pending[1];
static struct locked facts;
static struct held_seat held[HOLD_MOST + 1];
static struct hold_rows holding;
static const struct policy policy = {
	.max_seats = 10, .window_min = 10, .max_pending = 3, .hold_min = 5
};
static struct verdict verdicts[6];

static int
begin(void **state)
{
	setup(state);
	memset(requests, 0, sizeof(requests));
	memset(verdicts, 0, sizeof(verdicts));
	event = (struct event_facts){ .id = 7, .status = EVENT_ON_SALE, .currency = "EUR" };
	for (int i = 0; i < 5; i++)
		seats[i] = (struct seat_facts){ .key = { 7, i + 1 }, .price_minor = 100 * (i + 1) };
	facts = (struct locked){
		.events = &event, .n_events = 1, .seats = seats, .n_seats = 5, .pending = pending
	};
	return 0;
}

static void
decide_all(size_t n)
{
	memset(verdicts, 0, sizeof(verdicts));
	decide(ctx, &policy, &facts, queue, n, verdicts);
}

static void
test_decide_gives_a_seat_to_the_first_who_asks(void **state)
{
	(void)state;
	REQUEST(0, "a", 1, 2);
	REQUEST(1, "b", 2, 3);
	REQUEST(2, "c", 3);
	decide_all(3);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].total_minor, 300);
	assert_int_equal(verdicts[0].window_min, 10);
	assert_int_equal(verdicts[1].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[1].n_refused, 1);
	assert_int_equal(verdicts[1].refused[0], 2);
	assert_int_equal(verdicts[2].err, ERR_OK); /* all or none: b left seat 3 alone */
}

/* One that is named by a request and chosen for another is locked, and read, twice. */
static void
test_decide_gives_a_seat_that_is_locked_twice_once(void **state)
{
	(void)state;
	seats[1] = seats[0];
	REQUEST(0, "a", 1);
	REQUEST(1, "b", 1);
	requests[1].best = true;
	decide_all(2);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[1].err, ERR_SEAT_ALREADY_RESERVED);
}

static void
test_decide_names_every_seat_that_is_taken(void **state)
{
	(void)state;
	seats[0].status = SEAT_SOLD;
	seats[2].status = SEAT_BLOCKED;
	seats[3].status = SEAT_RESERVED;
	seats[4].status = SEAT_HELD;
	seats[4].holder = "other";
	REQUEST(0, "a", 1, 2, 3, 4, 5);
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[0].n_refused, 4);
	assert_int_equal(verdicts[0].refused[3], 5);
	assert_false(verdicts[0].lapsed);
}

static void
test_decide_lets_own_and_lapsed_holds_be_taken(void **state)
{
	(void)state;
	seats[0].status = seats[1].status = SEAT_HELD;
	seats[0].holder = "a";
	seats[1].holder = "other";
	seats[1].lapsed = true;
	REQUEST(0, "a", 1, 2);
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_OK);
}

static void
test_decide_puts_lapsed_bookings_aside(void **state)
{
	(void)state;
	seats[0].status = SEAT_RESERVED;
	seats[0].lapsed = true;
	REQUEST(0, "a", 1, 2);
	REQUEST(1, "b", 2);
	decide_all(2);
	assert_true(verdicts[0].lapsed);
	assert_int_equal(verdicts[0].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[0].refused[0], 1);
	assert_int_equal(verdicts[1].err, ERR_OK); /* who must wait takes nothing yet */
}

static void
test_decide_counts_pending_bookings_of_the_whole_queue(void **state)
{
	(void)state;
	pending[0] = (struct pending_facts){ "a", 1 };
	facts.n_pending = 1;
	REQUEST(0, "a", 1);
	REQUEST(1, "b", 2);
	REQUEST(2, "a", 3);
	REQUEST(3, "a", 4);
	decide_all(4);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[1].err, ERR_OK);
	assert_int_equal(verdicts[2].err, ERR_OK);
	assert_int_equal(verdicts[3].err, ERR_TOO_MANY_PENDING_BOOKINGS);
}

static void
test_decide_counts_nothing_without_a_window(void **state)
{
	(void)state;
	event.window_named = true;
	event.window_min = 0;
	pending[0] = (struct pending_facts){ "a", 3 };
	facts.n_pending = 1;
	REQUEST(0, "a", 1);
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].window_min, 0);
}

static void
test_decide_follows_the_events_policy(void **state)
{
	(void)state;
	event.max_seats = 2;
	event.max_pending = 1;
	event.window_named = true;
	event.window_min = 25;
	REQUEST(0, "a", 1, 2, 3);
	REQUEST(1, "a", 1, 2);
	REQUEST(2, "a", 3);
	decide_all(3);
	assert_int_equal(verdicts[0].err, ERR_VALIDATION_ERROR);
	assert_int_equal(verdicts[0].limit, 2);
	assert_int_equal(verdicts[1].err, ERR_OK);
	assert_int_equal(verdicts[1].window_min, 25);
	assert_int_equal(verdicts[2].err, ERR_TOO_MANY_PENDING_BOOKINGS);
}

static void
test_decide_an_events_limit_never_widens_the_general_one(void **state)
{
	const struct policy narrow = { .max_seats = 2, .window_min = 10, .max_pending = 3 };

	(void)state;
	event.max_seats = 5;
	REQUEST(0, "a", 1, 2, 3);
	decide(ctx, &narrow, &facts, queue, 1, verdicts);
	assert_int_equal(verdicts[0].err, ERR_VALIDATION_ERROR);
	assert_int_equal(verdicts[0].limit, 2);
}

static void
test_decide_tells_the_states_of_an_event_apart(void **state)
{
	static const struct {
		enum event_status status;
		enum err err;
	} cases[] = {
		{ EVENT_DRAFT, ERR_EVENT_NOT_ON_SALE },
		{ EVENT_ON_SALE, ERR_OK },
		{ EVENT_CLOSED, ERR_EVENT_NOT_ON_SALE },
		{ EVENT_CANCELLED, ERR_EVENT_CANCELLED },
	};

	(void)state;
	for (size_t i = 0; i < 4; i++) {
		event.status = cases[i].status;
		REQUEST(0, "a", 1);
		decide_all(1);
		assert_int_equal(verdicts[0].err, cases[i].err);
	}
	requests[0].event_id = 8;
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_EVENT_NOT_FOUND);
}

static void
test_decide_names_seats_that_do_not_exist(void **state)
{
	(void)state;
	seats[0].status = SEAT_SOLD;
	REQUEST(0, "a", 1, 99);
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_SEAT_NOT_FOUND);
	assert_int_equal(verdicts[0].n_refused, 1);
	assert_int_equal(verdicts[0].refused[0], 99);
}

static void
test_decide_accepts_by_event_and_limit_alone(void **state)
{
	(void)state;
	seats[0].status = SEAT_SOLD;
	pending[0] = (struct pending_facts){ "a", 3 };
	facts.n_pending = 1;
	REQUEST(0, "a", 1);
	requests[0].kind = REQUEST_ACCEPT;
	requests[0].queued = true;
	requests[1] = requests[0];
	requests[1].quantity = QUEUE_MAX_SEATS + 1;
	requests[2] = requests[0];
	verdicts[2].err = ERR_NOT_ENOUGH_SEATS; /* as counted before */
	decide(ctx, &policy, &facts, queue, 3, verdicts);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].window_min, 0);
	assert_int_equal(verdicts[1].err, ERR_VALIDATION_ERROR);
	assert_int_equal(verdicts[1].limit, QUEUE_MAX_SEATS);
	assert_int_equal(verdicts[2].err, ERR_NOT_ENOUGH_SEATS);
	event.status = EVENT_CLOSED;
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_EVENT_NOT_ON_SALE);
}

static void
test_decide_seats_only_those_that_wait(void **state)
{
	struct uuid waiting = { { 1 } };

	(void)state;
	facts.requested = &waiting;
	facts.n_requested = 1;
	REQUEST(0, "a", 1);
	requests[0].kind = REQUEST_SEAT;
	requests[0].queued = true;
	requests[0].id = waiting;
	requests[1] = requests[0];
	requests[1].id.b[0] = 2;
	event.status = EVENT_CLOSED; /* it was accepted while on sale */
	decide_all(2);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].window_min, 0); /* */
	assert_int_equal(verdicts[0].total_minor, 100);
	assert_int_equal(verdicts[1].err, ERR_INVALID_STATE);
	assert_true(verdicts[1].gone);
	event.status = EVENT_CANCELLED;
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_EVENT_CANCELLED);
	assert_false(verdicts[0].gone);
}

static void
test_decide_gives_a_queued_booking_the_events_window_and_no_cap(void **state)
{
	(void)state;
	event.window_named = true;
	event.window_min = 7;
	event.max_pending = 1;
	pending[0] = (struct pending_facts){ "a", 1 };
	facts.n_pending = 1;
	REQUEST(0, "a", 1);
	requests[0].queued = true;
	REQUEST(1, "a", 2);
	decide_all(2);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].window_min, 7);
	assert_int_equal(verdicts[1].err, ERR_TOO_MANY_PENDING_BOOKINGS);
}

static void
test_decide_takes_a_chosen_seat_that_is_missing_for_taken(void **state)
{
	(void)state;
	REQUEST(0, "a", 2, 77); /* 77 was left out: somebody is at it */
	requests[0].best = true;
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[0].n_refused, 1);
	assert_int_equal(verdicts[0].refused[0], 77);
}

/* Request i is to hold; what "a" holds is what holds_already said. */
static void
hold(int i, const char *user)
{
	requests[i].kind = REQUEST_HOLD;
	requests[i].user_id = user;
	holding = (struct hold_rows){
		.event_id = 7, .user_id = "a", .seats = held, .n = holding.n
	};
	facts.holdings = &holding;
	facts.n_holdings = 1;
}

/* Seats 101, 102 … of the event are held by "a" already. */
static void
holds_already(size_t n)
{
	for (size_t i = 0; i < n; i++)
		held[i] = (struct held_seat){ 101 + (int32_t)i, false };
	holding.n = n;
}

static void
test_decide_holds_seats_for_the_time_that_the_policy_says(void **state)
{
	(void)state;
	holds_already(0);
	event.max_seats = 1; /* of a booking */
	REQUEST(0, "a", 1, 2);
	hold(0, "a");
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].window_min, 5);
	assert_int_equal(verdicts[0].holding->n, 2);
	event.hold_min = 12;
	decide_all(1);
	assert_int_equal(verdicts[0].window_min, 12);
	assert_int_equal(holding.n, 0); /* what was read stays as it is */
}

static void
test_decide_holds_all_or_nothing_and_only_on_sale(void **state)
{
	(void)state;
	holds_already(0);
	seats[1].status = SEAT_HELD;
	seats[1].holder = "other";
	seats[2].status = SEAT_SOLD;
	REQUEST(0, "a", 1, 2, 3);
	hold(0, "a");
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[0].n_refused, 2);
	assert_null(verdicts[0].holding);
	event.status = EVENT_CLOSED;
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_EVENT_NOT_ON_SALE);
}

static void
test_decide_counts_what_is_held_already_and_each_seat_once(void **state)
{
	(void)state;
	holds_already(HOLD_MOST - 2);
	REQUEST(0, "a", 1, 2, 3);
	hold(0, "a");
	REQUEST(1, "a", 1, 2);
	hold(1, "a");
	REQUEST(2, "a", 2);
	hold(2, "a");
	REQUEST(3, "a", 3);
	hold(3, "a");
	decide_all(4);
	assert_int_equal(verdicts[0].err, ERR_VALIDATION_ERROR);
	assert_int_equal(verdicts[0].limit, HOLD_MOST);
	assert_int_equal(verdicts[1].err, ERR_OK);
	assert_int_equal(verdicts[2].err, ERR_OK); /* held already */
	assert_int_equal(verdicts[3].err, ERR_VALIDATION_ERROR);
	assert_int_equal(verdicts[1].holding->n, HOLD_MOST);
	assert_ptr_equal(verdicts[1].holding, verdicts[2].holding);
}

static void
test_decide_counts_no_hold_that_has_lapsed_but_lists_it(void **state)
{
	(void)state;
	holds_already(HOLD_MOST);
	held[3].lapsed = true;
	REQUEST(0, "a", 1);
	hold(0, "a");
	REQUEST(1, "a", 2);
	hold(1, "a");
	decide_all(2);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].holding->n, HOLD_MOST + 1);
	assert_int_equal(verdicts[1].err, ERR_VALIDATION_ERROR);
}

static void
test_decide_lets_a_booking_of_the_same_batch_use_a_hold_up(void **state)
{
	(void)state;
	holds_already(0);
	pending[0] = (struct pending_facts){ "a", 2 };
	facts.n_pending = 1;
	REQUEST(0, "a", 1, 2);
	hold(0, "a");
	REQUEST(1, "b", 2);
	REQUEST(2, "a", 2, 3);
	REQUEST(3, "a", 2, 4); /* to hold what was booked just now */
	hold(3, "a");
	REQUEST(4, "b", 1); /* another's hold is no booking's */
	REQUEST(5, "a", 1);
	decide_all(6);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[1].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[2].err, ERR_OK);
	assert_int_equal(verdicts[3].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[4].err, ERR_SEAT_ALREADY_RESERVED);
	assert_int_equal(verdicts[5].err,
	                 ERR_TOO_MANY_PENDING_BOOKINGS); /* a hold does not count */
	assert_int_equal(verdicts[0].holding->n, 1);
	assert_int_equal(verdicts[0].holding->seats[0].no, 1);
}

static void
test_decide_holds_of_several_users_are_their_own(void **state)
{
	(void)state;
	holds_already(HOLD_MOST);
	struct hold_rows both[2];

	REQUEST(0, "b", 1);
	hold(0, "b");
	both[0] = holding;
	both[1] = (struct hold_rows){ .event_id = 7, .user_id = "b" };
	facts.holdings = both;
	facts.n_holdings = 2;
	decide_all(1);
	assert_int_equal(verdicts[0].err, ERR_OK);
	assert_int_equal(verdicts[0].holding->n, 1);
	assert_string_equal(verdicts[0].holding->user_id, "b");
}

static void
test_decide_puts_a_hold_of_lapsed_bookings_seats_aside(void **state)
{
	(void)state;
	holds_already(0);
	seats[0].status = SEAT_RESERVED;
	seats[0].lapsed = true;
	REQUEST(0, "a", 1, 2);
	hold(0, "a");
	decide_all(1);
	assert_true(verdicts[0].lapsed);
	assert_null(verdicts[0].holding);
}

static void
test_decide_gives_nothing_to_who_is_served_elsewhere(void **state)
{
	(void)state;
	REQUEST(0, "a", 1);
	REQUEST(1, "b", 1);
	memset(verdicts, 0, sizeof(verdicts));
	verdicts[0].err = ERR_IDEMPOTENCY_IN_PROGRESS;
	decide(ctx, &policy, &facts, queue, 2, verdicts);
	assert_int_equal(verdicts[0].err, ERR_IDEMPOTENCY_IN_PROGRESS);
	assert_int_equal(verdicts[1].err, ERR_OK);
	verdicts[0].err = ERR_KEY_KNOWN;
	event.status = EVENT_CLOSED; /* no reason to answer it anew */
	decide(ctx, &policy, &facts, queue, 1, verdicts);
	assert_int_equal(verdicts[0].err, ERR_KEY_KNOWN);
}

#define DECIDE_TEST(f) cmocka_unit_test_setup_teardown(f, begin, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		DECIDE_TEST(test_decide_gives_a_seat_to_the_first_who_asks),
		DECIDE_TEST(test_decide_gives_a_seat_that_is_locked_twice_once),
		DECIDE_TEST(test_decide_names_every_seat_that_is_taken),
		DECIDE_TEST(test_decide_lets_own_and_lapsed_holds_be_taken),
		DECIDE_TEST(test_decide_puts_lapsed_bookings_aside),
		DECIDE_TEST(test_decide_counts_pending_bookings_of_the_whole_queue),
		DECIDE_TEST(test_decide_counts_nothing_without_a_window),
		DECIDE_TEST(test_decide_follows_the_events_policy),
		DECIDE_TEST(test_decide_an_events_limit_never_widens_the_general_one),
		DECIDE_TEST(test_decide_tells_the_states_of_an_event_apart),
		DECIDE_TEST(test_decide_names_seats_that_do_not_exist),
		DECIDE_TEST(test_decide_accepts_by_event_and_limit_alone),
		DECIDE_TEST(test_decide_seats_only_those_that_wait),
		DECIDE_TEST(test_decide_gives_a_queued_booking_the_events_window_and_no_cap),
		DECIDE_TEST(test_decide_takes_a_chosen_seat_that_is_missing_for_taken),
		DECIDE_TEST(test_decide_holds_seats_for_the_time_that_the_policy_says),
		DECIDE_TEST(test_decide_holds_all_or_nothing_and_only_on_sale),
		DECIDE_TEST(test_decide_counts_what_is_held_already_and_each_seat_once),
		DECIDE_TEST(test_decide_counts_no_hold_that_has_lapsed_but_lists_it),
		DECIDE_TEST(test_decide_lets_a_booking_of_the_same_batch_use_a_hold_up),
		DECIDE_TEST(test_decide_holds_of_several_users_are_their_own),
		DECIDE_TEST(test_decide_puts_a_hold_of_lapsed_bookings_seats_aside),
		DECIDE_TEST(test_decide_gives_nothing_to_who_is_served_elsewhere),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
