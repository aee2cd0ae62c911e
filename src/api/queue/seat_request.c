/* The body of POST /api/booking as a request for seats: quantity, section, seats, whose it is. */

#include "api/queue/seat_request.h"

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/request/decode.h"
#include "api/request/principal.h"
#include "core/booking/booking.h"
#include "core/plan/plan.h"

#define POSITION_MOST (2 * PLAN_MAX_LABEL + 1) /* bytes of "row-seat" */

_Static_assert(QUEUE_MAX_SEATS <= POLICY_SEATS_MOST, "the seats of a booking fit a request");

/*
 * The user that a member names, as text on the request's ctx; NULL when it names none. Clients of
 * this face send user ids as numbers, too.
 */
static const char *
named_user(struct api *a, const char *name)
{
	const cJSON *item = decode_any(a->body, name);

	if (!cJSON_IsNumber(item))
		return decode_text(a, name, OPTIONAL, 1, SUB_MAX_BYTES);
	return talloc_asprintf(a->rq->ctx, "%lld",
	                       (long long)decode_int(a, name, OPTIONAL, 0, INT64_C(1) << 53, 0));
}

/*
 * Whose booking it is. Several fields may name the user, and the last one counts; one that
 * names the caller changes nothing.
 */
static enum err
choose_buyer(struct api *a, struct seat_request *request)
{
	static const char *const names[] = { "buyer_id", "user_id", "userId" };

	request->user_id = a->who.sub;
	request->user_name = a->who.name;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const size_t faults = a->n_faults;
		const char *id = named_user(a, names[i]);
		enum err e;

		if (a->n_faults > faults || id == NULL || strcmp(id, a->who.sub) == 0)
			continue;
		if ((e = principal_choose_user(a, id, &request->user_id, &request->user_name)) !=
		    ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Takes members that are null out of the body, so that they count as absent. */
static void
drop_nulls(cJSON *body)
{
	cJSON *next;

	for (cJSON *item = body->child; item != NULL; item = next) {
		next = item->next;
		if (cJSON_IsNull(item))
			cJSON_Delete(cJSON_DetachItemViaPointer(body, item));
	}
}

/* A refusal in the words that clients of this face know. */
static enum err
refuse(struct api *a, const char *message)
{
	a->message = message;
	return ERR_VALIDATION_ERROR;
}

/*
 * How many seats, and whether that agrees with the seats that are named. Faults of
 * form are answered before the rules, whose texts make sense for a well-formed body alone.
 */
static enum err
decode_quantity(struct api *a, struct seat_request *request)
{
	const cJSON *positions = decode_any(a->body, "seat_positions");
	const int named = cJSON_IsArray(positions) ? cJSON_GetArraySize(positions) : 0;

	request->quantity = (int32_t)decode_int(a, "quantity", REQUIRED, INT32_MIN, INT32_MAX, 1);
	if (positions != NULL && !cJSON_IsArray(positions))
		decode_fault(a, "seat_positions", "must be an array of strings such as \"1-5\"");
	if (a->n_faults > 0)
		return decode_done(a);
	if (request->quantity > QUEUE_MAX_SEATS)
		return refuse(a, "Maximum 4 tickets per booking");
	if (request->quantity < 1)
		return refuse(a, "Minimum 1 ticket per booking");
	if (request->best && named > 0)
		return refuse(a, "seat_positions must be empty for best_available");
	if (!request->best && named != request->quantity)
		return refuse(a, "quantity must match the number of selected seat positions");
	return ERR_OK;
}

/*
 * Puts a seat in its place among those of the request, by number; false when it is there already.
 */
static bool
insert_seat(struct seat_request *request, int32_t no)
{
	size_t at = request->n_seats;

	assert(request->n_seats < POLICY_SEATS_MOST);
	for (; at > 0 && request->seats[at - 1] >= no; at--) {
		if (request->seats[at - 1] == no)
			return false;
	}
	memmove(&request->seats[at + 1], &request->seats[at],
	        (request->n_seats - at) * sizeof(request->seats[0]));
	request->seats[at] = no;
	request->n_seats++;
	return true;
}

/* Looks up one of the seats that are named, as "row-seat" of the section, and adds it. */
static enum err
find_seat(struct api *a, struct seat_request *request, const cJSON *item)
{
	int32_t no;

	if (!cJSON_IsString(item) || strlen(item->valuestring) > POSITION_MOST) {
		decode_fault(a, "seat_positions", "must be strings such as \"1-5\"");
		return ERR_VALIDATION_ERROR;
	}
	if ((no = inventory_seat(request->inventory, request->only_section, item->valuestring)) ==
	    0) {
		a->message = talloc_asprintf(a->rq->ctx, "Seat not found: %s", item->valuestring);
		return ERR_SEAT_NOT_FOUND;
	}
	if (!insert_seat(request, no)) {
		decode_fault(a, "seat_positions", "names a seat twice");
		return ERR_VALIDATION_ERROR;
	}
	return ERR_OK;
}

/*
 * Looks up the seats that are named, and what they cost. They are kept as they were spelled, too,
 * for the answer and for the journal.
 */
static enum err
find_seats(struct api *a, struct seat_request *request)
{
	const cJSON *item;
	struct jsonw w;
	enum err e;

	jsonw_init(&w, a->rq->ctx, 64);
	jsonw_open(&w, NULL, '[');
	cJSON_ArrayForEach(item, decode_any(a->body, "seat_positions")) {
		if ((e = find_seat(a, request, item)) != ERR_OK)
			return e;
		jsonw_str(&w, NULL, item->valuestring);
	}
	jsonw_close(&w, ']');
	assert(request->n_seats == (size_t)request->quantity);
	request->positions = jsonw_text(&w);
	for (size_t i = 0; i < request->n_seats; i++) {
		request->prices_minor[i] = inventory_price(request->inventory, request->seats[i]);
		request->total_minor += request->prices_minor[i];
	}
	return ERR_OK;
}

/*
 * Finds the section, or sections, that are asked for in the inventory. Where the system chooses,
 * the price is the least that it may be until the seats are known; named seats need one section,
 * for they are spelled without it.
 */
static enum err
find_place(struct api *a, struct seat_request *request)
{
	const struct wish wish = { .quantity = request->quantity,
		                   .section = request->section,
		                   .subsection = request->subsection };
	const char *field;

	assert(request->inventory != NULL);
	if (inventory_resolve(request->inventory, a->rq->ctx, &wish, &request->party,
	                      &request->only_section, &field) != ERR_OK) {
		decode_fault(a, field, "is none of this event");
		return ERR_VALIDATION_ERROR;
	}
	if (request->best) {
		request->total_minor = request->quantity *
		                       (int64_t)(request->only_section != NULL &&
		                                         request->only_section->price_minor >= 0
		                                     ? request->only_section->price_minor
		                                     : inventory_price_least(request->inventory,
		                                                             &request->party));
		return ERR_OK;
	}
	if (request->only_section == NULL) {
		decode_fault(a, request->section == NULL ? "section" : "subsection", "is required");
		return ERR_VALIDATION_ERROR;
	}
	return find_seats(a, request);
}

enum err
queue_seat_request_decode(struct api *a, struct seat_request *request)
{
	const char *mode;
	enum err e;

	assert(a->body != NULL && request->n_seats == 0 && request->inventory == NULL);
	drop_nulls(a->body);
	mode = decode_text(a, "seat_selection_mode", REQUIRED, 1, 64);
	request->ctx = a->rq->ctx;
	request->correlation_id = a->rq->id;
	request->best = mode != NULL && strcmp(mode, booking_mode_name(MODE_BEST)) == 0;
	if (mode != NULL && !request->best && strcmp(mode, booking_mode_name(MODE_MANUAL)) != 0)
		decode_fault(a, "seat_selection_mode", "must be manual or best_available");
	request->section = decode_text(a, "section", OPTIONAL, 1, PLAN_MAX_LABEL);
	request->subsection = (int32_t)decode_int(a, "subsection", OPTIONAL, 1, INT32_MAX, 0);
	request->event_id = (int32_t)decode_int(a, "event_id", REQUIRED, 0, INT32_MAX, 0);
	if ((e = choose_buyer(a, request)) != ERR_OK ||
	    (e = decode_quantity(a, request)) != ERR_OK ||
	    (e = inventory_open(a->app->inventories, request->event_id, &request->inventory)) !=
	        ERR_OK)
		return e;
	request->id = uuid_of_event(request->event_id);
	return find_place(a, request);
}
