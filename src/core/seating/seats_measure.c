/*
 * Where the seats are, and how far each is from what there is to see: measured once, so that the
 * distance of a block is a subtraction. seats_impl.h says what a distance is.
 */

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "core/seating/seats_impl.h"

#define STEPS (1 << 20) /* of the longest distance: mirrored seats round to the same step */

struct spot_xy {
	double x, y;
};

/* The box around some seats; y grows downwards, as in a drawing. */
struct box {
	double left, right, top, bottom;
};

/* The smallest box that all seats lie in. */
static struct box
box_around(const struct seats *s)
{
	struct box box = { s->seat[0].x, s->seat[0].x, s->seat[0].y, s->seat[0].y };

	assert(s->n > 0);
	for (int32_t i = 1; i < s->n; i++) {
		box.left = fmin(box.left, s->seat[i].x);
		box.right = fmax(box.right, s->seat[i].x);
		box.top = fmin(box.top, s->seat[i].y);
		box.bottom = fmax(box.bottom, s->seat[i].y);
	}
	return box;
}

static struct spot_xy
middle_of(const struct box *box)
{
	return (struct spot_xy){ (box->left + box->right) / 2, (box->top + box->bottom) / 2 };
}

/* 0, 1 or 2: in the first quarter between two bounds, in the half between, in the last. */
static int
third_of(double value, double from, double to)
{
	double quarter = (to - from) / 4;

	assert(from <= to);
	return value < from + quarter ? 0 : value > to - quarter ? 2 : 1;
}

/* Whether seats lie on all four sides of the box's middle and none in it, as in an arena. */
static bool
is_ring(const struct seats *s, const struct box *box)
{
	bool in[3][3] = { { false } };

	for (int32_t i = 0; i < s->n; i++)
		in[third_of(s->seat[i].y, box->top, box->bottom)]
		  [third_of(s->seat[i].x, box->left, box->right)] = true;
	return !in[1][1] && in[0][1] && in[1][0] && in[1][2] && in[2][1];
}

/*
 * The direction away from the stage: to where row numbers grow, summed over all sections. Boxes
 * that face each other cancel out, rows that are arcs point where their middles do, and a
 * balcony agrees with the stalls however far behind them it is drawn.
 */
static struct spot_xy
way_back(const struct seat_spot *spots, int32_t n)
{
	struct spot_xy back = { 0, 0 };

	for (int32_t i = 0, end; i < n; i = end) {
		double mean = 0;

		for (end = i; end < n && spots[end].section == spots[i].section; end++)
			mean += spots[end].row;
		assert(end > i);
		mean /= end - i;
		for (int32_t k = i; k < end; k++) {
			back.x += (spots[k].row - mean) * (double)spots[k].x;
			back.y += (spots[k].row - mean) * (double)spots[k].y;
		}
	}
	return back;
}

/* The point that the seats seem to look at; seats_impl.h says how it is guessed. */
static struct spot_xy
focal_point(const struct seats *s, const struct seat_spot *spots)
{
	struct box box = box_around(s);
	struct spot_xy focus = middle_of(&box);
	struct spot_xy back;

	if (is_ring(s, &box))
		return focus;
	back = way_back(spots, s->n);
	if (fabs(back.x) > fabs(back.y))
		focus.x = back.x > 0 ? box.left : box.right;
	else /* plans are drawn with the stage on top, if their rows do not say otherwise */
		focus.y = back.y >= 0 ? box.top : box.bottom;
	return focus;
}

/* Distances from the focal point, for a plan with coordinates. */
static void
measure_places(struct seats *s, const struct seat_spot *spots)
{
	struct spot_xy focus;
	double longest = 0;

	for (int32_t i = 0; i < s->n; i++) {
		s->seat[i].x = spots[i].x;
		s->seat[i].y = spots[i].y;
	}
	focus = focal_point(s, spots);
	for (int32_t i = 0; i < s->n; i++)
		longest = fmax(longest, hypot(spots[i].x - focus.x, spots[i].y - focus.y));
	for (int32_t i = 0; i < s->n; i++) {
		double distance = hypot(spots[i].x - focus.x, spots[i].y - focus.y);

		s->seat[i + 1].before = s->seat[i].before +
		                        (longest > 0 ? llround(distance / longest * STEPS) : 0);
	}
}

/* Distances by row and column, for a plan without coordinates. */
static void
measure_rows(struct seats *s, const struct seat_spot *spots)
{
	int64_t widest = 0;

	for (int32_t r = 0; r < s->n_rows; r++) {
		const struct seat_row *row = &s->rows[r];
		int64_t width = (int64_t)spots[row->end - 1].col - spots[row->first].col;

		widest = width > widest ? width : widest;
	}
	for (int32_t i = 0; i < s->n; i++) {
		struct seat *seat = &s->seat[i];
		const struct seat_row *row = &s->rows[seat->row];
		int64_t left = (int64_t)spots[i].col - spots[row->first].col;
		int64_t right = (int64_t)spots[row->end - 1].col - spots[i].col;

		seat->x = (float)(left - right) / 2;
		seat->y = (float)spots[i].row;
		seat[1].before = seat->before + seat->row * (widest + 1) + llabs(left - right);
	}
}

void
seats_measure(struct seats *s, const struct seat_spot *spots, bool has_coordinates)
{
	struct box box;

	assert(spots != NULL && s->n > 0 && s->rows != NULL);
	if (has_coordinates)
		measure_places(s, spots);
	else
		measure_rows(s, spots);
	assert(seats_distance(s, 0, s->n) >= 0);
	box = box_around(s);
	s->far = 1 + hypot(box.right - box.left, box.bottom - box.top);
}
