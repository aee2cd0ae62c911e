/*
 * /api/booking: bookings that are accepted now, get their seats later, and are told of by SSE
 * (rowlock-api(8)).
 */

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/queue/seat_request.h"
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

#define LIST_MOST 1000 /* bookings of a list: a page is as long where none is asked for */

/* Writes an amount in major units, without decimals when it is whole. */
static void
write_amount(struct jsonw *w, const char *name, int64_t minor, const char *currency)
{
	char text[MONEY_TEXT];

	jsonw_raw(w, name, money_plain(minor, currency, text));
}

/*
 * Writes "section" and "subsection": what was asked for, or of a booking from another face, where
 * its seats are.
 */
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

/* Writes "seat_positions": the seats as the buyer spelled them, else as printed. */
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

/* Writes the members that a booking has in every answer. */
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

/* Writes "seats"; none while the booking is requested, for it only asks for some then. */
static void
write_seats(struct jsonw *w, const struct booking *b)
{
	const size_t n = b->status == BOOKING_REQUESTED ? 0 : b->n_seats;

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

/*
 * Writes a booking. whole: with what only the answer about one booking has, not each item of a list
 */
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

/* --- making --- */

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

	assert(answer->err == ERR_OK);
	jsonw_init(&w, request->ctx, 512);
	jsonw_open(&w, NULL, '{');
	write_core(input->a, &w, &b);
	*out = reply_close(&w, 202, NULL);
}

/* POST /api/booking: 202, the booking is written as requested; rowlockd reserve gives it seats. */
enum err
queue_booking_create(struct api *a)
{
	struct queue_request input = { a, { .kind = REQUEST_ACCEPT, .queued = true } };
	struct answer answer;
	enum err e;

	assert(a->body != NULL && a->who.sub != NULL);
	if ((e = queue_seat_request_decode(a, &input.request)) == ERR_OK) {
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

_Static_assert(offsetof(struct changed, booking) == 0, "what changed is read as the booking");

/*
 * A booking, whole; arg: struct api, what: struct booking, or struct changed, which begins with
 * one.
 */
static void
render_booking(void *arg, const void *what, struct reply *out)
{
	struct api *a = arg;
	struct jsonw w;

	assert(what != NULL);
	jsonw_init(&w, a->rq->ctx, 1024);
	write_booking(a, &w, what, true);
	*out = (struct reply){ 200, NULL, jsonw_text(&w) };
}

/* Answers with the booking as it reads now, to those who may see it. */
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

/* GET /api/booking/{id} */
enum err
queue_booking_get(struct api *a)
{
	struct uuid id;
	enum err e = decode_booking_arg(a, a->arg[0], &id);

	return e == ERR_OK ? answer_booking(a, &id) : e;
}

/*
 * The states that a name stands for in this face, as bits; 0: there is no such name. Several states
 * may share one.
 */
static unsigned
statuses_of(const char *name)
{
	_Static_assert(BOOKING__MAX < 32, "a set of states fits an unsigned");
	unsigned set = 0;

	for (enum booking_status s = 0; s < BOOKING__MAX; s++) {
		if (strcmp(booking_state_in(FACE_QUEUE, s), name) == 0)
			set |= 1u << s;
	}
	return set;
}

/*
 * GET /api/booking/my_booking?status=: a buyer's own bookings; for a seller, those of the seller's
 * events.
 */
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

	assert(a->who.sub != NULL);
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

/* Why a booking in a state is not cancelled, in this face; NULL: the default text says it. */
static const char *const not_cancelled[BOOKING__MAX] = {
	[BOOKING_CONFIRMED] = "Cannot cancel a completed booking",
	[BOOKING_FAILED] = "Cannot cancel failed booking",
	[BOOKING_CANCELLED] = "Booking already in terminal state",
	[BOOKING_EXPIRED] = "Booking already in terminal state",
	[BOOKING_REFUNDED] = "Booking already in terminal state",
};

/* PATCH /api/booking/{id}: cancels one that is not paid. */
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
		a->message = not_cancelled[e == ERR_BOOKING_EXPIRED ? BOOKING_EXPIRED : found];
	return e;
}

/*
 * POST /api/booking/{id}/pay: there is no gateway in this face, the payment is confirmed at once.
 */
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
