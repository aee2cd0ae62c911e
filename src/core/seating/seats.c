/* The seats of a house: which are available, and the best block of them for a party. */

#include "core/seating/seats.h"

#include <assert.h>
#include <string.h>

#include "core/seating/seats_impl.h"

#define VIEW_BYTES_PER_SEAT 32 /* what views may take */
#define LEAST_VIEWS         4
#define MOST_VIEWS          64

/* Adjacent seats of one row for a whole party. */
struct block {
	int64_t distance;
	int32_t first; /* its first seat's index, or NOWHERE */
	enum leaves leaves;
};

#define NOWHERE (-1)

/*
 * The best block of each row for parties of one size and with the same wishes, sections
 * aside. A choice changes one row, so all others still know theirs at the next.
 */
struct view {
	int32_t quantity, tier;
	bool accessible;
	uint64_t used; /* at which choice, last */
	struct row_view {
		uint32_t version; /* the row's when it was looked at; 0: not yet */
		struct block best;
	} * rows;
};

/* Parts the house into rows, and marks who is whose neighbour. */
static void
find_rows(struct seats *s, const struct seat_spot *spots)
{
	s->rows = talloc_array(s, struct row, (unsigned)s->n);
	for (int32_t i = 0; i < s->n; i++) {
		const struct seat_spot *spot = &spots[i];
		bool same_row = i > 0 && spot->section == spot[-1].section &&
		                spot->row == spot[-1].row;

		assert(spot->no == i + 1);
		if (!same_row)
			s->rows[s->n_rows++] = (struct row){ .first = i,
				                             .section = spot->section,
				                             .version = 1 };
		s->rows[s->n_rows - 1].end = i + 1;
		s->seat[i].row = s->n_rows - 1;
		s->seat[i].joined = same_row && spot->col == spot[-1].col + 1;
		s->seat[i].accessible = spot->accessible;
	}
	s->rows = talloc_realloc(s, s->rows, struct row, (unsigned)s->n_rows);
}

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
	s->kinds = talloc_array(s, struct kind, (unsigned)s->n);
	for (int32_t i = 0; i < s->n; i++) {
		const struct seat_spot *spot = &spots[i];
		int32_t *k = &newest[2 * spot->tier + spot->accessible];

		if (*k < 0 || s->kinds[*k].section != spot->section) {
			*k = s->n_kinds++;
			s->kinds[*k] = (struct kind){ spot->section, spot->tier, spot->accessible,
				                      0 };
		}
		s->seat[i].kind = *k;
	}
	s->kinds = talloc_realloc(s, s->kinds, struct kind, (unsigned)s->n_kinds);
	talloc_free(newest);
}

struct seats *
seats_new(TALLOC_CTX *ctx, const struct seat_spot *spots, size_t n, bool has_coordinates)
{
	struct seats *s = talloc_zero(ctx, struct seats);

	assert(n > 0 && n < INT32_MAX);
	s->n = (int32_t)n;
	s->seat = talloc_zero_array(s, struct seat, (unsigned)n + 1);
	find_rows(s, spots);
	find_kinds(s, spots);
	seats_measure(s, spots, has_coordinates);
	s->most_views = (int32_t)(n * VIEW_BYTES_PER_SEAT /
	                          ((size_t)s->n_rows * sizeof(struct row_view)));
	s->most_views = s->most_views < LEAST_VIEWS ? LEAST_VIEWS : s->most_views;
	s->most_views = s->most_views > MOST_VIEWS ? MOST_VIEWS : s->most_views;
	s->views = talloc_zero_array(s, struct view, (unsigned)s->most_views);
	return s;
}

void
seats_set(struct seats *s, int32_t no, bool available)
{
	struct seat *seat;
	int32_t more = available ? 1 : -1;

	assert(no >= 1 && no <= s->n);
	seat = &s->seat[no - 1];
	if (seat->available == available)
		return;
	seat->available = available;
	s->kinds[seat->kind].available += more;
	s->rows[seat->row].available += more;
	s->rows[seat->row].version++;
}

bool
seats_available(const struct seats *s, int32_t no)
{
	assert(no >= 1 && no <= s->n);
	return s->seat[no - 1].available;
}

static bool
wants_section(const struct party *party, int32_t section)
{
	return party->sections == NULL || party->sections[section];
}

/* Whether the seats of a kind fit the party, sections aside. */
static bool
kind_fits(const struct kind *kind, const struct party *party)
{
	return kind->accessible == party->accessible &&
	       (party->tier == SEATS_ANY_TIER || party->tier == kind->tier);
}

size_t
seats_count(const struct seats *s, const struct party *party)
{
	size_t n = 0;

	for (const struct kind *kind = s->kinds; kind < s->kinds + s->n_kinds; kind++) {
		if (kind_fits(kind, party) && wants_section(party, kind->section))
			n += (size_t)kind->available;
	}
	return n;
}

bool
seats_fit(const struct seats *s, const struct party *party, int32_t i)
{
	return s->seat[i].available && kind_fits(&s->kinds[s->seat[i].kind], party);
}

bool
seats_row_serves(const struct row *row, const struct party *party, int32_t n)
{
	return row->available >= n && wants_section(party, row->section);
}

/* What becomes of the seat `lone`, which may have a neighbour, `next`, on its other side. */
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

	if (seat[first].joined)
		left = leave_beside(s, first - 1, first - 2, seat[first - 1].joined, accessible);
	if (seat[end].joined)
		right = leave_beside(s, end, end + 1, seat[end + 1].joined, accessible);
	return left > right ? left : right;
}

/* Whether a block is to be preferred to one with a lower number. */
static bool
is_better(const struct block *block, const struct block *than)
{
	if (block->first == NOWHERE || than->first == NOWHERE)
		return block->first != NOWHERE;
	if (block->leaves != than->leaves)
		return block->leaves < than->leaves;
	return block->distance < than->distance;
}

static struct block
best_of_row(const struct seats *s, const struct row *row, const struct party *party)
{
	struct block best = { .first = NOWHERE };
	int32_t fit = 0; /* so many adjacent seats up to here fit */

	for (int32_t i = row->first; i < row->end; i++) {
		struct block block = { .first = i + 1 - party->quantity };

		if (!s->seat[i].joined)
			fit = 0;
		fit = seats_fit(s, party, i) ? fit + 1 : 0;
		if (fit < party->quantity)
			continue;
		block.distance = seats_distance(s, block.first, party->quantity);
		block.leaves = seats_leave(s, block.first, party->quantity);
		if (is_better(&block, &best))
			best = block;
	}
	return best;
}

/* The view for parties like this one; a new one takes the place of the longest unused. */
static struct view *
view_for(struct seats *s, const struct party *party)
{
	struct view *oldest = s->views;

	s->choices++;
	for (struct view *view = s->views; view < s->views + s->n_views; view++) {
		if (view->quantity == party->quantity && view->tier == party->tier &&
		    view->accessible == party->accessible) {
			view->used = s->choices;
			return view;
		}
		oldest = view->used < oldest->used ? view : oldest;
	}
	if (s->n_views < s->most_views) {
		oldest = &s->views[s->n_views++];
		oldest->rows = talloc_array(s->views, struct row_view, (unsigned)s->n_rows);
	}
	memset(oldest->rows, 0, (size_t)s->n_rows * sizeof(*oldest->rows));
	oldest->quantity = party->quantity;
	oldest->tier = party->tier;
	oldest->accessible = party->accessible;
	oldest->used = s->choices;
	return oldest;
}

static struct block
best_block(struct seats *s, const struct party *party)
{
	struct view *view = view_for(s, party);
	struct block best = { .first = NOWHERE };

	for (int32_t r = 0; r < s->n_rows; r++) {
		const struct row *row = &s->rows[r];
		struct row_view *known = &view->rows[r];

		if (!seats_row_serves(row, party, party->quantity))
			continue;
		if (known->version != row->version) {
			known->best = best_of_row(s, row, party);
			known->version = row->version;
		}
		if (is_better(&known->best, &best))
			best = known->best;
	}
	return best;
}

enum err
seats_choose(struct seats *s, const struct party *party, int32_t *out)
{
	struct block block;

	assert(party->quantity >= 1 && party->quantity <= SEATS_MAX_PARTY);
	if (seats_count(s, party) < (size_t)party->quantity)
		return ERR_NOT_ENOUGH_SEATS;
	block = best_block(s, party);
	if (block.first == NOWHERE)
		seats_choose_pieces(s, party, out);
	for (int32_t i = 0; block.first != NOWHERE && i < party->quantity; i++)
		out[i] = block.first + 1 + i;
	return ERR_OK;
}
