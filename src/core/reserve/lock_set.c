/* What the transaction of a batch locks, in the one order that all transactions keep (HACKING). */
#include "core/reserve/lock_set.h"

#include <assert.h>
#include <string.h>

#include "base/sort.h"

int64_t
lock_set_user_key(const char *user_id)
{
	assert(user_id != NULL);
	return (int64_t)hash_text(user_id);
}

/* Sorts seats and drops repeated ones; returns how many are left. */
static size_t
distinct_seats(struct seat_key *seats, size_t n)
{
	return sort_distinct(seats, n, sizeof(*seats), seat_key_compare);
}

/* The list that a request's seats belong into; NULL: nothing is locked for it. */
static struct seat_key *
seat_list(const struct seat_request *request, bool wait_for_chosen, struct lock_set *locks,
          size_t **n)
{
	const bool idle = request->best && !wait_for_chosen;

	*n = idle ? &locks->n_idle : &locks->n_seats;
	return request->kind == REQUEST_ACCEPT ? NULL : idle ? locks->idle : locks->seats;
}

/* Adds the user and event of a hold, once: what the user holds there is read. */
static void
add_holding(TALLOC_CTX *ctx, const struct seat_request *request, struct lock_set *locks)
{
	for (size_t i = 0; i < locks->n_holdings; i++) {
		if (locks->holdings[i].event_id == request->event_id &&
		    strcmp(locks->holdings[i].user_id, request->user_id) == 0)
			return;
	}
	locks->holdings = talloc_realloc(ctx, locks->holdings, struct hold_rows,
	                                 (unsigned)locks->n_holdings + 1);
	locks->holdings[locks->n_holdings++] = (struct hold_rows){ .event_id = request->event_id,
		                                                   .user_id = request->user_id };
}

void
lock_set_collect(TALLOC_CTX *ctx, struct seat_request *const *requests, size_t n,
                 bool wait_for_chosen, struct lock_set *out)
{
	size_t seats = 0;

	assert(n >= 1 && requests != NULL);
	for (size_t i = 0; i < n; i++)
		seats += requests[i]->n_seats;
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
		struct seat_key *list = seat_list(requests[i], wait_for_chosen, out, &used);

		assert(requests[i]->n_seats <= POLICY_SEATS_MOST);
		out->lock_keys[i] = lock_set_user_key(requests[i]->user_id);
		out->users[i] = requests[i]->user_id;
		out->events[i] = requests[i]->event_id;
		if (requests[i]->kind == REQUEST_SEAT)
			out->bookings[out->n_bookings++] = requests[i]->id;
		if (requests[i]->kind == REQUEST_HOLD)
			add_holding(ctx, requests[i], out);
		for (size_t k = 0; list != NULL && k < requests[i]->n_seats; k++)
			list[(*used)++] = (struct seat_key){ requests[i]->event_id,
				                             requests[i]->seats[k] };
	}
	assert(out->n_seats + out->n_idle <= seats);
	out->n_users = n;
	out->n_keys = sort_distinct(out->lock_keys, n, sizeof(int64_t), compare_i64);
	out->n_events = sort_distinct(out->events, n, sizeof(int32_t), compare_i32);
	out->n_bookings = sort_distinct(out->bookings, out->n_bookings, sizeof(struct uuid),
	                                uuid_compare);
	out->n_seats = distinct_seats(out->seats, out->n_seats);
	out->n_idle = distinct_seats(out->idle, out->n_idle);
}

/* Whether two keys are of the same request. */
static bool
is_same(const struct idempotency_row *a, const struct idempotency_row *b)
{
	return strcmp(a->key, b->key) == 0 && strcmp(a->route, b->route) == 0 &&
	       strcmp(a->principal, b->principal) == 0;
}

bool
lock_set_key(TALLOC_CTX *ctx, const struct idempotent *idempotent, struct lock_set *locks)
{
	const struct idempotency_row key = idempotency_row(idempotent);

	assert(key.key != NULL && key.route != NULL && key.principal != NULL);
	for (size_t i = 0; i < locks->n_answer_keys; i++) {
		if (is_same(&locks->answer_keys[i], &key))
			return false;
	}
	locks->answer_keys = talloc_realloc(ctx, locks->answer_keys, struct idempotency_row,
	                                    (unsigned)locks->n_answer_keys + 1);
	locks->answer_keys[locks->n_answer_keys++] = key;
	return true;
}
