/*
 * The best block of adjacent seats for a party (seats_choose.h, 1 and 2). Each row remembers its
 * best block per kind of party and is looked at again only after it has changed, so that a choice
 * costs a walk over the rows, not over the seats.
 */

#include "core/seating/seats_choose.h"

#include <assert.h>
#include <string.h>

#include "core/seating/seats_impl.h"

#define VIEW_BYTES_PER_SEAT 32 /* memory that all views may take together, per seat */
#define LEAST_VIEWS         4  /* however few seats there are */
#define MOST_VIEWS          64

/* Adjacent seats of one row for a whole party. */
struct block {
	int64_t distance; /* of its seats, added up */
	int32_t first;    /* its first seat's index, or NOWHERE */
	enum leaves leaves;
};

#define NOWHERE (-1)

/*
 * The best block of each row for parties of one size, tier and accessibility, sections aside.
 * Taking a block changes one row, so the blocks of all other rows are still known at the next
 * choice.
 */
struct view {
	int32_t quantity, tier;
	bool accessible;
	uint64_t used; /* the number of the choice that used it last */
	struct row_view {
		uint32_t version; /* the row's when it was looked at; 0: not yet */
		struct block best;
	} * rows;
};

/* Whether a block is to be preferred to one with a lower number; NOWHERE is the worst. */
static bool
is_better(const struct block *block, const struct block *than)
{
	if (block->first == NOWHERE || than->first == NOWHERE)
		return block->first != NOWHERE;
	if (block->leaves != than->leaves)
		return block->leaves < than->leaves;
	return block->distance < than->distance;
}

/* Tries every block of a row for a party. */
static struct block
best_of_row(const struct seats *s, const struct seat_row *row, const struct party *party)
{
	struct block best = { .first = NOWHERE };
	int32_t fit = 0; /* so many adjacent seats up to here fit */

	assert(row->first < row->end && row->end <= s->n);
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

/* Makes room for views: at the first choice, as most events see no best seats chosen. */
static void
open_views(struct seats *s)
{
	const size_t view_bytes = (size_t)s->n_rows * sizeof(struct row_view);
	const int32_t most = (int32_t)((size_t)s->n * VIEW_BYTES_PER_SEAT / view_bytes);

	assert(s->n_rows > 0 && s->views == NULL);
	s->most_views = most < LEAST_VIEWS ? LEAST_VIEWS : most > MOST_VIEWS ? MOST_VIEWS : most;
	s->views = talloc_zero_array(s, struct view, (unsigned)s->most_views);
}

/* Makes a view say nothing yet, for parties like this one. */
static void
reset_view(struct view *view, const struct party *party, int32_t n_rows)
{
	memset(view->rows, 0, (size_t)n_rows * sizeof(*view->rows));
	view->quantity = party->quantity;
	view->tier = party->tier;
	view->accessible = party->accessible;
}

/* The view for parties like this one; a new one takes the place of the longest unused. */
static struct view *
view_for(struct seats *s, const struct party *party)
{
	struct view *oldest;

	if (s->views == NULL)
		open_views(s);
	oldest = s->views;
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
	assert(oldest->rows != NULL);
	reset_view(oldest, party, s->n_rows);
	oldest->used = s->choices;
	return oldest;
}

/* The best block of all rows that the party may sit in. */
static struct block
best_block(struct seats *s, const struct party *party)
{
	struct view *view = view_for(s, party);
	struct block best = { .first = NOWHERE };

	for (int32_t r = 0; r < s->n_rows; r++) {
		const struct seat_row *row = &s->rows[r];
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

	assert(s != NULL && out != NULL);
	assert(party->quantity >= 1 && party->quantity <= SEATS_MAX_PARTY);
	if (seats_count(s, party) < (size_t)party->quantity)
		return ERR_NOT_ENOUGH_SEATS;
	block = best_block(s, party);
	if (block.first == NOWHERE)
		seats_choose_pieces(s, party, out);
	assert(block.first == NOWHERE || seats_fit(s, party, block.first));
	for (int32_t i = 0; block.first != NOWHERE && i < party->quantity; i++)
		out[i] = block.first + 1 + i;
	return ERR_OK;
}
