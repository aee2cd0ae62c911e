/* What a process knows of an event's seats: promises, readings that come late, and counters. */

#include "ctx_case.h"
#include "base/clock.h"
#include "core/inventory/inventory_state.h"

#define SEATS  10
#define COST   1000             /* µs that each reading takes */
#define LATER  (US_PER_S * 100) /* when most tests begin */
#define LONG   (US_PER_S * 3600)
#define OTHERS 7 /* changes by others so far */

static struct inventory_state state; /* of the test at hand, on ctx, as are all below */
static struct layout_seat layout[SEATS];
static int64_t now_us;
static uint64_t version;

/* One row of ten seats, none of them known. */
static int
open_row(void **unused)
{
	struct seat_spot spots[SEATS];

	setup(unused);
	for (int i = 0; i < SEATS; i++) {
		spots[i] = (struct seat_spot){ .no = i + 1, .section = 1, .row = 1, .col = i + 1 };
		layout[i] = (struct layout_seat){ .section = 1, .row = 1 };
	}
	inventory_state_init(&state, ctx, seats_new(ctx, spots, SEATS, false), SEATS);
	now_us = LATER;
	version = OTHERS;
	return 0;
}

static void
begin(struct seat_reading *reading)
{
	inventory_state_begin(&state, version, now_us, reading);
}

/* A reading comes in that found n seats not free. */
static void
merge(const struct seat_reading *reading, const int32_t *taken, size_t n)
{
	inventory_state_merge(&state, reading, taken, n, -1, reading->began_us + COST);
}

/* Reads at once: these seats are not free. */
static void
read_now(const int32_t *taken, size_t n)
{
	struct seat_reading reading;

	begin(&reading);
	merge(&reading, taken, n);
}

static struct party
party_of(int32_t quantity)
{
	return (struct party){ .quantity = quantity, .tier = SEATS_ANY_TIER };
}

static void
assert_gets(int32_t *seats, int32_t quantity)
{
	const struct party party = party_of(quantity);

	assert_int_equal(inventory_state_choose(&state, &party, seats), ERR_OK);
}

static void
assert_free(size_t expected)
{
	const struct party any = party_of(1);

	assert_int_equal(seats_count(state.seats, &any), expected);
}

static bool
has_room(int32_t quantity)
{
	const struct party party = party_of(quantity);

	return inventory_state_has_room(&state, layout, &party, false);
}

/* Whether a choice would read first, at this moment. */
static bool
must_read(enum inventory_want want)
{
	const struct party party = party_of(2);

	return inventory_state_must_read(&state, want, want == INVENTORY_COUNT ? &party : NULL,
	                                 LONG, version, now_us);
}

/* The counters of claims are what the claims say. */
static void
assert_counters(size_t promised, size_t lost)
{
	size_t n[3] = { 0 };

	for (int i = 0; i < SEATS; i++)
		n[state.claim[i]]++;
	assert_int_equal(n[CLAIM_PROMISED], promised);
	assert_int_equal(n[CLAIM_LOST], lost);
	assert_int_equal(state.n_promised, promised);
	assert_int_equal(state.n_lost, lost);
}

/* --- promises --- */

static void
test_inventory_state_promises_a_seat_once(void **unused)
{
	int32_t seats[SEATS];
	bool seen[SEATS + 1] = { false };
	const struct party one = party_of(1);

	(void)unused;
	read_now(NULL, 0);
	for (int i = 0; i < SEATS / 2; i++) {
		assert_gets(seats, 2);
		for (int k = 0; k < 2; k++) {
			assert_false(seen[seats[k]]);
			seen[seats[k]] = true;
		}
	}
	assert_counters(SEATS, 0);
	assert_int_equal(inventory_state_choose(&state, &one, seats), ERR_NOT_ENOUGH_SEATS);
}

static void
test_inventory_state_counts_promised_seats_as_room(void **unused)
{
	int32_t seats[SEATS];

	(void)unused;
	read_now((int32_t[]){ 1, 2 }, 2);
	assert_gets(seats, 6);
	assert_free(2);
	assert_true(has_room(8)); /* those promised may yet be given back */
	assert_false(has_room(9));
}

static void
test_inventory_state_frees_what_was_not_booked(void **unused)
{
	int32_t seats[4];

	(void)unused;
	read_now(NULL, 0);
	assert_gets(seats, 4);
	inventory_state_settle(&state, seats, 4, false, NULL, 0, false);
	assert_counters(0, 0);
	assert_free(SEATS);
}

static void
test_inventory_state_keeps_what_was_booked(void **unused)
{
	int32_t seats[4];

	(void)unused;
	read_now(NULL, 0);
	assert_gets(seats, 4);
	inventory_state_note_taken(&state, seats, 4); /* as the clerk does after COMMIT */
	inventory_state_settle(&state, seats, 4, true, NULL, 0, false);
	assert_counters(0, 0);
	assert_free(SEATS - 4);
	assert_false(has_room(SEATS - 3));
}

static void
test_inventory_state_sets_lost_seats_aside(void **unused)
{
	int32_t seats[4], lost[2];

	(void)unused;
	read_now(NULL, 0);
	assert_gets(seats, 4);
	lost[0] = seats[1];
	lost[1] = seats[3];
	inventory_state_settle(&state, seats, 4, false, lost, 2, false);
	assert_counters(0, 2);
	assert_free(SEATS - 2);
	assert_false(seats_available(state.seats, lost[0]));
	assert_false(seats_available(state.seats, lost[1]));
	assert_true(has_room(SEATS)); /* the others may not keep them */
}

/* --- readings --- */

static void
test_inventory_state_reading_does_not_free_promised_seats(void **unused)
{
	struct seat_reading reading;
	int32_t seats[4];

	(void)unused;
	read_now(NULL, 0);
	begin(&reading);
	assert_gets(seats, 4);
	merge(&reading, NULL, 0);
	read_now(NULL, 0); /* nor does one that begins after the promise: nothing is written yet */
	assert_counters(4, 0);
	assert_free(SEATS - 4);
}

static void
test_inventory_state_reading_does_not_free_what_was_taken_meanwhile(void **unused)
{
	struct seat_reading reading;

	(void)unused;
	read_now(NULL, 0);
	begin(&reading);
	inventory_state_note_taken(&state, (int32_t[]){ 3, 4 }, 2);
	merge(&reading, NULL, 0);
	assert_false(seats_available(state.seats, 3));
	assert_free(SEATS - 2);
	read_now((int32_t[]){ 4 }, 1); /* it begins later, and so it knows better */
	assert_true(seats_available(state.seats, 3));
	assert_false(seats_available(state.seats, 4));
}

static void
test_inventory_state_reading_that_comes_late_is_dropped(void **unused)
{
	struct seat_reading older, newer;

	(void)unused;
	begin(&older);
	begin(&newer);
	merge(&newer, (int32_t[]){ 1, 2, 3 }, 3);
	merge(&older, (int32_t[]){ 9 }, 1);
	assert_int_equal(state.known, newer.no);
	assert_free(SEATS - 3);
	assert_true(seats_available(state.seats, 9));
	assert_false(seats_available(state.seats, 1));
}

/* Loses seat 1, and reads: before that, at once after it, and again. */
static void
lose_and_read(bool stays, bool taken, size_t lost_then, size_t free_then)
{
	const int32_t one = 1;
	struct seat_reading before;
	int32_t seats[SEATS];

	read_now(NULL, 0);
	begin(&before);
	assert_gets(seats, SEATS);
	inventory_state_settle(&state, seats, SEATS, false, &one, 1, stays);
	merge(&before, NULL, 0); /* it began before: it cannot know */
	assert_counters(0, 1);
	assert_false(seats_available(state.seats, 1));
	read_now(&one, taken);
	assert_counters(0, lost_then);
	assert_free(free_then);
}

static void
test_inventory_state_reading_finds_what_became_of_lost_seats(void **unused)
{
	(void)unused;
	lose_and_read(false, true, 0, SEATS - 1); /* the others have it */
}

static void
test_inventory_state_reading_gives_lost_seats_back(void **unused)
{
	(void)unused;
	lose_and_read(false, false, 0, SEATS); /* the others did not keep it */
}

static void
test_inventory_state_next_reading_sees_that_a_lost_seat_is_taken(void **unused)
{
	(void)unused;
	lose_and_read(true, true, 0, SEATS - 1); /* the others have committed: it is known */
}

static void
test_inventory_state_next_reading_leaves_a_seat_that_stays_lost(void **unused)
{
	(void)unused;
	lose_and_read(true, false, 1, SEATS - 1); /* the others may not have committed by then */
	read_now(NULL, 0);
	assert_counters(0, 0);
	assert_free(SEATS);
}

/* --- when it is read --- */

static void
test_inventory_state_is_read_before_it_is_used(void **unused)
{
	(void)unused;
	assert_true(must_read(INVENTORY_CHOICE));
	assert_true(must_read(INVENTORY_COUNT));
	assert_true(must_read(INVENTORY_LAST_WORD));
	read_now(NULL, 0);
	assert_false(must_read(INVENTORY_CHOICE));
	assert_false(must_read(INVENTORY_COUNT));
}

static void
test_inventory_state_own_changes_are_no_news(void **unused)
{
	(void)unused;
	read_now(NULL, 0);
	inventory_state_note_taken(&state, (int32_t[]){ 1 }, 1);
	version++; /* as shared_event_changed counts it */
	now_us += 10 * COST;
	assert_false(must_read(INVENTORY_CHOICE));
	version++; /* a change by another process */
	assert_true(must_read(INVENTORY_CHOICE));
	read_now((int32_t[]){ 1, 2 }, 2);
	now_us += 10 * COST;
	assert_false(must_read(INVENTORY_CHOICE));
}

static void
test_inventory_state_change_during_a_reading_is_news(void **unused)
{
	struct seat_reading reading;

	(void)unused;
	begin(&reading);
	version++;
	merge(&reading, NULL, 0);
	now_us += 10 * COST;
	assert_true(must_read(INVENTORY_CHOICE));
}

static void
test_inventory_state_reading_takes_a_fifth_of_the_time(void **unused)
{
	(void)unused;
	read_now(NULL, 0);
	version++;
	now_us += 4 * COST;
	assert_false(must_read(INVENTORY_CHOICE));
	now_us++;
	assert_true(must_read(INVENTORY_CHOICE));
}

static void
test_inventory_state_is_read_again_after_half_a_second(void **unused)
{
	(void)unused;
	read_now(NULL, 0);
	now_us += US_PER_S / 2;
	assert_false(must_read(INVENTORY_CHOICE));
	now_us++;
	assert_true(must_read(INVENTORY_CHOICE));
}

static void
test_inventory_state_is_read_again_when_a_window_ends(void **unused)
{
	struct seat_reading reading;

	(void)unused;
	begin(&reading);
	inventory_state_merge(&state, &reading, (int32_t[]){ 1 }, 1, 20 * COST, now_us + COST);
	now_us += 20 * COST - 1;
	assert_false(must_read(INVENTORY_CHOICE));
	now_us++;
	assert_true(must_read(INVENTORY_CHOICE));
}

static void
test_inventory_state_old_count_with_a_margin_will_do(void **unused)
{
	(void)unused;
	read_now(NULL, 0);
	version++;
	now_us += 350; /* seven seats may have been sold: 10 are left, and 2 are asked for */
	assert_false(must_read(INVENTORY_COUNT));
	now_us += 100; /* nine */
	assert_true(must_read(INVENTORY_COUNT));
}

static void
test_inventory_state_last_word_needs_a_reading_since(void **unused)
{
	const int64_t since_us = now_us + 1;

	(void)unused;
	read_now(NULL, 0);
	now_us += 100;
	assert_false(inventory_state_must_read(&state, INVENTORY_LAST_WORD, NULL, since_us, version,
	                                       now_us));
	version++; /* there is news */
	assert_true(inventory_state_must_read(&state, INVENTORY_LAST_WORD, NULL, since_us, version,
	                                      now_us));
	read_now(NULL, 0); /* after that moment */
	version++;
	assert_false(inventory_state_must_read(&state, INVENTORY_LAST_WORD, NULL, since_us, version,
	                                       now_us));
}

static void
test_inventory_state_lost_seats_are_looked_for(void **unused)
{
	const int32_t one = 1;
	int32_t seats[SEATS];

	(void)unused;
	read_now(NULL, 0);
	assert_gets(seats, SEATS);
	inventory_state_settle(&state, seats, SEATS, false, &one, 1, false);
	now_us += 450; /* no margin either */
	assert_false(must_read(INVENTORY_CHOICE));
	assert_true(must_read(INVENTORY_COUNT));
	assert_true(must_read(INVENTORY_LAST_WORD));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_row, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_inventory_state_promises_a_seat_once),
		TEST(test_inventory_state_counts_promised_seats_as_room),
		TEST(test_inventory_state_frees_what_was_not_booked),
		TEST(test_inventory_state_keeps_what_was_booked),
		TEST(test_inventory_state_sets_lost_seats_aside),
		TEST(test_inventory_state_reading_does_not_free_promised_seats),
		TEST(test_inventory_state_reading_does_not_free_what_was_taken_meanwhile),
		TEST(test_inventory_state_reading_that_comes_late_is_dropped),
		TEST(test_inventory_state_reading_finds_what_became_of_lost_seats),
		TEST(test_inventory_state_reading_gives_lost_seats_back),
		TEST(test_inventory_state_next_reading_sees_that_a_lost_seat_is_taken),
		TEST(test_inventory_state_next_reading_leaves_a_seat_that_stays_lost),
		TEST(test_inventory_state_is_read_before_it_is_used),
		TEST(test_inventory_state_own_changes_are_no_news),
		TEST(test_inventory_state_change_during_a_reading_is_news),
		TEST(test_inventory_state_reading_takes_a_fifth_of_the_time),
		TEST(test_inventory_state_is_read_again_after_half_a_second),
		TEST(test_inventory_state_is_read_again_when_a_window_ends),
		TEST(test_inventory_state_old_count_with_a_margin_will_do),
		TEST(test_inventory_state_last_word_needs_a_reading_since),
		TEST(test_inventory_state_lost_seats_are_looked_for),
	};

	return cmocka_run_group_tests_name("inventory_state", tests, NULL, NULL);
}
