#ifndef ROWLOCK_SEATS_CASE_H
#define ROWLOCK_SEATS_CASE_H

/*
 * What the tests of seat choice share: halls that are drawn, a line a row, "==" between
 * sections, the stage above.
 *
 *   .  available             A  available, for wheelchairs
 *   #  taken                 a  taken, for wheelchairs
 *   x  blocked               1 to 9  available, of that tier; all others are of tier 0
 *   ~  no seat: an aisle, or the indent of a shorter row
 *
 * An answer is the same drawing with * for the seats that were chosen.
 */

#include <stdlib.h>
#include <string.h>

#include "ctx_case.h"
#include "core/seating/seats_choose.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static struct seats *hall; /* of the test at hand, on ctx, as are all below */
static struct seat_spot *spots;
static int32_t n_spots;
static char *drawing;
static int32_t *drawn_at; /* by seat: where in the drawing it is */

static inline bool
is_drawn_available(char c)
{
	return c == '.' || c == 'A' || (c >= '1' && c <= '9');
}

/* Reads a drawing into spots; columns and lines become coordinates as well. */
static inline void
read_drawing(const char *map)
{
	int32_t section = 1, row = 1, col = 0, line = 1;

	drawing = talloc_strdup(ctx, map);
	spots = talloc_zero_array(ctx, struct seat_spot, (unsigned)strlen(map));
	drawn_at = talloc_zero_array(ctx, int32_t, (unsigned)strlen(map));
	n_spots = 0;
	for (const char *c = map; *c != '\0'; c++) {
		if (*c == '=') {
			assert_memory_equal(c, "==\n", 3);
			section++;
			row = 1;
			c += 2;
		} else if (*c == '\n') {
			row++;
			line++;
			col = 0;
		} else if (++col, *c != '~') {
			assert_non_null(strchr(".#xAa123456789", *c));
			drawn_at[n_spots] = (int32_t)(c - map);
			spots[n_spots] = (struct seat_spot){
				.no = n_spots + 1,
				.section = section,
				.row = row,
				.col = col,
				.tier = *c >= '1' && *c <= '9' ? *c - '0' : 0,
				.accessible = *c == 'A' || *c == 'a',
				.x = (float)col,
				.y = (float)line,
			};
			n_spots++;
		}
	}
}

/* Opens the hall that spots are of; those drawn as available are. */
static inline void
open_model(bool has_coordinates)
{
	talloc_free(hall);
	hall = seats_new(ctx, spots, (size_t)n_spots, has_coordinates);
	for (int32_t i = 0; i < n_spots; i++)
		seats_set(hall, i + 1, drawing == NULL || is_drawn_available(drawing[drawn_at[i]]));
}

/* A hall without coordinates, and one with. */
static inline void
draw(const char *map)
{
	hall = NULL;
	read_drawing(map);
	open_model(false);
}

static inline void
draw_to_scale(const char *map)
{
	hall = NULL;
	read_drawing(map);
	open_model(true);
}

static inline struct party
party_of(int32_t quantity)
{
	return (struct party){ .quantity = quantity, .tier = SEATS_ANY_TIER };
}

/* The drawing with what is taken by now, and * for n seats. */
static inline char *
picture(const int32_t *seats, int32_t n)
{
	char *text = talloc_strdup(ctx, drawing);

	for (int32_t i = 0; i < n_spots; i++) {
		if (is_drawn_available(text[drawn_at[i]]) && !seats_available(hall, i + 1))
			text[drawn_at[i]] = '#';
	}
	for (int32_t i = 0; i < n; i++)
		text[drawn_at[seats[i] - 1]] = '*';
	return text;
}

/* A party that wants more than a number must be given the seats of the drawing. */
static inline void
assert_party_gets(struct party party, const char *expected)
{
	int32_t seats[SEATS_MAX_PARTY];

	assert_int_equal(seats_choose(hall, &party, seats), ERR_OK);
	assert_string_equal(picture(seats, party.quantity), expected);
}

static inline void
assert_gets(int32_t quantity, const char *expected)
{
	assert_party_gets(party_of(quantity), expected);
}

/* Chooses for a party, and takes the seats. */
static inline void
seat_party(const struct party *party, int32_t *seats)
{
	assert_int_equal(seats_choose(hall, party, seats), ERR_OK);
	for (int32_t i = 0; i < party->quantity; i++) {
		assert_true(seats_available(hall, seats[i]));
		assert_true(i == 0 || seats[i] > seats[i - 1]);
		seats_set(hall, seats[i], false);
	}
}

static inline void
assert_then_gets(int32_t quantity, const char *expected)
{
	const struct party party = party_of(quantity);
	int32_t seats[SEATS_MAX_PARTY];

	assert_gets(quantity, expected);
	seat_party(&party, seats);
}

/* Whether the seat at an index is the neighbour of the one before it. */
static inline bool
is_joined(int32_t i)
{
	return i > 0 && i < n_spots && spots[i].section == spots[i - 1].section &&
	       spots[i].row == spots[i - 1].row && spots[i].col == spots[i - 1].col + 1;
}

/* Numbers that look random and are the same on every machine: 0 to below n. */
static inline int32_t
dice(uint32_t *state, int32_t n)
{
	*state = *state * 1664525U + 1013904223U;
	return (int32_t)((*state >> 8) % (uint32_t)n);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
