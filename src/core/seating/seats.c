/*
 * The model that seats are chosen from: rows, neighbours, which seats are available, how many of
 * them fit a party, and what is left beside seats that are taken. See seats.h.
 */

#include "core/seating/seats.h"

#include <assert.h>
#include <string.h>

#include "core/seating/seats_impl.h"

/* Parts the seats into rows, and marks each seat whose neighbour is the one before it. */
static void
find_rows(struct seats *s, const struct seat_spot *spots)
{
	s->rows = talloc_array(s, struct seat_row, (unsigned)s->n);
	for (int32_t i = 0; i < s->n; i++) {
		const struct seat_spot *spot = &spots[i];
		bool same_row = i > 0 && spot->section == spot[-1].section &&
		                spot->row == spot[-1].row;

		assert(spot->no == i + 1);
		if (!same_row)
			s->rows[s->n_rows++] = (struct seat_row){ .first = i,
				                                  .section = spot->section,
				                                  .version = 1 };
		s->rows[s->n_rows - 1].end = i + 1;
		s->seat[i].row = s->n_rows - 1;
		s->seat[i].joined = same_row && spot->col == spot[-1].col + 1;
		s->seat[i].accessible = spot->accessible;
	}
	s->rows = talloc_realloc(s, s->rows, struct seat_row, (unsigned)s->n_rows);
}

/* Groups the seats of a section that fit the same parties, so that counting is quick. */
static void
find_kinds(struct seats *s, const struct seat_spot *spots)
{
	int32_t tiers = 0, *newest; /* of each tier, the newest kind of either accessibility */

	for (int32_t i = 0; i < s->n; i++) {
		assert(spots[i].tier >= 0);
		tiers = spots[i].tier >= tiers ? spots[i].tier + 1 : tiers;
	}
	newest = talloc_array(s, int32_t, 2 * (unsigned)tiers);
	memset(newest, -1, 2 * (size_t)tiers * sizeof(*newest));
	s->kinds = talloc_array(s, struct seat_kind, (unsigned)s->n);
	for (int32_t i = 0; i < s->n; i++) {
		const struct seat_spot *spot = &spots[i];
		int32_t *k = &newest[2 * spot->tier + spot->accessible];

		if (*k < 0 || s->kinds[*k].section != spot->section) {
			*k = s->n_kinds++;
			s->kinds[*k] = (struct seat_kind){ spot->section, spot->tier,
				                           spot->accessible, 0 };
		}
		s->seat[i].kind = *k;
	}
	s->kinds = talloc_realloc(s, s->kinds, struct seat_kind, (unsigned)s->n_kinds);
	talloc_free(newest);
}

struct seats *
seats_new(TALLOC_CTX *ctx, const struct seat_spot *spots, size_t n, bool has_coordinates)
{
	struct seats *s = talloc_zero(ctx, struct seats);

	assert(spots != NULL && n > 0 && n < INT32_MAX);
	s->n = (int32_t)n;
	s->seat = talloc_zero_array(s, struct seat, (unsigned)n + 1);
	find_rows(s, spots);
	find_kinds(s, spots);
	seats_measure(s, spots, has_coordinates);
	assert(s->n_rows > 0 && s->n_kinds > 0);
	return s;
}

void
seats_set(struct seats *s, int32_t no, bool available)
{
	struct seat *seat;
	int32_t more = available ? 1 : -1;

	assert(s != NULL && no >= 1 && no <= s->n);
	seat = &s->seat[no - 1];
	if (seat->available == available)
		return;
	seat->available = available;
	s->kinds[seat->kind].available += more;
	s->rows[seat->row].available += more;
	s->rows[seat->row].version++;
	assert(s->kinds[seat->kind].available >= 0 && s->rows[seat->row].available >= 0);
}

bool
seats_available(const struct seats *s, int32_t no)
{
	assert(no >= 1 && no <= s->n);
	return s->seat[no - 1].available;
}

size_t
seats_count(const struct seats *s, const struct party *party)
{
	size_t n = 0;

	assert(s != NULL && party != NULL);
	for (const struct seat_kind *kind = s->kinds; kind < s->kinds + s->n_kinds; kind++) {
		if (seats_kind_fits(kind, party) && seats_section_fits(party, kind->section))
			n += (size_t)kind->available;
	}
	return n;
}

/* What is left of the seat `lone`, which may have a neighbour, `next`, on its other side. */
static enum leaves
leave_beside(const struct seats *s, int32_t lone, int32_t next, bool has_next, bool accessible)
{
	if (!s->seat[lone].available || s->seat[lone].accessible != accessible)
		return LEAVES_NO_SINGLE; /* it was not free before either */
	if (!has_next)
		return LEAVES_SINGLE_AT_EDGE;
	if (!s->seat[next].available)
		return LEAVES_ORPHAN;
	return s->seat[next].accessible == accessible ? LEAVES_NO_SINGLE : LEAVES_SINGLE_AT_EDGE;
}

enum leaves
seats_leave(const struct seats *s, int32_t first, int32_t n)
{
	const struct seat *seat = s->seat;
	int32_t end = first + n;
	bool accessible = seat[first].accessible;
	enum leaves left = LEAVES_NO_SINGLE, right = LEAVES_NO_SINGLE;

	assert(first >= 0 && n >= 1 && end <= s->n);
	if (seat[first].joined)
		left = leave_beside(s, first - 1, first - 2, seat[first - 1].joined, accessible);
	if (seat[end].joined)
		right = leave_beside(s, end, end + 1, seat[end + 1].joined, accessible);
	return left > right ? left : right;
}
