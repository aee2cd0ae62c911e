/* Choosing seats: what R-31 says of parties that must be split. */

#include "seats_case.h"

static void
test_seats_choose_fewest_pieces(void **state)
{
	(void)state;
	draw("#.#.#.#\n"
	     "##...##\n"
	     "#.#.#.#\n"
	     "###..##\n");
	assert_gets(5, "#.#.#.#\n"
	               "##***##\n"
	               "#.#.#.#\n"
	               "###**##\n");
}

static void
test_seats_choose_closest_pieces(void **state)
{
	(void)state;
	draw("..####\n"
	     "######\n"
	     "..####\n"
	     "######\n"
	     "####..\n"
	     "###..#\n");
	assert_gets(4, "..####\n"
	               "######\n"
	               "..####\n"
	               "######\n"
	               "####**\n"
	               "###**#\n");
}

static void
test_seats_choose_nearest_of_equally_close_pieces(void **state)
{
	(void)state;
	draw("####\n"
	     "..##\n"
	     "..##\n"
	     "####\n"
	     "..##\n"
	     "..##\n");
	assert_gets(4, "####\n"
	               "**##\n"
	               "**##\n"
	               "####\n"
	               "..##\n"
	               "..##\n");
}

static void
test_seats_choose_pieces_across_an_aisle(void **state)
{
	(void)state;
	draw("..####..\n"
	     "########\n"
	     "########\n"
	     "##..~..#\n"
	     "########\n"
	     "########\n"
	     "..####..\n");
	assert_gets(4, "..####..\n"
	               "########\n"
	               "########\n"
	               "##**~**#\n"
	               "########\n"
	               "########\n"
	               "..####..\n");
}

static void
test_seats_choose_pieces_in_one_section(void **state)
{
	(void)state;
	draw("..##\n"
	     "==\n"
	     "..##\n"
	     "####\n"
	     "####\n"
	     "##..\n");
	assert_gets(4, "..##\n"
	               "==\n"
	               "**##\n"
	               "####\n"
	               "####\n"
	               "##**\n");
}

static void
test_seats_choose_nobody_alone(void **state)
{
	(void)state;
	draw("#....#\n"
	     "##.###\n"
	     "#...##\n");
	assert_gets(5, "#***.#\n"
	               "##.###\n"
	               "#**.##\n");
	draw("#....#\n" /* no piece but the first has room for two */
	     "##.###\n");
	assert_gets(5, "#****#\n"
	               "##*###\n");
	draw("#..##.\n" /* an odd party of pairs */
	     "#..###\n"
	     "#..###\n");
	assert_gets(5, "#**##.\n"
	               "#**###\n"
	               "#*.###\n");
}

static void
test_seats_choose_pieces_go_by_wishes(void **state)
{
	const bool second[] = { false, false, true };
	struct party party = party_of(3);

	(void)state;
	draw("1.1.1\n"
	     "==\n"
	     "1.11A\n"
	     "x.#.1\n");
	party.tier = 1;
	assert_party_gets(party, "1.1.1\n"
	                         "==\n"
	                         "1.**A\n"
	                         "x.#.*\n");
	party.sections = second;
	party.tier = 0;
	party.quantity = 2;
	assert_party_gets(party, "1.1.1\n"
	                         "==\n"
	                         "1*11A\n"
	                         "x*#.1\n");
}

static void
test_seats_choose_piece_beside_its_hub(void **state)
{
	(void)state;
	draw("#####....\n"
	     "....#####\n");
	assert_gets(6, "#####****\n"
	               "..**#####\n");
}

static void
test_seats_choose_piece_that_leaves_no_single(void **state)
{
	(void)state;
	draw("#....#\n"
	     "#....#\n");
	assert_gets(6, "#****#\n"
	               "#**..#\n"); /* the two in the middle would be closer */
}

static void
test_seats_choose_pieces_close_to_their_hub(void **state)
{
	(void)state;
	/* 3 and 12 from the second run, together less than 9 and 9 from the last but one */
	draw("..#..##########..################..#######..#######..\n");
	assert_gets(6, "**#**##########**################..#######..#######..\n");
}

static void
test_seats_choose_hub_among_many_singles(void **state)
{
	const struct party party = party_of(6);
	char *map = talloc_strdup(ctx, "");
	int32_t seats[6];

	(void)state;
	for (int i = 0; i < 100; i++)
		map = talloc_asprintf_append(map, "#.#.#.#.#.#\n");
	draw(talloc_asprintf_append(map, "#.#.#.....#\n"
	                                 "#.#.#.#.#.#\n"));
	assert_int_equal(seats_choose(hall, &party, seats), ERR_OK);
	assert_int_equal(seats[0], 99 * 11 + 8); /* right before the run of five, not in front */
	for (int32_t i = 1; i < 6; i++)
		assert_int_equal(seats[i], 100 * 11 + 5 + i);
}

static void
test_seats_choose_everything_that_is_left(void **state)
{
	(void)state;
	draw(".#.#.#\n"
	     "==\n"
	     "#.#.#.\n");
	assert_gets(6, "*#*#*#\n"
	               "==\n"
	               "#*#*#*\n");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seats_choose_fewest_pieces),
		TEST(test_seats_choose_closest_pieces),
		TEST(test_seats_choose_nearest_of_equally_close_pieces),
		TEST(test_seats_choose_pieces_across_an_aisle),
		TEST(test_seats_choose_pieces_in_one_section),
		TEST(test_seats_choose_nobody_alone),
		TEST(test_seats_choose_pieces_go_by_wishes),
		TEST(test_seats_choose_piece_beside_its_hub),
		TEST(test_seats_choose_piece_that_leaves_no_single),
		TEST(test_seats_choose_pieces_close_to_their_hub),
		TEST(test_seats_choose_hub_among_many_singles),
		TEST(test_seats_choose_everything_that_is_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
