/* Choosing seats: what R-31 says of blocks and of wishes. */

#include "seats_case.h"

/* --- The hall. --- */

static void
test_seats_new_has_nothing_available(void **state)
{
	const struct party one = party_of(1);
	int32_t seat;

	(void)state;
	read_drawing("..\n"
	             "..\n");
	hall = seats_new(ctx, spots, 4, false);
	assert_int_equal(seats_count(hall, &one), 0);
	assert_int_equal(seats_choose(hall, &one, &seat), ERR_NOT_ENOUGH_SEATS);
	assert_false(seats_available(hall, 4));
	seats_set(hall, 4, true);
	assert_true(seats_available(hall, 4));
	assert_gets(1, "##\n"
	               "#*\n");
}

static void
test_seats_set_counts_a_seat_once(void **state)
{
	const struct party one = party_of(1);

	(void)state;
	draw("...\n");
	seats_set(hall, 2, true);
	assert_int_equal(seats_count(hall, &one), 3);
	seats_set(hall, 2, false);
	seats_set(hall, 2, false);
	assert_int_equal(seats_count(hall, &one), 2);
}

static void
test_seats_count_goes_by_wishes(void **state)
{
	const bool second[] = { false, false, true };
	struct party party = party_of(1);

	(void)state;
	draw("..11#\n"
	     "A2x~a\n"
	     "==\n"
	     ".11A\n");
	assert_int_equal(seats_count(hall, &party), 8);
	party.tier = 1;
	assert_int_equal(seats_count(hall, &party), 4);
	party.sections = second;
	assert_int_equal(seats_count(hall, &party), 2);
	party.tier = 2;
	assert_int_equal(seats_count(hall, &party), 0);
	party.tier = SEATS_ANY_TIER;
	assert_int_equal(seats_count(hall, &party), 3);
	party.accessible = true;
	assert_int_equal(seats_count(hall, &party), 1);
	party.sections = NULL;
	assert_int_equal(seats_count(hall, &party), 2);
}

static void
test_seats_choose_leaves_seats_available(void **state)
{
	(void)state;
	draw("......\n");
	assert_gets(2, "..**..\n");
	assert_gets(2, "..**..\n");
}

static void
test_seats_choose_not_enough_seats(void **state)
{
	struct party party = party_of(3);
	int32_t seats[3] = { 7, 7, 7 };

	(void)state;
	draw(".#.Ax\n"
	     "==\n"
	     "1#111\n");
	party.tier = 0;
	assert_int_equal(seats_choose(hall, &party, seats), ERR_NOT_ENOUGH_SEATS);
	assert_int_equal(seats[0], 7);
	party.quantity = 2;
	assert_int_equal(seats_choose(hall, &party, seats), ERR_OK);
}

/* --- (1) A block that leaves no single, the nearest. --- */

static void
test_seats_choose_middle_of_front_row(void **state)
{
	(void)state;
	draw("..........\n"
	     "..........\n");
	assert_gets(2, "....**....\n"
	               "..........\n");
	assert_gets(4, "...****...\n"
	               "..........\n");
}

static void
test_seats_choose_lower_number_of_equals(void **state)
{
	(void)state;
	draw(".........\n");
	assert_gets(2, "...**....\n");
}

static void
test_seats_choose_middle_of_a_row_with_aisle(void **state)
{
	(void)state;
	draw("......~...\n"); /* the middle lies between the fifth seat and the sixth */
	assert_gets(2, "....**~...\n");
}

static void
test_seats_choose_front_row_before_middle(void **state)
{
	(void)state;
	draw("..########\n"
	     "..........\n");
	assert_gets(2, "**########\n"
	               "..........\n");
}

static void
test_seats_choose_sections_in_order(void **state)
{
	(void)state;
	draw("####\n"
	     "..##\n"
	     "==\n"
	     "....\n");
	assert_then_gets(2, "####\n"
	                    "**##\n"
	                    "==\n"
	                    "....\n");
	assert_gets(2, "####\n"
	               "####\n"
	               "==\n"
	               "**..\n");
}

static void
test_seats_choose_fills_a_row_from_the_middle(void **state)
{
	(void)state;
	draw("..........\n");
	assert_then_gets(2, "....**....\n");
	assert_then_gets(2, "..**##....\n");
	assert_then_gets(2, "..####**..\n");
	assert_then_gets(2, "**######..\n");
	assert_then_gets(2, "########**\n");
}

static void
test_seats_choose_block_that_leaves_no_orphan(void **state)
{
	(void)state;
	draw("#...####\n"
	     "#....###\n");
	assert_gets(2, "#...####\n"
	               "#..**###\n");
}

static void
test_seats_choose_gap_of_its_size(void **state)
{
	(void)state;
	draw("#...#..#\n");
	assert_gets(2, "#...#**#\n");
	assert_gets(3, "#***#..#\n");
}

static void
test_seats_choose_no_single_at_the_end_of_a_row(void **state)
{
	(void)state;
	draw("....\n"
	     "....\n");
	assert_then_gets(2, "**..\n" /* not the two in the middle */
	                    "....\n");
	assert_then_gets(2, "##**\n"
	                    "....\n");
	draw("...#\n"
	     "..##\n");
	assert_gets(2, "...#\n"
	               "**##\n");
}

static void
test_seats_choose_no_single_at_an_aisle(void **state)
{
	(void)state;
	draw("##...~####\n"
	     "##....~###\n");
	assert_gets(2, "##...~####\n"
	               "##..**~###\n");
}

/* --- (2) A block that leaves a single. --- */

static void
test_seats_choose_single_at_the_end_before_orphan(void **state)
{
	(void)state;
	draw("#...#\n"
	     "....#\n");
	assert_gets(3, "#***#\n" /* none is left */
	               "....#\n");
	draw("#....#\n"
	     ".....#\n");
	seats_set(hall, 7, false); /* both rows: four seats, the last ones at the end of the row */
	assert_gets(3, "#***.#\n"
	               "#....#\n");
	draw("#....####\n"
	     "####....~\n"
	     "....~####\n");
	assert_gets(3, "#....####\n"
	               "####***.~\n"
	               "....~####\n");
}

static void
test_seats_choose_orphan_when_no_other_block(void **state)
{
	(void)state;
	draw("#.#.#\n"
	     "#...#\n");
	assert_gets(2, "#.#.#\n"
	               "#**.#\n");
}

static void
test_seats_choose_nearest_of_orphans(void **state)
{
	(void)state;
	draw("##...######\n"
	     "####...####\n");
	assert_gets(2, "##.**######\n"
	               "####...####\n");
}

/* --- What bounds a block. --- */

static void
test_seats_choose_never_across_an_aisle(void **state)
{
	(void)state;
	draw("##..~..##\n"
	     "....~...#\n");
	assert_gets(4, "##..~..##\n"
	               "****~...#\n");
	assert_gets(3, "##..~..##\n"
	               "....~***#\n");
}

static void
test_seats_choose_never_across_rows(void **state)
{
	(void)state;
	draw("##..\n"
	     "..##\n"
	     "....\n");
	assert_gets(4, "##..\n"
	               "..##\n"
	               "****\n");
	draw("##..\n"
	     "==\n"
	     "..##\n"
	     "....\n");
	assert_gets(4, "##..\n"
	               "==\n"
	               "..##\n"
	               "****\n");
}

static void
test_seats_choose_never_a_blocked_seat(void **state)
{
	(void)state;
	draw("..x..\n"
	     ".....\n");
	assert_gets(3, "..x..\n"
	               "***..\n");
	draw("#...x\n" /* a blocked seat makes an orphan as a taken one does */
	     "#...~\n");
	assert_gets(2, "#...x\n"
	               "#**.~\n");
}

static void
test_seats_choose_accessible_only_if_asked(void **state)
{
	struct party party = party_of(2);

	(void)state;
	draw("..AA..\n"
	     "......\n");
	assert_gets(2, "**AA..\n"
	               "......\n");
	assert_gets(3, "..AA..\n"
	               "***...\n");
	party.accessible = true;
	assert_party_gets(party, "..**..\n"
	                         "......\n");
	party.quantity = 3;
	assert_int_equal(seats_choose(hall, &party, (int32_t[3]){ 0 }), ERR_NOT_ENOUGH_SEATS);
	draw("AA\n");
	assert_int_equal(seats_choose(hall, &(struct party){ 1, NULL, SEATS_ANY_TIER, false },
	                              (int32_t[1]){ 0 }),
	                 ERR_NOT_ENOUGH_SEATS);
}

static void
test_seats_choose_single_at_an_accessible_seat(void **state)
{
	(void)state;
	draw("#...A###\n" /* the seat at A would sell badly, the one between # and * worse */
	     "#...a###\n");
	assert_gets(2, "#**.A###\n"
	               "#...a###\n");
	draw("#...A###\n"
	     "####....\n");
	assert_gets(2, "#...A###\n"
	               "####**..\n");
}

/* --- A party of one. --- */

static void
test_seats_choose_one_fills_a_single(void **state)
{
	(void)state;
	draw("#..#.#..#\n");
	assert_gets(1, "#..#*#..#\n");
	draw("#..#..#\n"
	     "#.##..#\n");
	assert_gets(1, "#..#..#\n"
	               "#*##..#\n");
}

static void
test_seats_choose_one_makes_no_single(void **state)
{
	(void)state;
	draw("#...#\n");
	assert_gets(1, "#*..#\n");
	draw(".....\n");
	assert_gets(1, "..*..\n");
	draw("#..#\n");
	assert_gets(1, "#*.#\n");
}

/* --- Wishes. --- */

static void
test_seats_choose_tier(void **state)
{
	struct party party = party_of(2);

	(void)state;
	draw("..11..\n"
	     "222222\n");
	party.tier = 2;
	assert_party_gets(party, "..11..\n"
	                         "22**22\n");
	party.tier = 1;
	assert_party_gets(party, "..**..\n"
	                         "222222\n");
	party.tier = 0;
	assert_party_gets(party, "**11..\n"
	                         "222222\n");
	assert_gets(4, "****..\n" /* any tier, and no single */
	               "222222\n");
}

static void
test_seats_choose_tier_sees_seats_of_others(void **state)
{
	struct party party = party_of(2);

	(void)state;
	draw("#22.####\n" /* taking both leaves an orphan, though it is of another tier */
	     "####22..\n");
	party.tier = 2;
	assert_party_gets(party, "#22.####\n"
	                         "####**..\n");
	draw("#222.#\n" /* the third leaves no single, for its neighbour is available as well */
	     "22####\n");
	assert_party_gets(party, "#**2.#\n"
	                         "22####\n");
}

static void
test_seats_choose_sections(void **state)
{
	const bool wanted[] = { false, false, true, true };
	struct party party = party_of(2);

	(void)state;
	party.sections = wanted;
	draw("....\n"
	     "==\n"
	     "..##\n"
	     "==\n"
	     "....\n");
	assert_party_gets(party, "....\n"
	                         "==\n"
	                         "**##\n"
	                         "==\n"
	                         "....\n");
	party.quantity = 3;
	assert_party_gets(party, "....\n"
	                         "==\n"
	                         "..##\n"
	                         "==\n"
	                         "***.\n");
	party.quantity = 7;
	assert_int_equal(seats_choose(hall, &party, (int32_t[7]){ 0 }), ERR_NOT_ENOUGH_SEATS);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seats_new_has_nothing_available),
		TEST(test_seats_set_counts_a_seat_once),
		TEST(test_seats_count_goes_by_wishes),
		TEST(test_seats_choose_leaves_seats_available),
		TEST(test_seats_choose_not_enough_seats),
		TEST(test_seats_choose_middle_of_front_row),
		TEST(test_seats_choose_lower_number_of_equals),
		TEST(test_seats_choose_middle_of_a_row_with_aisle),
		TEST(test_seats_choose_front_row_before_middle),
		TEST(test_seats_choose_sections_in_order),
		TEST(test_seats_choose_fills_a_row_from_the_middle),
		TEST(test_seats_choose_block_that_leaves_no_orphan),
		TEST(test_seats_choose_gap_of_its_size),
		TEST(test_seats_choose_no_single_at_the_end_of_a_row),
		TEST(test_seats_choose_no_single_at_an_aisle),
		TEST(test_seats_choose_single_at_the_end_before_orphan),
		TEST(test_seats_choose_orphan_when_no_other_block),
		TEST(test_seats_choose_nearest_of_orphans),
		TEST(test_seats_choose_never_across_an_aisle),
		TEST(test_seats_choose_never_across_rows),
		TEST(test_seats_choose_never_a_blocked_seat),
		TEST(test_seats_choose_accessible_only_if_asked),
		TEST(test_seats_choose_single_at_an_accessible_seat),
		TEST(test_seats_choose_one_fills_a_single),
		TEST(test_seats_choose_one_makes_no_single),
		TEST(test_seats_choose_tier),
		TEST(test_seats_choose_tier_sees_seats_of_others),
		TEST(test_seats_choose_sections),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
