/* /api/booking: accepted now, seated later, told by SSE (http-api.md, face 2). */

#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/face.h"
#include "api/request/principal.h"
#include "api/request/reply.h"
#include "base/money.h"
#include "core/booking/booking.h"
#include "core/booking/booking_change.h"
#include "core/booking/booking_lookup.h"
#include "core/plan/plan.h"
#include "core/reserve/clerk.h"

#define POSITION_MOST (2 * PLAN_MAX_LABEL + 1)
#define LIST_MOST     1000

/* An amount in major units, without decimals when it is whole. */
static void
write_amount(struct jsonw *w, const char *name, int64_t minor, const char *currency)
{
	char text[MONEY_TEXT];

	jsonw_raw(w, name, money_plain(minor, currency, text));
}

/* What was asked for; or, of a booking from another face, where its seats are. */
static void
write_place(struct jsonw *w, const struct booking *b)
{
	const bool seated = b->section == NULL && b->n_seats > 0;
	const int32_t subsection = seated ? b->seats[0].subsection : b->subsection;

	jsonw_str(w, "section", seated ? b->seats[0].section : b->section);
	if (subsection == 0)
		jsonw_null(w, "subsection");
	else
		jsonw_int(w, "subsection", subsection);
}

/* The seats as the buyer spelled them, else as printed. */
static void
write_positions(struct api *a, struct jsonw *w, const struct booking *b)
{
	if (b->positions != NULL) {
		jsonw_raw(w, "seat_positions", b->positions);
		return;
	}
	jsonw_open(w, "seat_positions", '[');
	for (size_t i = 0; i < b->n_seats; i++)
		jsonw_str(w, NULL,
		          talloc_asprintf(a->rq->ctx, "%s-%s", b->seats[i].row, b->seats[i].label));
	jsonw_close(w, ']');
}

/* The members that a booking has in every answer. */
static void
write_core(struct api *a, struct jsonw *w, const struct booking *b)
{
	jsonw_uuid(w, "id", &b->key.id);
	jsonw_digits(w, "buyer_id", b->user_id);
	jsonw_int(w, "event_id", b->key.event_id);
	write_place(w, b);
	write_positions(a, w, b);
	jsonw_int(w, "quantity", b->quantity);
	write_amount(w, "total_price", b->total_minor, b->currency);
	jsonw_str(w, "status", booking_state_in(FACE_QUEUE, b->status));
	jsonw_str(w, "seat_selection_mode", booking_mode_name(b->mode));
	jsonw_time(w, "created_at", b->created_us);
	jsonw_time(w, "updated_at", b->updated_us);
	jsonw_time(w, "paid_at", b->paid_us);
}

static void
write_seats(struct jsonw *w, const struct booking *b)
{
	const size_t n = b->status == BOOKING_REQUESTED
	                     ? 0
	                     : b->n_seats; /* its seats are only asked for */

	jsonw_open(w, "seats", '[');
	for (size_t i = 0; i < n; i++) {
		const struct booked_seat *s = &b->seats[i];

		jsonw_open(w, NULL, '{');
		jsonw_str(w, "section", s->section);
		jsonw_int(w, "subsection", s->subsection);
		face_label(w, "row", s->row);
		face_label(w, "seat", s->label);
		jsonw_str(w, "tier", s->tier);
		write_amount(w, "price", s->price_minor, b->currency);
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

static void
write_booking(struct api *a, struct jsonw *w, const struct booking *b, bool whole)
{
	jsonw_open(w, NULL, '{');
	write_core(a, w, b);
	jsonw_str(w, "event_name", b->event.title);
	jsonw_str(w, "venue_name", b->event.venue_name);
	jsonw_str(w, "seller_name", b->event.seller_name);
	jsonw_str(w, "buyer_name", b->user_name);
	if (whole) {
		jsonw_digits(w, "seller_id", b->event.seller);
		jsonw_str(w, "currency", b->currency);
		jsonw_str(w, "ticket_reference", b->ticket_ref);
		jsonw_str(w, "error_message", b->failure);
		jsonw_time(w, "event_starts_at", b->event.starts_us);
		write_seats(w, b);
	}
	jsonw_close(w, '}');
}

/* --- POST /api/booking --- */

/* The user that a member names, as text on the request's ctx; NULL when it names none. */
static const char *
named_user(struct api *a, const char *name)
{
	const cJSON *item = decode_any(a->body, name);

	if (!cJSON_IsNumber(item))
		return decode_text(a, name, OPTIONAL, 1, SUB_MAX_BYTES);
	return talloc_asprintf(a->rq->ctx, "%lld",
	                       (long long)decode_int(a, name, OPTIONAL, 0, INT64_C(1) << 53, 0));
}

/* Whose booking it is; several fields may name the user, and the last one counts. */
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

/* What is null might as well not be there. */
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

static enum err
refuse(struct api *a, const char *message)
{
	a->message = message;
	return ERR_VALIDATION_ERROR;
}

/* How many seats, and whether that agrees with the seats that are named. */
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

/* Puts a seat in its place among those of the request; false when it is there already. */
static bool
insert_seat(struct seat_request *request, int32_t no)
{
	size_t at = request->n_seats;

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

/* One of the seats that are named. */
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

/* The seats that are named, in order, and what they cost. */
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
	request->positions = jsonw_text(&w);
	for (size_t i = 0; i < request->n_seats; i++) {
		request->prices_minor[i] = inventory_price(request->inventory, request->seats[i]);
		request->total_minor += request->prices_minor[i];
	}
	return ERR_OK;
}

/* Where in the house; the price is the least that it may be until the seats are known. */
static enum err
open_cursor(struct api *a, struct seat_request *request)
{
	const struct wish wish = { .quantity = request->quantity,
		                   .section = request->section,
		                   .subsection = request->subsection };
	const char *field;

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

static enum err
decode_request(struct api *a, struct seat_request *request)
{
	const char *mode;
	enum err e;

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
	return open_cursor(a, request);
}

/* What was asked for, as the answer is rendered of it. */
struct queue_request {
	struct api *a;
	struct seat_request request;
};

/* The booking as it was accepted; arg: struct queue_request, what: struct answer. */
static void
render_accepted(void *arg, const void *what, struct reply *out)
{
	const struct queue_request *input = arg;
	const struct seat_request *request = &input->request;
	const struct answer *answer = what;
	const struct booking b = { .key = { request->event_id, request->id },
		                   .user_id = request->user_id,
		                   .mode = request->best ? MODE_BEST : MODE_MANUAL,
		                   .status = BOOKING_REQUESTED,
		                   .section = request->section,
		                   .subsection = request->subsection,
		                   .positions = request->positions,
		                   .quantity = request->quantity,
		                   .total_minor = answer->total_minor,
		                   .currency = answer->currency,
		                   .created_us = answer->created_us,
		                   .updated_us = answer->created_us,
		                   .paid_us = -1 };
	struct jsonw w;

	jsonw_init(&w, request->ctx, 512);
	jsonw_open(&w, NULL, '{');
	write_core(input->a, &w, &b);
	*out = reply_close(&w, 202, NULL);
}

enum err
queue_booking_create(struct api *a)
{
	struct queue_request input = { a, { .kind = REQUEST_ACCEPT, .queued = true } };
	struct answer answer;
	enum err e;

	if ((e = decode_request(a, &input.request)) == ERR_OK) {
		input.request.idempotent = reply_prepare(a, render_accepted, &input);
		e = clerk_book(a->app->clerk, &input.request, &answer);
		if (e == ERR_OK) {
			uuid_text(&input.request.id, a->booking);
			reply_send(a, render_accepted, &input, &answer);
		} else if (e == ERR_VALIDATION_ERROR) {
			a->message = talloc_asprintf(a->rq->ctx, "Maximum %d tickets per booking",
			                             answer.limit);
		}
	}
	inventory_close(input.request.inventory);
	return e;
}

/* --- reading, cancelling, paying --- */

/* A booking, whole; arg: struct api, what: struct booking, or struct changed. */
static void
render_booking(void *arg, const void *what, struct reply *out)
{
	struct api *a = arg;
	struct jsonw w;

	jsonw_init(&w, a->rq->ctx, 1024);
	write_booking(a, &w, what, true);
	*out = (struct reply){ 200, NULL, jsonw_text(&w) };
}

static enum err
answer_booking(struct api *a, const struct uuid *id)
{
	struct booking b;
	enum err e;

	if ((e = booking_lookup(a->app->lookup, a->rq->ctx, id, &b)) != ERR_OK)
		return e;
	if (!principal_may_see(&a->who, b.user_id, b.event.seller))
		return ERR_FORBIDDEN;
	reply_send(a, render_booking, a, &b);
	return ERR_OK;
}

enum err
queue_booking_get(struct api *a)
{
	struct uuid id;
	enum err e = decode_booking_arg(a, a->arg[0], &id);

	return e == ERR_OK ? answer_booking(a, &id) : e;
}

/* The states that a name stands for in this face, as bits; 0: no such name. */
static unsigned
statuses_of(const char *name)
{
	unsigned set = 0;

	for (enum booking_status s = 0; s < BOOKING__MAX; s++) {
		if (strcmp(booking_state_in(FACE_QUEUE, s), name) == 0)
			set |= 1u << s;
	}
	return set;
}

enum err
queue_booking_list(struct api *a)
{
	const char *status = request_query(a->rq, "status");
	const bool sells = a->who.role == ROLE_SELLER;
	struct booking_page page = {
		.user_id = sells ? NULL : a->who.sub,
		.seller = sells ? a->who.sub : NULL,
		.page = (int32_t)decode_query_int(a, "page", 1, INT32_MAX, 1),
		.limit = (int32_t)decode_query_int(a, "limit", 1, LIST_MOST, LIST_MOST),
	};
	struct jsonw w;
	enum err e;

	if (status != NULL && *status != '\0' && (page.statuses = statuses_of(status)) == 0)
		decode_fault(a, "status", "is not a booking status");
	if ((e = decode_done(a)) != ERR_OK ||
	    (e = booking_list(a->app->pool, a->rq->ctx, &page)) != ERR_OK)
		return e;
	jsonw_init(&w, a->rq->ctx, 4096);
	jsonw_open(&w, NULL, '[');
	for (size_t i = 0; i < page.n; i++)
		write_booking(a, &w, &page.bookings[i], false);
	jsonw_close(&w, ']');
	response_json(a->rs, 200, &w);
	return ERR_OK;
}

/* What stands in the way of cancelling; NULL: nothing that has a text of its own. */
static const char *
why_not_cancelled(enum booking_status found)
{
	switch (found) {
	case BOOKING_CONFIRMED:
		return "Cannot cancel a completed booking";
	case BOOKING_FAILED:
		return "Cannot cancel failed booking";
	case BOOKING_CANCELLED:
	case BOOKING_EXPIRED:
	case BOOKING_REFUNDED:
		return "Booking already in terminal state";
	default:
		return NULL;
	}
}

enum err
queue_booking_cancel(struct api *a)
{
	const struct actor who = { a->who.sub, principal_is_staff(a), a->rq->id };
	enum booking_status found;
	struct uuid id;
	enum err e;

	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK)
		return e;
	e = booking_cancel(a->app->pool, a->rq->ctx, &id, &who, a->app->policy, CANCEL_UNPAID,
	                   &found);
	if (e == ERR_OK)
		return answer_booking(a, &id);
	if (e == ERR_FORBIDDEN)
		a->message = "Only the buyer can cancel this booking";
	else if (e == ERR_INVALID_STATE || e == ERR_BOOKING_EXPIRED)
		a->message = why_not_cancelled(e == ERR_BOOKING_EXPIRED ? BOOKING_EXPIRED : found);
	return e;
}

enum err
queue_booking_pay(struct api *a)
{
	const struct actor who = { a->who.sub, principal_is_staff(a), a->rq->id };
	enum booking_status found;
	struct uuid id;
	enum err e;

	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK)
		return e;
	e = booking_pay(a->app->pool, a->rq->ctx, &id, &who, a->app->immediate,
	                reply_prepare(a, render_booking, a), &found);
	if (e == ERR_OK)
		return reply_send_stored(a) ? ERR_OK : answer_booking(a, &id);
	if (e == ERR_FORBIDDEN)
		a->message = "Only the buyer can pay for this booking";
	else if (e == ERR_INVALID_STATE || e == ERR_BOOKING_EXPIRED)
		a->message = talloc_asprintf(a->rq->ctx, "Cannot pay booking in %s state",
		                             booking_state_in(FACE_QUEUE, e == ERR_BOOKING_EXPIRED
		                                                              ? BOOKING_EXPIRED
		                                                              : found));
	return e;
}
