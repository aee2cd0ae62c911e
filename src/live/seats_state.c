/* What is known of the seats of an event that is followed: its rows counted, changes merged. */
#include "live/seats_state.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Rows that came before the version was known; of more than SEATS_KEPT_MOST, the first. */
struct kept_rows {
	size_t n;
	struct seats_change *change[SEATS_KEPT_MOST];
};

/* A seat, and its place among the changes. */
struct placed_seat {
	struct seat_state seat;
	size_t at;
};

struct seats_state *
seats_state_new(TALLOC_CTX *ctx, struct topic *t)
{
	struct seats_state *s = talloc_zero(ctx, struct seats_state);

	assert(t->seats == NULL);
	s->topic = t;
	s->due.of = s;
	s->version = -1;
	t->seats = s;
	return s;
}

void
seats_state_free(struct seats_state *s)
{
	assert(s->topic->seats == s);
	s->topic->seats = NULL;
	due_list_unset(&s->due);
	talloc_free(s);
}

struct seats_ref
seats_state_ref(const struct seats_state *s)
{
	return (struct seats_ref){ s->topic->event_id, s->topic->serial };
}

struct seats_state *
seats_state_find(const struct topics *topics, const struct seats_ref *ref)
{
	struct topic *t = topic_find(topics, FOLLOW_SEATS, NULL, ref->event_id);

	assert(t == NULL || t->seats != NULL);
	return t != NULL && t->serial == ref->serial ? t->seats : NULL;
}

void
seats_state_merge(struct seats_state *s, const struct seat_state *seats, size_t n)
{
	if (n == 0)
		return;
	if (s->n_merged + n > s->room) {
		s->room = (s->n_merged + n) * 2;
		s->merged = talloc_realloc(s, s->merged, struct seat_state, (unsigned)s->room);
	}
	memcpy(s->merged + s->n_merged, seats, n * sizeof(*seats));
	s->n_merged += n;
}

bool
seats_state_note(struct seats_state *s, const struct seats_change *c)
{
	assert(s->version >= 0);
	s->version++;
	seats_state_merge(s, c->seats, c->n);
	return c->n > 0;
}

void
seats_state_keep(struct seats_state *s, const struct seats_change *c)
{
	struct seats_change *copy;

	assert(s->version < 0);
	if (s->kept == NULL)
		s->kept = talloc_zero(s, struct kept_rows);
	if (s->kept->n < SEATS_KEPT_MOST) {
		copy = talloc_memdup(s->kept, c, sizeof(*c));
		copy->seats = talloc_memdup(copy, c->seats, c->n * sizeof(*c->seats));
		s->kept->change[s->kept->n] = copy;
	}
	s->kept->n++;
}

bool
seats_state_learn(struct seats_state *s, const struct read_seats *r)
{
	const struct cursor horizon = { r->horizon, 0 };
	struct kept_rows *kept = s->kept;

	assert(r->found && r->event_id == s->topic->event_id);
	s->count = r->count;
	if (s->version >= 0)
		return true;
	s->kept = NULL;
	if (kept != NULL && kept->n > SEATS_KEPT_MOST) {
		talloc_free(kept);
		return false;
	}
	s->version = r->version;
	if (cursor_compare(&s->topic->cursor, &horizon) < 0)
		s->topic->cursor = horizon;
	for (size_t i = 0; kept != NULL && i < kept->n; i++) {
		if (cursor_compare(&kept->change[i]->cursor, &horizon) > 0)
			seats_state_note(s, kept->change[i]);
	}
	talloc_free(kept);
	return true;
}

static int
compare_placed(const void *a, const void *b)
{
	const struct placed_seat *x = a, *y = b;

	if (x->seat.no != y->seat.no)
		return x->seat.no < y->seat.no ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

struct seat_state *
seats_state_take(TALLOC_CTX *ctx, struct seats_state *s, size_t *n)
{
	struct placed_seat *placed = talloc_array(ctx, struct placed_seat, (unsigned)s->n_merged);
	struct seat_state *out = talloc_array(ctx, struct seat_state, (unsigned)s->n_merged);

	for (size_t i = 0; i < s->n_merged; i++)
		placed[i] = (struct placed_seat){ s->merged[i], i };
	qsort(placed, s->n_merged, sizeof(*placed), compare_placed);
	*n = 0;
	for (size_t i = 0; i < s->n_merged; i++) {
		if (i + 1 == s->n_merged || placed[i + 1].seat.no != placed[i].seat.no)
			out[(*n)++] = placed[i].seat;
	}
	TALLOC_FREE(s->merged);
	s->n_merged = s->room = 0;
	talloc_free(placed);
	return out;
}

int64_t
seats_state_due_us(const struct seats_state *s, int64_t now_us)
{
	const int64_t due_us = s->told_us + FOLLOW_MERGE_US;

	return due_us < now_us || s->n_merged > SEATS_MERGED_MOST ? now_us : due_us;
}
