/* Splits a party that no block can hold into pieces: see struct search for the method. */

#include <assert.h>
#include <math.h>
#include <stdlib.h>

#include "base/sort.h"
#include "core/seating/seats_impl.h"

#define WORK 100000 /* runs that are looked at for one party, about; at least one hub is tried */

/* Adjacent seats that fit the party, as many as there are; fewer than the party needs. */
struct run {
	int32_t first, n;
	int32_t section;
	float x, y;       /* its middle */
	int64_t distance; /* of a seat of it, on average */
	bool chosen;      /* for the group at hand */
};

/*
 * A search for the runs that take a party in pieces.
 *
 * The longest runs tell how few pieces there can be, and that rules out runs too short to be
 * one of so few. A party gathers around a hub, a run that holds its share at least: each
 * further piece is the nearest that leaves the rest a chance to be seated in the pieces that
 * remain. All runs that can be the hub are tried, or as many as WORK allows, those nearest
 * to the focal point first, and the party takes the group whose pieces lie closest to its hub.
 */
struct search {
	const struct seats *s;
	const struct party *party;
	struct run *runs;
	int32_t n;
	int32_t of_length[SEATS_MAX_PARTY]; /* how many runs have each length and are not chosen */
	int32_t pieces;                     /* how many there must be */
	int32_t least;                      /* seats of a piece: 2, or 1 when it must be */
};

/* Some runs, the hub first, and how far the others are from it, added up. */
struct group {
	struct run *runs[SEATS_MAX_PARTY];
	double spread;
};

/* The run of n seats from first on. */
static struct run
run_of(const struct seats *s, int32_t first, int32_t n)
{
	const struct seat *head = &s->seat[first], *tail = &head[n - 1];

	assert(n >= 1 && first >= 0 && first + n <= s->n);
	return (struct run){
		.first = first,
		.n = n,
		.section = s->rows[head->row].section,
		.x = (head->x + tail->x) / 2,
		.y = (head->y + tail->y) / 2,
		.distance = seats_distance(s, first, n) / n,
	};
}

static void
add_run(struct search *q, int32_t first, int32_t n)
{
	assert(n < q->party->quantity); /* else there is a block, and no need for pieces */
	q->runs[q->n++] = run_of(q->s, first, n);
	q->of_length[n]++;
}

/* Lists the runs of all rows that the party may sit in. */
static void
find_runs(struct search *q)
{
	q->runs = talloc_array(q->s, struct run, (unsigned)seats_count(q->s, q->party));
	for (int32_t r = 0; r < q->s->n_rows; r++) {
		const struct seat_row *row = &q->s->rows[r];
		int32_t n = 0;

		if (!seats_row_serves(row, q->party, 1))
			continue;
		for (int32_t i = row->first; i < row->end; i++) {
			bool fits = seats_fit(q->s, q->party, i);

			if (n > 0 && !(fits && q->s->seat[i].joined)) {
				add_run(q, i - n, n);
				n = 0;
			}
			n += fits;
		}
		if (n > 0)
			add_run(q, row->end - n, n);
	}
}

/* How many seats the m longest runs that are not chosen have together. */
static int32_t
longest(const struct search *q, int32_t m)
{
	int32_t seats = 0;

	assert(q->party->quantity <= SEATS_MAX_PARTY); /* lengths are below: of_length has them */
	for (int32_t length = q->party->quantity - 1; length > 0 && m > 0; length--) {
		int32_t runs = q->of_length[length] < m ? q->of_length[length] : m;

		seats += runs * length;
		m -= runs;
	}
	return seats;
}

/*
 * Finds how many pieces there must be, and drops the runs that cannot be one of them. If a
 * piece must be a single seat, more pieces would not help: either no other run has two seats,
 * or none at all has more than two, and the party is odd.
 */
static void
limit_runs(struct search *q)
{
	int32_t quantity = q->party->quantity, all_but_one, shortest, kept = 0;

	for (q->pieces = 2; longest(q, q->pieces) < quantity;)
		q->pieces++;
	assert(q->pieces <= quantity); /* enough seats fit */
	all_but_one = longest(q, q->pieces - 1);
	q->least = quantity >= 2 * q->pieces && longest(q, q->pieces) >= all_but_one + 2 ? 2 : 1;
	shortest = quantity - all_but_one > q->least ? quantity - all_but_one : q->least;
	for (int32_t i = 0; i < q->n; i++) {
		if (q->runs[i].n >= shortest)
			q->runs[kept++] = q->runs[i];
	}
	q->n = kept;
	for (int32_t length = 1; length < shortest; length++)
		q->of_length[length] = 0;
}

/* How far the middles of two runs are apart, squared; another section is as another floor. */
static double
square_apart(const struct search *q, const struct run *run, const struct run *from)
{
	double x = (double)run->x - from->x, y = (double)run->y - from->y;
	double z = run->section == from->section ? 0 : q->s->far;

	return x * x + y * y + z * z;
}

/* The nearest run of at least so many seats that is not chosen. */
static struct run *
nearest_run(const struct search *q, const struct run *from, int32_t least)
{
	struct run *nearest = NULL;
	double nearest_square = INFINITY;

	for (struct run *run = q->runs; run < q->runs + q->n; run++) {
		double square = square_apart(q, run, from);

		if (square < nearest_square && run->n >= least && !run->chosen) {
			nearest = run;
			nearest_square = square;
		}
	}
	return nearest;
}

/* Marks a run as chosen or not; of_length counts those that are not. */
static void
set_chosen(struct search *q, struct run *run, bool chosen)
{
	assert(run->chosen != chosen);
	run->chosen = chosen;
	q->of_length[run->n] += chosen ? -1 : 1;
}

/* Gathers a party around a hub. */
static void
gather(struct search *q, struct run *hub, struct group *group)
{
	int32_t missing = q->party->quantity - hub->n;

	assert(q->pieces >= 2 && q->pieces <= SEATS_MAX_PARTY); /* group->runs has them */
	group->runs[0] = hub;
	group->spread = 0;
	set_chosen(q, hub, true);
	for (int32_t i = 1; i < q->pieces; i++) {
		int32_t least = missing - longest(q, q->pieces - 1 - i);

		group->runs[i] = nearest_run(q, hub, least);
		assert(group->runs[i] != NULL);
		group->spread += sqrt(square_apart(q, group->runs[i], hub));
		set_chosen(q, group->runs[i], true);
		missing -= group->runs[i]->n;
	}
	for (int32_t i = 0; i < q->pieces; i++)
		set_chosen(q, group->runs[i], false);
}

/* The next run after `last`, in the order of distance, that can be a hub. */
static struct run *
next_hub(const struct search *q, const struct run *last)
{
	struct run *next = NULL;

	for (struct run *run = q->runs; run < q->runs + q->n; run++) {
		bool is_after = last == NULL || run->distance > last->distance ||
		                (run->distance == last->distance && run > last);

		if (run->n * q->pieces >= q->party->quantity && is_after &&
		    (next == NULL || run->distance < next->distance))
			next = run;
	}
	return next;
}

/* Takes n seats of a run as a piece: so that they leave the least, and close to another run. */
static struct run
take_piece(const struct search *q, const struct run *run, int32_t n, const struct run *near)
{
	struct run best = *run;
	enum leaves best_leaves = LEAVES_NO_SINGLE;
	double best_square = INFINITY;

	for (int32_t first = run->first; first + n <= run->first + run->n; first++) {
		const struct run piece = run_of(q->s, first, n);
		enum leaves leaves = seats_leave(q->s, first, n);
		double square = square_apart(q, &piece, near);

		if (best_square == INFINITY || leaves < best_leaves ||
		    (leaves == best_leaves && square < best_square)) {
			best = piece;
			best_leaves = leaves;
			best_square = square;
		}
	}
	return best;
}

/* Seats a party in a group: each piece, the hub first, takes what the others can spare. */
static void
seat_group(const struct search *q, const struct group *group, int32_t *out)
{
	int32_t missing = q->party->quantity;
	struct run hub;

	assert(q->pieces >= 2 && group->runs[1] != NULL);
	hub = *group->runs[1]; /* until the hub is seated, the next attracts it */
	for (int32_t i = 0; i < q->pieces; i++) {
		const struct run *run = group->runs[i];
		int32_t spare = missing - q->least * (q->pieces - 1 - i);
		struct run piece = take_piece(q, run, run->n < spare ? run->n : spare, &hub);

		if (i == 0)
			hub = piece;
		for (int32_t k = 0; k < piece.n; k++)
			*out++ = piece.first + k + 1;
		missing -= piece.n;
	}
	assert(missing == 0);
}

void
seats_choose_pieces(const struct seats *s, const struct party *party, int32_t *out)
{
	struct search q = { .s = s, .party = party };
	struct group best = { .spread = INFINITY }, group;
	struct run *hub = NULL;
	int32_t tries;

	find_runs(&q);
	limit_runs(&q);
	assert(q.n >= q.pieces);
	tries = 1 + WORK / (q.pieces * q.n);
	while (tries-- > 0 && (hub = next_hub(&q, hub)) != NULL) {
		gather(&q, hub, &group);
		if (group.spread < best.spread)
			best = group;
	}
	assert(best.spread < INFINITY); /* the first hub is tried in any case */
	seat_group(&q, &best, out);
	qsort(out, (size_t)party->quantity, sizeof(*out), compare_i32);
	talloc_free(q.runs);
}
