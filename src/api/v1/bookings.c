/* Bookings in /api/v1: making one, reading, cancelling, extending, lists and the history. */

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/face.h"
#include "api/request/principal.h"
#include "api/request/reply.h"
#include "api/v1/envelope.h"
#include "api/v1/payments.h"
#include "api/v1/seat_request.h"
#include "base/money.h"
#include "core/booking/booking.h"
#include "core/booking/booking_change.h"
#include "core/booking/booking_history.h"
#include "core/booking/booking_lookup.h"
#include "core/plan/plan.h"
#include "core/reserve/clerk.h"

/* Writes "seats": [{seatId, section, subsection, row, number, tier, price}]. */
static void
write_seats(struct jsonw *w, int32_t event_id, const struct booked_seat *seats, size_t n,
            const char *currency)
{
	char price[MONEY_TEXT];

	jsonw_open(w, "seats", '[');
	for (size_t i = 0; i < n; i++) {
		const struct uuid id = uuid_of_seat(event_id, seats[i].no);

		jsonw_open(w, NULL, '{');
		jsonw_uuid(w, "seatId", &id);
		jsonw_str(w, "section", seats[i].section);
		jsonw_int(w, "subsection", seats[i].subsection);
		jsonw_str(w, "row", seats[i].row);
		face_label(w, "number", seats[i].label);
		jsonw_str(w, "tier", seats[i].tier);
		jsonw_raw(w, "price", money_text(seats[i].price_minor, currency, price));
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

/*
 * Writes the members that a booking has in every answer, also in that of its making. One that is
 * only requested has no seats yet: those it names are wishes.
 */
static void
write_core(struct jsonw *w, const struct booking *b)
{
	const struct uuid event = uuid_of_seat(b->key.event_id, 0);
	char total[MONEY_TEXT];

	jsonw_uuid(w, "bookingId", &b->key.id);
	jsonw_int(w, "number", b->number);
	jsonw_uuid(w, "eventId", &event);
	jsonw_str(w, "status", booking_state_in(FACE_V1, b->status));
	jsonw_raw(w, "totalAmount", money_text(b->total_minor, b->currency, total));
	jsonw_str(w, "currency", b->currency);
	jsonw_time(w, "expiresAt", b->expires_us);
	jsonw_time(w, "createdAt", b->created_us);
	write_seats(w, b->key.event_id, b->seats, b->status == BOOKING_REQUESTED ? 0 : b->n_seats,
	            b->currency);
}

/*
 * Writes a booking with its payments and what there is to know of its event. name: NULL in an array
 */
static void
write_booking(struct jsonw *w, const char *name, const struct booking *b)
{
	const struct uuid event = uuid_of_seat(b->key.event_id, 0);

	jsonw_open(w, name, '{');
	write_core(w, b);
	jsonw_str(w, "userId", b->user_id);
	jsonw_time(w, "updatedAt", b->updated_us);
	jsonw_time(w, "paidAt", b->paid_us);
	jsonw_str(w, "ticketReference", b->ticket_ref);
	v1_payments_write(w, b->payments, b->n_payments);
	jsonw_str(w, "cancelReason", b->cancel_reason);
	jsonw_open(w, "event", '{');
	jsonw_uuid(w, "eventId", &event);
	jsonw_int(w, "number", b->key.event_id);
	jsonw_str(w, "title", b->event.title);
	jsonw_str(w, "venueName", b->event.venue_name);
	jsonw_time(w, "startsAt", b->event.starts_us);
	jsonw_str(w, "timezone", b->event.timezone);
	jsonw_str(w, "status", event_status_name(b->event.status));
	jsonw_close(w, '}');
	jsonw_close(w, '}');
}

/*
 * What the answer to a request without success says beside its code: the seats that were refused,
 * or the limit of the event, which may be below that of the settings.
 */
static void
explain(struct api *a, const struct seat_request *request, const struct answer *answer)
{
	v1_seat_request_refused(a, request, answer);
	if (answer->err == ERR_VALIDATION_ERROR)
		decode_fault(a, request->best ? "quantity" : "seatIds",
		             talloc_asprintf(a->rq->ctx, "at most %d seats a booking",
		                             answer->limit));
}

/* Decodes the seats by name. A quantity is not needed, but has to agree. */
static enum err
decode_named(struct api *a, struct seat_request *request)
{
	enum err e = decode_seats(a, "seatIds", request->event_id,
	                          (size_t)a->app->policy->max_seats, request->seats,
	                          &request->n_seats);

	assert(a->app->policy->max_seats <= POLICY_SEATS_MOST); /* the room in request->seats */
	request->quantity = (int32_t)decode_int(a, "quantity", OPTIONAL, 1, POLICY_SEATS_MOST,
	                                        (int64_t)request->n_seats);
	if (e == ERR_OK && (size_t)request->quantity != request->n_seats)
		decode_fault(a, "quantity", "must match the number of selected seats");
	return e;
}

/*
 * Decodes what the system is to choose from. Opens the inventory of the event, which stays
 * pinned in request->inventory, also on an error, until inventory_close.
 */
static enum err
decode_wish(struct api *a, struct seat_request *request)
{
	struct wish wish = {
		.quantity = (int32_t)decode_int(a, "quantity", REQUIRED, 1,
		                                a->app->policy->max_seats, 0),
		.section = decode_text(a, "section", OPTIONAL, 1, PLAN_MAX_LABEL),
		.subsection = (int32_t)decode_int(a, "subsection", OPTIONAL, 1, INT32_MAX, 0),
		.tier = decode_text(a, "tier", OPTIONAL, 1, PLAN_MAX_LABEL),
		.accessible = decode_bool(a, "accessible", OPTIONAL, false),
	};
	const char *field = NULL;
	enum err e;

	if (decode_any(a->body, "quantity") == NULL)
		decode_fault(a, "seatIds", "is required, or quantity for the best available seats");
	request->best = true;
	request->quantity = wish.quantity;
	if ((e = decode_done(a)) != ERR_OK ||
	    (e = inventory_open(a->app->inventories, request->event_id, &request->inventory)) !=
	        ERR_OK)
		return e;
	e = inventory_resolve(request->inventory, a->rq->ctx, &wish, &request->party,
	                      &request->only_section, &field);
	if (e == ERR_VALIDATION_ERROR)
		decode_fault(a, field, "is none of this event");
	return e;
}

/*
 * Decodes the body. Named seats or wishes: a body that has both is refused, for it is not clear
 * what it asks for. The id is made here, before anything is sent, so that a booking whose COMMIT
 * was not answered can be looked up.
 */
static enum err
decode_request(struct api *a, struct seat_request *request)
{
	static const char *const fields[] = { "eventId",  "seatIds",    "userId",
		                              "quantity", "section",    "subsection",
		                              "tier",     "accessible", NULL };
	static const char *const wishes[] = { "section", "subsection", "tier", "accessible", NULL };
	const bool named = decode_any(a->body, "seatIds") != NULL;
	enum err e;

	decode_known(a, fields);
	for (int i = 0; named && wishes[i] != NULL; i++) {
		if (decode_any(a->body, wishes[i]) != NULL)
			decode_fault(a, wishes[i], "cannot be combined with seatIds");
	}
	if ((e = v1_seat_request_begin(a, request)) != ERR_OK)
		return e;
	if ((e = named ? decode_named(a, request) : decode_wish(a, request)) == ERR_OK)
		e = decode_done(a);
	if (e == ERR_OK)
		request->id = uuid_of_event(request->event_id);
	return e;
}

/*
 * The booking as it was made; arg: struct v1_seat_request, what: struct answer. It is rendered of
 * what was sent and what the clerk found, without reading the booking back.
 */
static void
render_created(void *arg, const void *what, struct reply *out)
{
	const struct v1_seat_request *input = arg;
	const struct seat_request *request = &input->request;
	const struct answer *answer = what;
	const struct booking b = { .key = { request->event_id, request->id },
		                   .number = answer->number,
		                   .status = BOOKING_PENDING,
		                   .total_minor = answer->total_minor,
		                   .currency = answer->currency,
		                   .expires_us = answer->expires_us,
		                   .created_us = answer->created_us,
		                   .seats = answer->seats,
		                   .n_seats = answer->n_seats };
	char id[UUID_TEXT];
	struct jsonw w;

	assert(answer->err == ERR_OK && answer->n_seats == request->n_seats);
	v1_open(input->a, &w, 1024);
	jsonw_open(&w, "data", '{');
	write_core(&w, &b);
	jsonw_close(&w, '}');
	*out = reply_close(&w, 201,
	                   talloc_asprintf(request->ctx, "/api/v1/bookings/%s",
	                                   uuid_text(&request->id, id)));
}

/* POST /api/v1/bookings: seats by name, or the best available ones. */
enum err
v1_booking_create(struct api *a)
{
	struct v1_seat_request input = { a, { .kind = REQUEST_BOOK } };
	struct answer answer;
	enum err e;

	assert(a->body != NULL && a->who.sub != NULL);
	if ((e = decode_request(a, &input.request)) == ERR_OK) {
		input.request.idempotent = reply_prepare(a, render_created, &input);
		e = clerk_book(a->app->clerk, &input.request, &answer);
		if (e == ERR_OK) {
			uuid_text(&input.request.id, a->booking);
			reply_send(a, render_created, &input, &answer);
		} else {
			explain(a, &input.request, &answer);
		}
	}
	inventory_close(input.request.inventory);
	return e;
}

/* Answers with the booking as it reads now, to those who may see it. */
static enum err
answer_booking(struct api *a, const struct uuid *id)
{
	struct booking b;
	struct jsonw w;
	enum err e;

	if ((e = booking_lookup(a->app->lookup, a->rq->ctx, id, &b)) != ERR_OK)
		return e;
	if (!principal_may_see(&a->who, b.user_id, b.event.seller))
		return ERR_FORBIDDEN;
	v1_open(a, &w, 1024);
	write_booking(&w, "data", &b);
	v1_close(a, &w, 200);
	return ERR_OK;
}

/* GET /api/v1/bookings/{id} */
enum err
v1_booking_get(struct api *a)
{
	struct uuid id;
	enum err e = decode_booking_arg(a, a->arg[0], &id);

	return e == ERR_OK ? answer_booking(a, &id) : e;
}

/* Cancels, and answers with the booking as it is then. */
static enum err
cancel(struct api *a, enum cancel_scope scope)
{
	const struct actor who = { a->who.sub, principal_is_staff(a), a->rq->id };
	struct uuid id;
	enum err e;

	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK)
		return e;
	e = booking_cancel(a->app->pool, a->rq->ctx, &id, &who, a->app->policy, scope, NULL);
	return e == ERR_OK ? answer_booking(a, &id) : e;
}

/* DELETE /api/v1/bookings/{id}: also a paid one, with a refund by tier. */
enum err
v1_booking_cancel(struct api *a)
{
	return cancel(a, CANCEL_ANY);
}

/*
 * PATCH /api/v1/bookings/{id}/cancel: one that is paid is refused, so that no ticket is given
 * back by mistake.
 */
enum err
v1_booking_cancel_unpaid(struct api *a)
{
	return cancel(a, CANCEL_UNPAID);
}

/* A booking as it was changed; arg: struct api, what: struct changed. */
static void
render_changed(void *arg, const void *what, struct reply *out)
{
	const struct changed *changed = what;
	struct jsonw w;

	assert(changed->booking.user_id != NULL);
	v1_open(arg, &w, 1024);
	write_booking(&w, "data", &changed->booking);
	*out = reply_close(&w, 200, NULL);
}

/*
 * POST /api/v1/bookings/{id}/extend {"minutes"}. Without a key nothing was stored, and the
 * booking is read anew.
 */
enum err
v1_booking_extend(struct api *a)
{
	static const char *const fields[] = { "minutes", NULL };
	const struct actor who = { a->who.sub, principal_is_staff(a), a->rq->id };
	int32_t minutes;
	struct uuid id;
	enum err e;

	decode_known(a, fields);
	minutes = (int32_t)decode_int(a, "minutes", REQUIRED, 1, EXTENSION_MOST_MIN, 0);
	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK || (e = decode_done(a)) != ERR_OK)
		return e;
	e = booking_extend(a->app->pool, a->rq->ctx, &id, &who, a->app->policy, minutes,
	                   reply_prepare(a, render_changed, a));
	if (e != ERR_OK)
		return e;
	return reply_send_stored(a) ? ERR_OK : answer_booking(a, &id);
}

/* The state that ?status= names, in the spelling of /api/v1, as a set of bits; 0: any. */
static unsigned
query_statuses(struct api *a)
{
	_Static_assert(BOOKING__MAX < 32, "a set of states fits an unsigned");
	const char *text = request_query(a->rq, "status");
	enum booking_status s = 0;

	if (text == NULL || *text == '\0')
		return 0;
	while (s < BOOKING__MAX && strcmp(booking_state_in(FACE_V1, s), text) != 0)
		s++;
	if (s == BOOKING__MAX)
		decode_fault(a, "status", "is not a booking status");
	return 1u << s;
}

/*
 * Answers with a page of a user's bookings, newest first. `after` stays quick where a high `page`
 * has to count past all the bookings before it.
 */
static enum err
list_of(struct api *a, const char *user_id)
{
	const char *after = request_query(a->rq, "after");
	struct booking_page page = {
		.user_id = user_id,
		.statuses = query_statuses(a),
		.page = (int32_t)decode_query_int(a, "page", 1, INT32_MAX, 1),
		.limit = (int32_t)decode_query_int(a, "limit", 1, 100, 20),
	};
	struct uuid after_id;
	struct jsonw w;
	enum err e;

	assert(user_id != NULL);
	if (after != NULL && !uuid_parse(after, &after_id))
		decode_fault(a, "after", "must be the id of a booking");
	page.after = after == NULL ? NULL : &after_id;
	if ((e = decode_done(a)) != ERR_OK ||
	    (e = booking_list(a->app->pool, a->rq->ctx, &page)) != ERR_OK)
		return e;
	v1_list_open(a, &w);
	for (size_t i = 0; i < page.n; i++)
		write_booking(&w, NULL, &page.bookings[i]);
	v1_list_close(a, &w, page.page, page.limit, page.total);
	return ERR_OK;
}

/* GET /api/v1/bookings/my */
enum err
v1_booking_list_own(struct api *a)
{
	return list_of(a, a->who.sub);
}

/* GET /api/v1/bookings/user/{id}: the caller's own, or for staff any user's. */
enum err
v1_booking_list_user(struct api *a)
{
	if (!principal_is_staff(a) && strcmp(a->arg[0], a->who.sub) != 0)
		return ERR_FORBIDDEN;
	return list_of(a, a->arg[0]);
}

/* GET /api/v1/bookings/{id}/history: the rows of the journal that are about it, oldest first. */
enum err
v1_booking_history(struct api *a)
{
	struct history history;
	struct uuid id;
	struct jsonw w;
	enum err e;

	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK ||
	    (e = booking_history_read(a->app->pool, a->rq->ctx, &id, &history)) != ERR_OK)
		return e;
	if (!principal_may_see(&a->who, history.user_id, history.seller))
		return ERR_FORBIDDEN;
	v1_open(a, &w, 1024);
	jsonw_open(&w, "data", '{');
	jsonw_open(&w, "items", '[');
	for (size_t i = 0; i < history.n; i++) {
		jsonw_open(&w, NULL, '{');
		jsonw_int(&w, "seq", history.rows[i].seq);
		jsonw_str(&w, "type", history.rows[i].type);
		jsonw_time(&w, "at", history.rows[i].at_us);
		jsonw_str(&w, "correlationId", history.rows[i].correlation_id);
		jsonw_raw(&w, "payload", history.rows[i].payload);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	v1_close(a, &w, 200);
	return ERR_OK;
}
