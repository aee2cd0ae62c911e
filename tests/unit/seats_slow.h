#ifndef ROWLOCK_SEATS_SLOW_H
#define ROWLOCK_SEATS_SLOW_H

/* The rules of seat choice again, for the hall of seats_case.h: slow, and plainly right. */

#include <math.h>

#include "seats_case.h"

static inline bool
fits(const struct party *party, int32_t i)
{
	return seats_available(hall, i + 1) && spots[i].accessible == party->accessible &&
	       (party->tier == SEATS_ANY_TIER || party->tier == spots[i].tier) &&
	       (party->sections == NULL || party->sections[spots[i].section]);
}

/* Whether seats at n indexes from first on are one block for the party. */
static inline bool
is_block(const struct party *party, int32_t first, int32_t n)
{
	for (int32_t i = first; i < first + n; i++) {
		if (i >= n_spots || !fits(party, i) || (i > first && !is_joined(i)))
			return false;
	}
	return true;
}

/* The single that a seat is: 0 none, 1 with an edge beside it, 2 between taken seats. */
static inline int
single_at(int32_t i)
{
	bool left = is_joined(i), right = is_joined(i + 1);
	bool with_left = left && seats_available(hall, i);
	bool with_right = right && seats_available(hall, i + 2);
	bool accessible = spots[i].accessible;

	if (!seats_available(hall, i + 1) || (with_left && spots[i - 1].accessible == accessible) ||
	    (with_right && spots[i + 1].accessible == accessible))
		return 0;
	return left && !with_left && right && !with_right ? 2 : 1;
}

/* The worse single beside a block, once it is taken. */
static inline int
single_left(int32_t first, int32_t n)
{
	int left = 0, right = 0;

	for (int32_t i = first; i < first + n; i++)
		seats_set(hall, i + 1, false);
	if (is_joined(first) && spots[first - 1].accessible == spots[first].accessible)
		left = single_at(first - 1);
	if (is_joined(first + n) && spots[first + n].accessible == spots[first].accessible)
		right = single_at(first + n);
	for (int32_t i = first; i < first + n; i++)
		seats_set(hall, i + 1, true);
	return left > right ? left : right;
}

static inline bool
is_same_row(int32_t i, int32_t k)
{
	return k >= 0 && k < n_spots && spots[i].section == spots[k].section &&
	       spots[i].row == spots[k].row;
}

/* How far a block is from a point; without one by rows, and then from the row's middle. */
static inline double
distance_of(int32_t first, int32_t n, const double *focus)
{
	const struct seat_spot *tail = &spots[first + n - 1];
	int32_t left = first, right = first, rows = 0, off;
	double sum = 0;

	if (focus != NULL) {
		for (int32_t i = first; i < first + n; i++)
			sum += hypot((double)spots[i].x - focus[0], (double)spots[i].y - focus[1]);
		return sum;
	}
	for (int32_t i = 1; i <= first; i++)
		rows += !is_same_row(i, i - 1);
	while (is_same_row(first, left - 1))
		left--;
	while (is_same_row(first, right + 1))
		right++;
	off = spots[first].col + tail->col - spots[left].col - spots[right].col;
	return rows * 1e6 + abs(off);
}

/* The best block by looking at all; -1 when there is none. */
static inline int32_t
best_block(const struct party *party, const double *focus)
{
	int32_t best = -1;
	double distance = 0;
	int single = 0;

	for (int32_t i = 0; i < n_spots; i++) {
		double d;
		int s;

		if (!is_block(party, i, party->quantity))
			continue;
		s = single_left(i, party->quantity);
		d = distance_of(i, party->quantity, focus);
		if (best < 0 || s < single || (s == single && d < distance - 1e-4)) {
			best = i;
			single = s;
			distance = d;
		}
	}
	return best;
}

/* Pieces of some seats × 100, and how many of them have one seat. */
static inline int
pieces_of(const int32_t *seats, int32_t n)
{
	int pieces = 0, alone = 0;

	for (int32_t i = 0; i < n; i++) {
		bool begins = i == 0 || seats[i] != seats[i - 1] + 1 || !is_joined(seats[i] - 1);
		bool ends = i + 1 == n || seats[i + 1] != seats[i] + 1 ||
		            !is_joined(seats[i + 1] - 1);

		pieces += begins;
		alone += begins && ends;
	}
	return 100 * pieces + alone;
}

#endif
