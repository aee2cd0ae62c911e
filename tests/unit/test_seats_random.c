/* Choosing seats in halls at random, compared with a search over everything. */

#include "seats_slow.h"

/* The least of pieces_of over all ways to choose what is missing from i on. */
static int
least_pieces(const struct party *party, int32_t *seats, int32_t n, int32_t i)
{
	int least = INT32_MAX;

	if (n == party->quantity)
		return pieces_of(seats, n);
	for (; i < n_spots; i++) {
		int pieces;

		if (!fits(party, i))
			continue;
		seats[n] = i + 1;
		pieces = least_pieces(party, seats, n + 1, i + 1);
		least = pieces < least ? pieces : least;
	}
	return least;
}

static size_t
count_slowly(const struct party *party)
{
	size_t n = 0;

	for (int32_t i = 0; i < n_spots; i++)
		n += fits(party, i);
	return n;
}

/* Draws a hall of up to three sections; marks is what seats may be. */
static void
draw_at_random(uint32_t *seed, int32_t most_rows, int32_t most_cols, const char *marks,
               bool has_coordinates)
{
	char *map = talloc_strdup(ctx, "");

	for (int32_t section = dice(seed, 3); section >= 0; section--) {
		for (int32_t row = dice(seed, most_rows); row >= 0; row--) {
			for (int32_t col = dice(seed, most_cols); col >= 0; col--)
				map = talloc_asprintf_append(
				    map, "%c", marks[dice(seed, (int32_t)strlen(marks))]);
			map = talloc_asprintf_append(map, ".\n"); /* no row without a seat */
		}
		map = talloc_asprintf_append(map, section > 0 ? "==\n" : "");
	}
	if (has_coordinates)
		draw_to_scale(map);
	else
		draw(map);
}

static struct party
party_at_random(uint32_t *seed, int32_t most, const bool *sections)
{
	return (struct party){ .quantity = 1 + dice(seed, most),
		               .sections = dice(seed, 4) == 0 ? sections : NULL,
		               .tier = dice(seed, 3) == 0 ? dice(seed, 2) : SEATS_ANY_TIER,
		               .accessible = dice(seed, 8) == 0 };
}

static const bool some_sections[] = { false, true, false, true };

static void
test_seats_choose_never_fails_while_enough(void **state)
{
	uint32_t seed = 1;

	(void)state;
	for (int h = 0; h < 300; h++) {
		int32_t seats[SEATS_MAX_PARTY];

		draw_at_random(&seed, 8, 15, "......1111##x~A", h % 2 == 1);
		for (int refusals = 0; refusals < 20;) {
			struct party party = party_at_random(&seed, 9, some_sections);
			size_t enough = count_slowly(&party);

			assert_int_equal(seats_count(hall, &party), enough);
			if (enough < (size_t)party.quantity) {
				assert_int_equal(seats_choose(hall, &party, seats),
				                 ERR_NOT_ENOUGH_SEATS);
				refusals++;
				continue;
			}
			assert_int_equal(seats_choose(hall, &party, seats), ERR_OK);
			for (int32_t i = 0; i < party.quantity; i++)
				assert_true(fits(&party, seats[i] - 1));
			seat_party(&party, seats);
		}
	}
}

static void
test_seats_choose_the_block_that_looking_at_all_finds(void **state)
{
	uint32_t seed = 2;
	int blocks = 0;

	(void)state;
	for (int h = 0; h < 400; h++) {
		draw_at_random(&seed, 5, 12, "........1111#~A", false);
		for (int n = 0; n < 30; n++) {
			struct party party = party_at_random(&seed, 6, some_sections);
			int32_t seats[SEATS_MAX_PARTY], best = best_block(&party, NULL);

			if (seats_choose(hall, &party, seats) != ERR_OK)
				continue;
			assert_true((best >= 0) == (pieces_of(seats, party.quantity) / 100 == 1));
			assert_true(best < 0 || seats[0] == best + 1);
			blocks += best >= 0;
			seat_party(&party, seats);
		}
	}
	assert_true(blocks > 1000);
}

static void
test_seats_choose_the_block_nearest_to_the_focal_point(void **state)
{
	uint32_t seed = 3;
	int blocks = 0;

	(void)state;
	for (int h = 0; h < 100; h++) {
		const double focus[] = { 8, 1 }; /* the middle of the first row */

		draw_to_scale("........#......\n"
		              "...............\n"
		              "....#..~.......\n"
		              "~......~......~\n"
		              "...............\n");
		for (int n = 0; n < 40; n++) {
			struct party party = party_of(1 + dice(&seed, 5));
			int32_t seats[SEATS_MAX_PARTY], best = best_block(&party, focus);

			if (seats_choose(hall, &party, seats) != ERR_OK || best < 0)
				break;
			assert_int_equal(single_left(seats[0] - 1, party.quantity),
			                 single_left(best, party.quantity));
			assert_true(fabs(distance_of(seats[0] - 1, party.quantity, focus) -
			                 distance_of(best, party.quantity, focus)) < 1e-3);
			blocks++;
			seat_party(&party, seats);
		}
	}
	assert_true(blocks > 1000);
}

static void
test_seats_choose_the_fewest_pieces_of_all_ways(void **state)
{
	uint32_t seed = 4;
	int split = 0;

	(void)state;
	for (int h = 0; h < 3000; h++) {
		struct party party = party_of(2 + dice(&seed, 6));
		int32_t seats[SEATS_MAX_PARTY], any[SEATS_MAX_PARTY];

		draw_at_random(&seed, 3, 8, ".##", dice(&seed, 2) == 0);
		if (count_slowly(&party) > 14 || seats_choose(hall, &party, seats) != ERR_OK)
			continue;
		assert_int_equal(pieces_of(seats, party.quantity), least_pieces(&party, any, 0, 0));
		split += pieces_of(seats, party.quantity) >= 200;
	}
	assert_true(split > 500);
}

/* How far the middles of two runs are apart, squared; another section is farther than all. */
static double
apart(int32_t a, int32_t n, int32_t b, int32_t m)
{
	double x = (spots[a].col + spots[a + n - 1].col - spots[b].col - spots[b + m - 1].col) /
	           2.0;
	double y = spots[a].row - spots[b].row;

	return x * x + y * y + (spots[a].section == spots[b].section ? 0 : 1e6);
}

/* The length of the run of available seats that begins at an index; 0 when none does. */
static int32_t
run_at(int32_t i)
{
	const struct party one = party_of(1);
	int32_t n = 0;

	if (is_joined(i) && fits(&one, i - 1))
		return 0;
	while (i + n < n_spots && fits(&one, i + n) && (n == 0 || is_joined(i + n)))
		n++;
	return n;
}

/* The least that two runs are apart which can take the party in pieces of `least` or more. */
static double
closest_pair(int32_t quantity, int32_t least)
{
	double closest = INFINITY;

	for (int32_t i = 0; i < n_spots; i++) {
		for (int32_t k = 0; k < i; k++) {
			int32_t n = run_at(i), m = run_at(k);

			if (n >= least && m >= least && n + m >= quantity)
				closest = fmin(closest, apart(i, n, k, m));
		}
	}
	return closest;
}

/* The first index of the run that a seat is in. */
static int32_t
run_of(int32_t seat)
{
	int32_t i = seat - 1;

	while (run_at(i) == 0)
		i--;
	return i;
}

static void
test_seats_choose_the_two_pieces_that_are_closest(void **state)
{
	uint32_t seed = 5;
	int split = 0;

	(void)state;
	for (int h = 0; h < 2000; h++) {
		struct party party = party_of(4 + dice(&seed, 3));
		int32_t seats[SEATS_MAX_PARTY], pieces, head, tail;

		draw("#..#..#...#\n" /* all rows are equally wide: columns are places */
		     "#.#..##...#\n"
		     "#..##..#..#\n"
		     "==\n"
		     "#...##...##\n"
		     "##..#.#..##\n");
		for (int32_t i = 1; i <= n_spots; i++) {
			if (dice(&seed, 4) == 0)
				seats_set(hall, i, false);
		}
		if (seats_choose(hall, &party, seats) != ERR_OK)
			continue;
		pieces = pieces_of(seats, party.quantity);
		if (pieces / 100 != 2)
			continue;
		head = run_of(seats[0]);
		tail = run_of(seats[party.quantity - 1]);
		assert_true(apart(head, run_at(head), tail, run_at(tail)) ==
		            closest_pair(party.quantity, pieces % 100 == 0 ? 2 : 1));
		split++;
	}
	assert_true(split > 500);
}

static void
test_seats_choose_remembers_nothing_but_the_house(void **state)
{
	uint32_t seed = 6;

	(void)state;
	draw_at_random(&seed, 10, 30, "....1111AA~", true);
	for (int n = 0; n < 3000; n++) {
		struct party party = party_at_random(&seed, SEATS_MAX_PARTY, some_sections);
		struct seats *fresh = seats_new(ctx, spots, (size_t)n_spots, true);
		int32_t seats[SEATS_MAX_PARTY], same[SEATS_MAX_PARTY],
		    any = 1 + dice(&seed, n_spots);
		enum err e;

		for (int32_t i = 1; i <= n_spots; i++)
			seats_set(fresh, i, seats_available(hall, i));
		e = seats_choose(hall, &party, seats);
		assert_int_equal(seats_choose(fresh, &party, same), e);
		for (int32_t i = 0; e == ERR_OK && i < party.quantity; i++)
			assert_int_equal(seats[i], same[i]);
		if (e == ERR_OK && dice(&seed, 2) == 0)
			seat_party(&party, seats);
		seats_set(hall, any, !seats_available(hall, any));
		talloc_free(fresh);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seats_choose_never_fails_while_enough),
		TEST(test_seats_choose_the_block_that_looking_at_all_finds),
		TEST(test_seats_choose_the_block_nearest_to_the_focal_point),
		TEST(test_seats_choose_the_fewest_pieces_of_all_ways),
		TEST(test_seats_choose_the_two_pieces_that_are_closest),
		TEST(test_seats_choose_remembers_nothing_but_the_house),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
