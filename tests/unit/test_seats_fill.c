/* Choosing seats until a hall is full: rushes, and what they leave. */

#include "seats_slow.h"

/* Draws rows, each n times. */
static void
draw_rows(const char *row, int n, bool has_coordinates)
{
	char *map = talloc_strdup(ctx, "");

	while (n-- > 0)
		map = talloc_asprintf_append(map, "%s\n", row);
	if (has_coordinates)
		draw_to_scale(map);
	else
		draw(map);
}

static void
assert_160_parties_of_4(void)
{
	const struct party four = party_of(4);
	int32_t seats[4];

	assert_int_equal(seats_count(hall, &four), 640);
	for (int n = 0; n < 160; n++) {
		bool has_block = best_block(&four, NULL) >= 0;

		seat_party(&four, seats);
		assert_true(pieces_of(seats, 4) == 100 || !has_block);
	}
	assert_int_equal(seats_count(hall, &four), 0);
}

static void
test_seats_choose_160_parties_of_4(void **state)
{
	static const struct {
		int n;
		const char *row;
	} shapes[] = {
		{ 16, "........................................" },
		{ 32, "...................." },
		{ 64, ".........." },
		{ 40, "........~........" },
		{ 20, "......~....................~......" },
	};

	(void)state;
	for (size_t i = 0; i < 2 * N(shapes); i++) {
		draw_rows(shapes[i / 2].row, shapes[i / 2].n, i % 2 == 1);
		assert_160_parties_of_4();
	}
	draw_rows(".........~.........", 36, false);
	for (int32_t i = 0; i < 8; i++) /* 648 seats */
		seats_set(hall, 1 + i * 70, false);
	assert_160_parties_of_4();
}

/* The singles in the hall, and those of them between taken seats. */
static void
count_singles(int32_t *singles, int32_t *orphans)
{
	*singles = *orphans = 0;
	for (int32_t i = 0; i < n_spots; i++) {
		*singles += single_at(i) > 0;
		*orphans += single_at(i) == 2;
	}
}

/*
 * Seats parties of least to most at random until one must be split; the most singles and
 * orphans that there were at any time.
 */
static void
rush(int32_t least, int32_t most, int32_t *most_singles, int32_t *most_orphans)
{
	uint32_t seed = 7;

	*most_singles = *most_orphans = 0;
	for (;;) {
		struct party party = party_of(least + dice(&seed, most - least + 1));
		int32_t seats[SEATS_MAX_PARTY], singles, orphans;

		if (seats_choose(hall, &party, seats) != ERR_OK ||
		    pieces_of(seats, party.quantity) >= 200)
			return;
		seat_party(&party, seats);
		count_singles(&singles, &orphans);
		*most_singles = singles > *most_singles ? singles : *most_singles;
		*most_orphans = orphans > *most_orphans ? orphans : *most_orphans;
	}
}

/* Draws a theatre of 1,350 seats, whose rows differ and have aisles. */
static void
draw_theatre(bool has_coordinates)
{
	char *map = talloc_strdup(ctx, "");

	for (int i = 0; i < 25; i++)
		map = talloc_asprintf_append(map, "~~~......~..................~......\n");
	map = talloc_asprintf_append(map, "==\n");
	for (int i = 0; i < 10; i++)
		map = talloc_asprintf_append(map, "~~~~~......~..............~......\n"
		                                  "~........~..................~........\n");
	if (has_coordinates)
		draw_to_scale(map);
	else
		draw(map);
	assert_int_equal(n_spots, 1350);
}

static void
test_seats_choose_few_singles_after_pairs(void **state)
{
	int32_t singles, orphans;

	(void)state;
	for (int i = 0; i < 2; i++) {
		draw_rows("..............................", 45, i == 1);
		rush(2, 2, &singles, &orphans);
		assert_true(50 * singles <= n_spots);
		draw_theatre(i == 1);
		rush(2, 2, &singles, &orphans);
		assert_true(50 * singles <= n_spots);
	}
}

static void
test_seats_choose_few_singles_after_all_sizes(void **state)
{
	int32_t singles, orphans;

	(void)state;
	for (int i = 0; i < 2; i++) {
		draw_rows("..............................", 45, i == 1);
		rush(1, 4, &singles, &orphans);
		assert_true(50 * singles <= n_spots);
		draw_theatre(i == 1);
		rush(1, 4, &singles, &orphans);
		assert_true(50 * singles <= n_spots);
		draw_rows(".......~................~.......", 45, i == 1);
		rush(1, 4, &singles, &orphans);
		assert_true(50 * singles <= n_spots);
	}
}

/* Pairs cannot fill a stretch of seven; the one that is left must be at its end. */
static void
test_seats_choose_few_orphans_in_odd_rows(void **state)
{
	int32_t singles, orphans;

	(void)state;
	for (int i = 0; i < 2; i++) {
		draw_rows(".......~................~.......", 45, i == 1);
		rush(2, 2, &singles, &orphans);
		assert_true(singles > 0);
		assert_true(50 * orphans <= n_spots);
	}
}

/* The largest hall there is: every party is seated, in pieces when only singles are left. */
static void
test_seats_choose_in_a_house_of_200000(void **state)
{
	char *row = talloc_strdup(ctx, "");
	int32_t seats[SEATS_MAX_PARTY];
	const struct party party = party_of(SEATS_MAX_PARTY), one = party_of(1);

	(void)state;
	for (int i = 0; i < 50; i++)
		row = talloc_asprintf_append(row, ".#.#.#.#");
	draw_rows(row, 500, true);
	assert_int_equal(n_spots, 200000);
	for (int n = 0; n < 20; n++)
		seat_party(&party, seats);
	assert_int_equal(seats_count(hall, &one), 100000 - 20 * SEATS_MAX_PARTY);
	for (int32_t i = 1; i <= n_spots; i++)
		seats_set(hall, i, true);
	for (int n = 0; n < 4000; n++)
		seat_party(&party, seats);
	assert_int_equal(seats_count(hall, &one), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seats_choose_160_parties_of_4),
		TEST(test_seats_choose_few_singles_after_pairs),
		TEST(test_seats_choose_few_singles_after_all_sizes),
		TEST(test_seats_choose_few_orphans_in_odd_rows),
		TEST(test_seats_choose_in_a_house_of_200000),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
