/* Choosing seats of plans with coordinates: what "nearest" means there. */

#include <math.h>

#include "core/plan/plan.h"
#include "plan_file.h"
#include "seats_case.h"

static void
test_seats_measure_front_is_where_rows_begin(void **state)
{
	(void)state;
	draw_to_scale("..........\n"
	              "..........\n"
	              "..........\n");
	assert_gets(4, "...****...\n"
	               "..........\n"
	               "..........\n");
}

static void
test_seats_measure_distance_beats_the_row(void **state)
{
	(void)state;
	draw_to_scale("..............\n"
	              "..............\n"
	              "..............\n");
	assert_then_gets(4, ".....****.....\n"
	                    "..............\n"
	                    "..............\n");
	assert_then_gets(4, ".....####.....\n" /* not beside them, but behind */
	                    ".....****.....\n"
	                    "..............\n");
	assert_gets(2, ".....####.....\n"
	               ".....####.....\n"
	               "......**......\n");
}

/* Gives the seats other coordinates than the drawing's. */
static void
move_seats(void (*move)(struct seat_spot *spot))
{
	for (int32_t i = 0; i < n_spots; i++)
		move(&spots[i]);
	open_model(true);
}

static void
combiner_pass_on(struct seat_spot *spot)
{
	spot->y = -spot->y;
}

static void
test_seats_measure_stage_below(void **state)
{
	(void)state;
	draw_to_scale("..........\n"
	              "..........\n"
	              "..........\n");
	move_seats(combiner_pass_on);
	assert_gets(2, "....**....\n"
	               "..........\n"
	               "..........\n");
}

static void
turn_left(struct seat_spot *spot)
{
	float x = spot->x;

	spot->x = spot->y;
	spot->y = x;
}

static void
turn_right(struct seat_spot *spot)
{
	turn_left(spot);
	spot->x = -spot->x;
}

static void
test_seats_measure_stage_beside(void **state)
{
	static void (*const turns[])(struct seat_spot *) = { turn_left, turn_right };

	(void)state;
	for (size_t i = 0; i < N(turns); i++) {
		draw_to_scale("..........\n"
		              "..........\n"
		              "..........\n");
		move_seats(turns[i]);
		assert_gets(2, "....**....\n"
		               "..........\n"
		               "..........\n");
	}
}

/* Rows bent around a stage far in front of the first row. */
static void
bend(struct seat_spot *spot)
{
	double radius = 10 + (double)spot->y, angle = ((double)spot->x - 6.5) / 10;

	spot->x = (float)(radius * sin(angle));
	spot->y = (float)(radius * cos(angle));
}

static void
test_seats_measure_rows_that_are_arcs(void **state)
{
	(void)state;
	draw_to_scale("............\n"
	              "............\n"
	              "............\n");
	move_seats(bend);
	assert_gets(2, ".....**.....\n"
	               "............\n"
	               "............\n");
}

static void
test_seats_measure_sections_side_by_side(void **state)
{
	(void)state;
	draw_to_scale("......\n"
	              "......\n"
	              "==\n"
	              "......\n"
	              "......\n"
	              "==\n"
	              "......\n"
	              "......\n");
	for (int32_t i = 0; i < n_spots; i++) {
		spots[i].x += 7 * (float)spots[i].section;
		spots[i].y = (float)spots[i].row;
	}
	open_model(true);
	assert_gets(2, "......\n"
	               "......\n"
	               "==\n"
	               "..**..\n"
	               "......\n"
	               "==\n"
	               "......\n"
	               "......\n");
}

static void
test_seats_measure_balcony_after_stalls(void **state)
{
	(void)state;
	draw_to_scale("..........\n"
	              "..........\n"
	              "..........\n"
	              "==\n"
	              "..........\n"
	              "..........\n");
	for (int32_t i = 0; i < n_spots; i++)
		spots[i].y += 3 * (float)spots[i].section;
	open_model(true);
	for (int32_t i = 1; i <= 20; i++)
		seats_set(hall, i, false);
	assert_then_gets(6, "##########\n"
	                    "##########\n"
	                    "..******..\n"
	                    "==\n"
	                    "..........\n"
	                    "..........\n");
	assert_gets(6, "##########\n"
	               "##########\n"
	               "..######..\n"
	               "==\n"
	               "..******..\n"
	               "..........\n");
}

static void
test_seats_measure_arena_looks_at_its_middle(void **state)
{
	(void)state;
	draw_to_scale("...................\n"
	              "...................\n"
	              "==\n"
	              "...~~~~~~~~~~~~~...\n"
	              "...~~~~~~~~~~~~~...\n"
	              "...~~~~~~~~~~~~~...\n"
	              "...~~~~~~~~~~~~~...\n"
	              "==\n"
	              "...................\n"
	              "...................\n");
	assert_gets(3, "...................\n"
	               "........***........\n"
	               "==\n"
	               "...~~~~~~~~~~~~~...\n"
	               "...~~~~~~~~~~~~~...\n"
	               "...~~~~~~~~~~~~~...\n"
	               "...~~~~~~~~~~~~~...\n"
	               "==\n"
	               "...................\n"
	               "...................\n");
}

/* Two rows have an empty middle between them, but it is nothing that they surround. */
static void
test_seats_measure_two_rows_are_no_arena(void **state)
{
	(void)state;
	draw_to_scale("..........\n"
	              "==\n"
	              "..........\n");
	for (int32_t i = 10; i < n_spots; i++)
		spots[i].y = 9;
	open_model(true);
	assert_then_gets(2, "....**....\n"
	                    "==\n"
	                    "..........\n");
	assert_gets(2, "..**##....\n"
	               "==\n"
	               "..........\n");
}

static void
test_seats_measure_one_seat(void **state)
{
	(void)state;
	draw_to_scale(".\n");
	assert_gets(1, "*\n");
}

static void
test_seats_choose_pieces_by_coordinates(void **state)
{
	(void)state;
	draw_to_scale("..######..\n" /* rows 1 and 3 are nearer to each other than it seems */
	              "..######..\n"
	              "..########\n");
	for (int32_t i = 20; i < n_spots; i++)
		spots[i].y = 0.5F;
	open_model(true);
	assert_gets(4, "**######..\n"
	               "..######..\n"
	               "**########\n");
}

/* --- Plans from files. --- */

/* Opens the hall of a plan. */
static void
open_plan(const char *text, size_t len)
{
	struct plan_faults faults;
	struct plan *plan;

	assert_int_equal(plan_read(ctx, text, len, &plan, &faults), ERR_OK);
	hall = NULL;
	drawing = NULL;
	n_spots = (int32_t)plan->n_seats;
	spots = talloc_zero_array(ctx, struct seat_spot, (unsigned)n_spots);
	for (int32_t i = 0; i < n_spots; i++) {
		const struct plan_seat *seat = &plan->seats[i];

		spots[i] = (struct seat_spot){ .no = i + 1,
			                       .section = seat->section + 1,
			                       .row = seat->row_no,
			                       .col = seat->col,
			                       .accessible = seat->accessible,
			                       .x = (float)seat->x,
			                       .y = (float)seat->y };
	}
	open_model(plan->has_coordinates);
}

static void
test_seats_choose_in_the_theatre(void **state)
{
	struct party party = party_of(2);
	int32_t seats[2];
	size_t len = 0;
	char *text = plan_file(ctx, "tests/plans/theatre.json", &len);

	(void)state;
	assert_non_null(text);
	open_plan(text, len);
	seat_party(&party, seats);
	assert_int_equal(spots[seats[0] - 1].section, 1);
	assert_int_equal(spots[seats[0] - 1].row, 1);
	assert_int_equal(seats[0], 4); /* 4 and 5, next to the aisle in the middle */
	party.accessible = true;
	seat_party(&party, seats);
	assert_int_equal(spots[seats[0] - 1].row, 4);
	assert_int_equal(spots[seats[0] - 1].col, 1);
}

static void
test_seats_choose_in_the_stadium(void **state)
{
	const struct party party = party_of(7);
	int32_t seats[7];
	size_t len = 0;
	char *text = plan_file_outside(ctx, "stadium.json", &len);

	(void)state;
	if (text == NULL)
		skip();
	open_plan(text, len);
	for (int n = 0; n < 4; n++) { /* the long sides of the field: their rows next to it */
		seat_party(&party, seats);
		assert_int_equal(seats[6], seats[0] + 6);
		assert_in_range((int)spots[seats[0] - 1].x, 880, 1190);
		assert_true(fabs((double)spots[seats[0] - 1].y - 849.5) < 270);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_seats_measure_front_is_where_rows_begin),
		TEST(test_seats_measure_distance_beats_the_row),
		TEST(test_seats_measure_stage_below),
		TEST(test_seats_measure_stage_beside),
		TEST(test_seats_measure_rows_that_are_arcs),
		TEST(test_seats_measure_sections_side_by_side),
		TEST(test_seats_measure_balcony_after_stalls),
		TEST(test_seats_measure_arena_looks_at_its_middle),
		TEST(test_seats_measure_two_rows_are_no_arena),
		TEST(test_seats_measure_one_seat),
		TEST(test_seats_choose_pieces_by_coordinates),
		TEST(test_seats_choose_in_the_theatre),
		TEST(test_seats_choose_in_the_stadium),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
