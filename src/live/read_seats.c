/*
 * What followers of an event's seats begin with: its version, the seats that are taken, and what
 * changed lately; and which of those changes a follower has missed.
 */
#include "live/read_seats.h"

#include <assert.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/sort.h"
#include "store/param.h"

/*
 * A seat map's version counts the rows that were visible. Rows are committed in another order
 * than they are numbered in, so that a map of version n may contain row n + 1 and not row n. The
 * transaction of row n then ran at the same time; and none runs longer than this (a statement is
 * ended after 15 s).
 */
#define OVERLAP_US (20 * US_PER_S)

#define ROWS_MOST (FOLLOW_REPLAY_MOST + 1000) /* read; the second part for the overlap */

void
read_seats_after(struct read_seats *r, const struct cursor *after)
{
	if (!r->want_after || cursor_compare(after, &r->after) < 0)
		r->after = *after;
	r->want_after = true;
}

void
read_seats_since(struct read_seats *r)
{
	r->want_since = true;
}

bool
read_seats_has_after(const struct read_seats *r, const struct cursor *after)
{
	return r->want_since || (r->want_after && cursor_compare(after, &r->after) >= 0);
}

/* --- Reading. --- */

/* The event that a row is about: its place in the statement's arrays, from 1. */
static struct read_seats *
read_of(struct read_seats *const *reads, size_t n, const struct rows *rows, int r, int c)
{
	const int64_t at = row_i64(rows, r, c);

	assert(at >= 1 && at <= (int64_t)n);
	return reads[at - 1];
}

static enum err
read_versions(struct db *db, TALLOC_CTX *ctx, struct read_seats *const *reads, size_t n)
{
	struct array event, xid;
	struct rows *rows;
	enum err e;

	array_init(&event, ctx);
	array_init(&xid, ctx);
	for (size_t i = 0; i < n; i++) {
		reads[i]->found = false;
		array_int(&event, reads[i]->event_id);
		array_int(&xid, (int64_t)reads[i]->count.xid);
	}
	e = db_query(db, ctx,
	             (struct call){ STMT_SEAT_VERSIONS, { array_done(&event), array_done(&xid) } },
	             &rows);
	for (int i = 0; e == ERR_OK && i < rows_count(rows); i++) {
		struct read_seats *r = read_of(reads, n, rows, i, SEAT_VERSIONS_AT);

		r->found = true;
		r->visible = r->count.rows + row_i64(rows, i, SEAT_VERSIONS_VISIBLE);
		r->version = r->count.rows + row_i64(rows, i, SEAT_VERSIONS_BELOW);
		r->horizon = (uint64_t)row_i64(rows, i, SEAT_VERSIONS_HORIZON);
		assert(r->version <= r->visible);
	}
	return e;
}

static void
put_taken(TALLOC_CTX *ctx, const struct rows *rows, struct read_seats *const *of, size_t n_of)
{
	const int n = rows_count(rows);
	struct seat_state *all = talloc_array(ctx, struct seat_state, (unsigned)n);

	for (int i = 0; i < n; i++) {
		struct read_seats *r = read_of(of, n_of, rows, i, TAKEN_SEATS_AT);

		all[i].no = row_i32(rows, i, TAKEN_SEATS_NO);
		all[i].status = seat_status_parse(row_text(rows, i, TAKEN_SEATS_STATUS));
		if (r->n_taken++ == 0)
			r->taken = &all[i];
		assert(&r->taken[r->n_taken - 1] == &all[i]); /* an event's rows come together */
	}
}

/* The statement has a horizon of its own, a little further on: what is above ours is left out. */
static void
put_rows(TALLOC_CTX *ctx, const struct rows *rows, struct read_seats *const *of, size_t n_of)
{
	const int n = rows_count(rows);
	struct seats_row *all = talloc_array(ctx, struct seats_row, (unsigned)n);
	size_t used = 0;

	for (int i = 0; i < n; i++) {
		struct read_seats *r = read_of(of, n_of, rows, i, MISSED_AT);
		struct seats_change seats;
		struct change change;

		change_read(ctx, rows, i, MISSED_CHANGE, &change);
		r->n_fetched++;
		if (change.cursor.xid >= r->horizon)
			continue;
		change_read_seats(ctx, rows, i, MISSED_CHANGE, &change, &seats);
		all[used] = (struct seats_row){ change.cursor, change.at_us, change.seats,
			                        seats.n };
		if (r->n_rows++ == 0)
			r->rows = &all[used];
		assert(&r->rows[r->n_rows - 1] == &all[used]);
		used++;
	}
}

/* Reads what is taken, and what changed lately. */
static enum err
read_seats(struct db *db, TALLOC_CTX *ctx, struct read_seats *const *reads, size_t n)
{
	struct read_seats **taken = talloc_array(ctx, struct read_seats *, (unsigned)n), **changed;
	struct array events, changes[4]; /* of TAKEN_SEATS; of SEAT_CHANGES */
	struct call calls[] = { { .stmt = STMT_TAKEN_SEATS }, { .stmt = STMT_SEAT_CHANGES } };
	size_t n_taken = 0, n_changed = 0;
	struct rows *rows[2];
	enum err e;

	changed = talloc_array(ctx, struct read_seats *, (unsigned)n);
	array_init(&events, ctx);
	arrays_init(changes, 4, ctx);
	for (size_t i = 0; i < n; i++) {
		struct read_seats *r = reads[i];

		r->n_taken = r->n_rows = r->n_fetched = r->n_states = 0;
		if (r->found && r->want_taken) {
			array_int(&events, r->event_id);
			taken[n_taken++] = r;
		}
		if (r->found && (r->want_after || r->want_since)) {
			array_int(&changes[0], r->event_id);
			array_int(&changes[1], r->want_since ? 0 : (int64_t)r->after.xid);
			array_int(&changes[2], r->want_since ? 0 : r->after.seq);
			array_int(&changes[3], ROWS_MOST);
			changed[n_changed++] = r;
		}
	}
	calls[0].param[0] = array_done(&events);
	arrays_done(changes, 4, calls[1].param);
	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	put_taken(ctx, rows[0], taken, n_taken);
	put_rows(ctx, rows[1], changed, n_changed);
	for (size_t i = 0; i < n; i++)
		reads[i]->all_rows = reads[i]->n_fetched < ROWS_MOST;
	return ERR_OK;
}

static int
compare_states(const void *a, const void *b)
{
	const struct seat_state *x = a, *y = b;

	return (x->no > y->no) - (x->no < y->no);
}

/* The seats that the rows changed, each once, by number. */
static void
list_changed(TALLOC_CTX *ctx, struct read_seats *r)
{
	size_t n = 0;

	for (size_t i = 0; i < r->n_rows; i++)
		n += r->rows[i].n;
	r->states = talloc_array(ctx, struct seat_state, (unsigned)n);
	n = 0;
	for (size_t i = 0; i < r->n_rows; i++) {
		for (size_t k = 0; k < r->rows[i].n; k++)
			r->states[n++] = (struct seat_state){ r->rows[i].seats[k], SEAT__MAX };
	}
	r->n_states = sort_distinct(r->states, n, sizeof(*r->states), compare_states);
}

/* Which of n seats a row is about. */
static size_t
seat_of(const struct rows *rows, int r, size_t n)
{
	const int64_t at = row_i64(rows, r, SEAT_STATES_AT);

	assert(at >= 1 && at <= (int64_t)n);
	return (size_t)at - 1;
}

enum err
read_seats_verify_all(struct db *db, TALLOC_CTX *ctx, struct seats_verify *const *asks, size_t n)
{
	struct seat_state **seats;
	struct array event, no;
	struct rows *rows;
	size_t total = 0;
	enum err e;

	array_init(&event, ctx);
	array_init(&no, ctx);
	for (size_t i = 0; i < n; i++)
		total += asks[i]->n;
	seats = talloc_array(ctx, struct seat_state *, (unsigned)total);
	total = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < asks[i]->n; k++) {
			array_int(&event, asks[i]->event_id);
			array_int(&no, asks[i]->seats[k].no);
			seats[total++] = &asks[i]->seats[k];
		}
	}
	e = db_query(db, ctx,
	             (struct call){ STMT_SEAT_STATES, { array_done(&event), array_done(&no) } },
	             &rows);
	for (int r = 0; e == ERR_OK && r < rows_count(rows); r++)
		seats[seat_of(rows, r, total)]->status = seat_status_parse(
		    row_text(rows, r, SEAT_STATES_STATUS));
	return e;
}

enum err
read_seats_all(struct db *db, TALLOC_CTX *ctx, struct read_seats *const *reads, size_t n)
{
	struct seats_verify *all = talloc_zero_array(ctx, struct seats_verify, (unsigned)n), **asks;
	size_t n_asks = 0;
	enum err e;

	asks = talloc_array(ctx, struct seats_verify *, (unsigned)n);
	if ((e = read_versions(db, ctx, reads, n)) != ERR_OK ||
	    (e = read_seats(db, ctx, reads, n)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		list_changed(ctx, reads[i]);
		all[i] = (struct seats_verify){ reads[i]->event_id, reads[i]->states,
			                        reads[i]->n_states };
		if (reads[i]->n_states > 0)
			asks[n_asks++] = &all[i];
	}
	if (n_asks > 0 && (e = read_seats_verify_all(db, ctx, asks, n_asks)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (reads[i]->found)
			reads[i]->count = (struct seats_count){ reads[i]->horizon,
				                                reads[i]->version };
	}
	return ERR_OK;
}

/* --- Looking at what was read. --- */

bool
read_seats_rows_after(const struct read_seats *r, const struct cursor *after, size_t *rows)
{
	const struct cursor horizon = { r->horizon, 0 };

	assert(r->found);
	*rows = 0;
	while (*rows < r->n_rows && cursor_compare(&r->rows[*rows].cursor, after) > 0)
		(*rows)++;
	return *rows <= FOLLOW_REPLAY_MOST && (*rows < r->n_rows || r->all_rows) &&
	       cursor_compare(after, &horizon) <= 0;
}

bool
read_seats_rows_since(const struct read_seats *r, int64_t version, size_t *rows)
{
	const int64_t missed = r->version > version ? r->version - version : 0;
	int64_t first_us;

	assert(r->found && version >= 0);
	*rows = (size_t)missed;
	if (version == r->visible) {
		*rows = 0;
		return true;
	}
	if (version > r->visible || missed > FOLLOW_REPLAY_MOST || *rows > r->n_rows)
		return false;
	if (r->n_rows == 0)
		return r->all_rows;
	/* A row has the time at which its transaction began: an old one may follow later ones. */
	first_us = r->rows[missed > 0 ? missed - 1 : 0].at_us;
	for (size_t i = *rows; i < r->n_rows; i++) {
		if (r->rows[i].at_us >= first_us - OVERLAP_US)
			*rows = i + 1;
	}
	return *rows < r->n_rows || r->all_rows;
}

struct seat_state *
read_seats_changed(TALLOC_CTX *ctx, const struct read_seats *r, size_t rows, size_t *n)
{
	struct seat_state *out = talloc_array(ctx, struct seat_state, (unsigned)r->n_states);
	struct read_seats newest = *r;

	assert(rows <= r->n_rows);
	newest.n_rows = rows;
	list_changed(ctx, &newest);
	*n = 0;
	for (size_t i = 0; i < newest.n_states; i++) {
		const struct seat_state *now = bsearch(&newest.states[i], r->states, r->n_states,
		                                       sizeof(*r->states), compare_states);

		if (now != NULL && now->status != SEAT__MAX)
			out[(*n)++] = *now;
	}
	return out;
}
