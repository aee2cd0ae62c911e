#include "core/reserve/lock_set.h"

#include <stdlib.h>
#include <string.h>

static int
compare_i64(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
compare_i32(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorts n elements and drops repeated ones; returns how many are left. */
static size_t
sort_distinct(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	char *at = base;
	size_t kept = 0;

	qsort(base, n, size, compare);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || compare(at + (kept - 1) * size, at + i * size) != 0)
			memmove(at + kept++ * size, at + i * size, size);
	}
	return kept;
}

size_t
lock_set_distinct(int32_t *numbers, size_t n)
{
	return sort_distinct(numbers, n, sizeof(*numbers), compare_i32);
}

/* Sorts and empties out repeats of seats. */
static size_t
distinct_seats(struct seat_key *seats, size_t n)
{
	return sort_distinct(seats, n, sizeof(*seats), seat_key_compare);
}

/* The list that an ask's seats are locked by; NULL: nothing is locked for it. */
static struct seat_key *
seat_list(const struct seat_request *ask, bool patient, struct lock_set *w, size_t **n)
{
	const bool idle = ask->best && !patient;

	*n = idle ? &w->n_idle : &w->n_seats;
	return ask->kind == REQUEST_ACCEPT ? NULL : idle ? w->idle : w->seats;
}

/* Adds the asker and event of a hold, once. */
static void
want_holding(TALLOC_CTX *ctx, const struct seat_request *ask, struct lock_set *w)
{
	for (size_t i = 0; i < w->n_holdings; i++) {
		if (w->holdings[i].event_id == ask->event_id &&
		    strcmp(w->holdings[i].user_id, ask->user_id) == 0)
			return;
	}
	w->holdings = talloc_realloc(ctx, w->holdings, struct hold_rows,
	                             (unsigned)w->n_holdings + 1);
	w->holdings[w->n_holdings++] = (struct hold_rows){ .event_id = ask->event_id,
		                                           .user_id = ask->user_id };
}

void
lock_set_collect(TALLOC_CTX *ctx, struct seat_request *const *asks, size_t n, bool patient,
                 struct lock_set *out)
{
	size_t seats = 0;

	for (size_t i = 0; i < n; i++)
		seats += asks[i]->n_seats;
	*out = (struct lock_set){
		.lock_keys = talloc_array(ctx, int64_t, (unsigned)n),
		.users = talloc_array(ctx, const char *, (unsigned)n),
		.events = talloc_array(ctx, int32_t, (unsigned)n),
		.bookings = talloc_array(ctx, struct uuid, (unsigned)n),
		.seats = talloc_array(ctx, struct seat_key, (unsigned)seats),
		.idle = talloc_array(ctx, struct seat_key, (unsigned)seats),
	};
	for (size_t i = 0; i < n; i++) {
		size_t *used;
		struct seat_key *list = seat_list(asks[i], patient, out, &used);

		out->lock_keys[i] = (int64_t)hash_text(asks[i]->user_id);
		out->users[i] = asks[i]->user_id;
		out->events[i] = asks[i]->event_id;
		if (asks[i]->kind == REQUEST_SEAT)
			out->bookings[out->n_bookings++] = asks[i]->id;
		if (asks[i]->kind == REQUEST_HOLD)
			want_holding(ctx, asks[i], out);
		for (size_t k = 0; list != NULL && k < asks[i]->n_seats; k++)
			list[(*used)++] = (struct seat_key){ asks[i]->event_id, asks[i]->seats[k] };
	}
	out->n_users = n;
	out->n_keys = sort_distinct(out->lock_keys, n, sizeof(int64_t), compare_i64);
	out->n_events = sort_distinct(out->events, n, sizeof(int32_t), compare_i32);
	out->n_bookings = sort_distinct(out->bookings, out->n_bookings, sizeof(struct uuid),
	                                uuid_compare);
	out->n_seats = distinct_seats(out->seats, out->n_seats);
	out->n_idle = distinct_seats(out->idle, out->n_idle);
}

/* Whether two requests are the same one. */
static bool
is_same(const struct idempotency_row *a, const struct idempotency_row *b)
{
	return strcmp(a->key, b->key) == 0 && strcmp(a->route, b->route) == 0 &&
	       strcmp(a->principal, b->principal) == 0;
}

bool
lock_set_key(TALLOC_CTX *ctx, const struct idempotent *keyed, struct lock_set *w)
{
	const struct idempotency_row key = idempotency_row(keyed);

	for (size_t i = 0; i < w->n_answer_keys; i++) {
		if (is_same(&w->answer_keys[i], &key))
			return false;
	}
	w->answer_keys = talloc_realloc(ctx, w->answer_keys, struct idempotency_row,
	                                (unsigned)w->n_answer_keys + 1);
	w->answer_keys[w->n_answer_keys++] = key;
	return true;
}
