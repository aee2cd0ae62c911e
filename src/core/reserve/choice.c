/*
 * Seats for the requests of a batch that leave the choice to the system: chosen and promised
 * before the transaction locks them, settled with the inventory after it has ended.
 */
#include "core/reserve/choice.h"

#include <assert.h>

#include "base/clock.h"
#include "base/sort.h"

_Static_assert(SEATS_MAX_PARTY <= POLICY_SEATS_MOST, "a party's seats fit into seat_request.seats");

/* Whether a request is given seats that the system chooses. */
static bool
is_chosen_for(const struct seat_request *request)
{
	return request->best && request->kind != REQUEST_ACCEPT;
}

void
choice_begin(TALLOC_CTX *ctx, struct choice *choice)
{
	int32_t *events = talloc_array(ctx, int32_t, (unsigned)choice->n);
	size_t n = 0;

	assert(choice->n > 0 && choice->requests != NULL && choice->verdicts != NULL);
	for (size_t i = 0; i < choice->n; i++) {
		if (!is_chosen_for(choice->requests[i]))
			continue;
		assert(choice->requests[i]->inventory != NULL);
		choice->requests[i]->n_seats = 0;
		events[n++] = choice->requests[i]->event_id;
	}
	choice->events.events = events;
	choice->events.n = sort_distinct(events, n, sizeof(*events), compare_i32);
}

/* Brings an inventory up to date, and chooses for one request. */
static enum err
refresh_and_choose(struct db *db, TALLOC_CTX *ctx, struct seat_request *request,
                   enum inventory_want want, int64_t since_us, enum err *chosen)
{
	enum err e = inventory_refresh(request->inventory, db, ctx, want, NULL, since_us);

	if (e == ERR_OK)
		*chosen = inventory_choose(request->inventory, &request->party, request->seats);
	return e;
}

/*
 * Chooses for one request; an inventory that seems to have too few seats is read once more. Seats
 * that are promised to others, or lost to them, may be free again when those are refused for
 * another reason: then the request is made again.
 */
static enum err
choose_for(struct db *db, TALLOC_CTX *ctx, struct seat_request *request, bool alone,
           int64_t began_us, enum err *chosen)
{
	enum err e = ERR_OK;

	assert(request->n_seats == 0); /* choice_begin */
	if (!alone)
		e = refresh_and_choose(db, ctx, request, INVENTORY_CHOICE, 0, chosen);
	if (e == ERR_OK && (alone || *chosen == ERR_NOT_ENOUGH_SEATS))
		e = refresh_and_choose(db, ctx, request, INVENTORY_LAST_WORD, began_us, chosen);
	if (e != ERR_OK)
		return e;
	if (*chosen == ERR_OK)
		request->n_seats = (size_t)request->quantity;
	else if (inventory_has_room(request->inventory, &request->party, false))
		*chosen = ERR_TX_RETRY;
	return ERR_OK;
}

/* Refuses to accept a booking for which too few seats are left. */
static enum err
check_room(struct db *db, TALLOC_CTX *ctx, struct seat_request *request, enum err *found)
{
	enum err e = inventory_refresh(request->inventory, db, ctx, INVENTORY_COUNT,
	                               &request->party, 0);

	if (e == ERR_OK && !inventory_has_room(request->inventory, &request->party, !request->best))
		*found = ERR_NOT_ENOUGH_SEATS;
	return e;
}

enum err
choice_make(struct db *db, TALLOC_CTX *ctx, struct choice *choice)
{
	const int64_t began_us = clock_mono_us();

	assert(db != NULL && choice->events.events != NULL); /* choice_begin */
	for (size_t i = 0; i < choice->n; i++) {
		struct seat_request *request = choice->requests[i];
		enum err *said = &choice->verdicts[i].err, e = ERR_OK;

		if (request->known_err != ERR_OK)
			*said = request->known_err;
		else if (request->kind == REQUEST_ACCEPT)
			e = check_room(db, ctx, request, said);
		else if (request->best)
			e = choose_for(db, ctx, request, choice->events.alone, began_us, said);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

void
choice_end(const struct choice *choice, bool committed)
{
	for (size_t i = 0; i < choice->n; i++) {
		const struct seat_request *request = choice->requests[i];
		const struct verdict *v = &choice->verdicts[i];
		const bool lost = v->err == ERR_SEAT_ALREADY_RESERVED && !v->lapsed;

		assert(v->n_refused <= POLICY_SEATS_MOST);
		if (is_chosen_for(request) && request->n_seats > 0)
			inventory_settle(request->inventory, request->seats, request->n_seats,
			                 committed && v->err == ERR_OK, v->refused,
			                 lost ? v->n_refused : 0, choice->events.alone);
	}
}
