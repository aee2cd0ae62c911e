#include <string.h>

#include "api/request/decode.h"
#include "api/handlers.h"
#include "api/v1/bookings.h"
#include "base/money.h"
#include "core/booking/booking.h"
#include "core/booking/booking_history.h"
#include "core/booking/booking_lookup.h"
#include "core/plan/plan.h"

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
		v1_label(w, "number", seats[i].label);
		jsonw_str(w, "tier", seats[i].tier);
		jsonw_raw(w, "price", money_text(seats[i].price_minor, currency, price));
		jsonw_close(w, '}');
	}
	jsonw_close(w, ']');
}

/* The members that a booking has in every answer. */
static void
write_core(struct jsonw *w, const struct booking *b)
{
	const struct uuid event = uuid_of_seat(b->key.event_id, 0);
	char total[MONEY_TEXT];

	jsonw_uuid(w, "bookingId", &b->key.id);
	jsonw_int(w, "number", b->number);
	jsonw_uuid(w, "eventId", &event);
	jsonw_str(w, "status", booking_status_in(FACE_V1, b->status));
	jsonw_raw(w, "totalAmount", money_text(b->total_minor, b->currency, total));
	jsonw_str(w, "currency", b->currency);
	jsonw_time(w, "expiresAt", b->expires_us);
	jsonw_time(w, "createdAt", b->created_us);
	write_seats(w, b->key.event_id, b->seats, b->status == BOOKING_REQUESTED ? 0 : b->n_seats,
	            b->currency);
}

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
	v1_write_payments(w, b->payments, b->n_payments);
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

/* {"unavailableSeatIds":[…]}, or unknownSeatIds */
static const char *
refused_seats(TALLOC_CTX *ctx, const struct seat_request *ask, const struct answer *answer)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 64 + 40 * answer->n_refused);
	jsonw_open(&w, NULL, '{');
	jsonw_open(&w, answer->err == ERR_SEAT_NOT_FOUND ? "unknownSeatIds" : "unavailableSeatIds",
	           '[');
	for (size_t i = 0; i < answer->n_refused; i++) {
		const struct uuid id = uuid_of_seat(ask->event_id, answer->refused[i]);

		jsonw_uuid(&w, NULL, &id);
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

void
v1_name_refused(struct api *a, const struct seat_request *ask, const struct answer *answer)
{
	if (answer->n_refused > 0)
		a->details = refused_seats(a->rq->ctx, ask, answer);
}

/* What the answer to an unsuccessful request for a booking says beside its code. */
static void
explain(struct api *a, const struct seat_request *ask, const struct answer *answer)
{
	v1_name_refused(a, ask, answer);
	if (answer->err == ERR_VALIDATION_ERROR)
		decode_fault(a, ask->best ? "quantity" : "seatIds",
		             talloc_asprintf(a->rq->ctx, "at most %d seats a booking",
		                             answer->limit));
}

enum err
v1_choose_user(struct api *a, struct seat_request *ask)
{
	const char *named = decode_text(a, "userId", OPTIONAL, 1, SUB_MAX_BYTES);

	ask->user_id = a->who.sub;
	ask->user_name = a->who.name;
	if (named == NULL || strcmp(named, a->who.sub) == 0)
		return ERR_OK;
	if (!api_is_staff(a))
		return ERR_FORBIDDEN;
	ask->user_id = named;
	ask->user_name = NULL;
	return ERR_OK;
}

/* The seats by name, and perhaps how many. */
static enum err
decode_named(struct api *a, struct seat_request *ask)
{
	enum err e = decode_seats(a, "seatIds", ask->event_id, (size_t)a->app->policy.max_seats,
	                          ask->seats, &ask->n_seats);

	ask->quantity = (int32_t)decode_int(a, "quantity", OPTIONAL, 1, POLICY_SEATS_MOST,
	                                    (int64_t)ask->n_seats);
	if (e == ERR_OK && (size_t)ask->quantity != ask->n_seats)
		decode_fault(a, "quantity", "must match the number of selected seats");
	return e;
}

/* What the system is to choose from. The house is pinned then. */
static enum err
decode_wish(struct api *a, struct seat_request *ask)
{
	struct wish wish = {
		.quantity = (int32_t)decode_int(a, "quantity", REQUIRED, 1,
		                                a->app->policy.max_seats, 0),
		.section = decode_text(a, "section", OPTIONAL, 1, PLAN_MAX_LABEL),
		.subsection = (int32_t)decode_int(a, "subsection", OPTIONAL, 1, INT32_MAX, 0),
		.tier = decode_text(a, "tier", OPTIONAL, 1, PLAN_MAX_LABEL),
		.accessible = decode_bool(a, "accessible", OPTIONAL, false),
	};
	const char *field = NULL;
	enum err e;

	if (decode_any(a->body, "quantity") == NULL)
		decode_fault(a, "seatIds", "is required, or quantity for the best available seats");
	ask->best = true;
	ask->quantity = wish.quantity;
	if ((e = decode_done(a)) != ERR_OK ||
	    (e = inventory_open(a->app->houses, ask->event_id, &ask->inventory)) != ERR_OK)
		return e;
	e = inventory_resolve(ask->inventory, a->rq->ctx, &wish, &ask->party, &ask->only_section,
	                      &field);
	if (e == ERR_VALIDATION_ERROR)
		decode_fault(a, field, "is none of this event");
	return e;
}

static enum err
decode_ask(struct api *a, struct seat_request *ask)
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
	ask->ctx = a->rq->ctx;
	ask->correlation_id = a->rq->id;
	ask->event_id = decode_event(a, "eventId");
	if (ask->event_id == -1)
		return ERR_EVENT_NOT_FOUND;
	if ((e = v1_choose_user(a, ask)) != ERR_OK)
		return e;
	if ((e = named ? decode_named(a, ask) : decode_wish(a, ask)) == ERR_OK)
		e = decode_done(a);
	if (e == ERR_OK)
		ask->id = uuid_of_event(ask->event_id);
	return e;
}

/* The booking as it was made; arg: struct v1_asked, what: struct answer. */
static void
render_created(void *arg, const void *what, struct reply *out)
{
	const struct v1_asked *asked = arg;
	const struct seat_request *ask = &asked->ask;
	const struct answer *answer = what;
	const struct booking b = { .key = { ask->event_id, ask->id },
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

	v1_open(asked->a, &w, 1024);
	jsonw_open(&w, "data", '{');
	write_core(&w, &b);
	jsonw_close(&w, '}');
	*out = api_reply(&w, 201,
	                 talloc_asprintf(ask->ctx, "/api/v1/bookings/%s", uuid_text(&ask->id, id)));
}

enum err
v1_booking_create(struct api *a)
{
	struct v1_asked asked = { a, { .kind = REQUEST_BOOK } };
	struct answer answer;
	enum err e;

	if ((e = decode_ask(a, &asked.ask)) == ERR_OK) {
		asked.ask.idempotent = api_keyed(a, render_created, &asked);
		e = clerk_book(a->app->clerk, &asked.ask, &answer);
		if (e == ERR_OK) {
			uuid_text(&asked.ask.id, a->booking);
			api_answer(a, render_created, &asked, &answer);
		} else {
			explain(a, &asked.ask, &answer);
		}
	}
	inventory_close(asked.ask.inventory);
	return e;
}

static enum err
answer_booking(struct api *a, const struct uuid *id)
{
	struct booking b;
	struct jsonw w;
	enum err e;

	if ((e = booking_lookup(a->app->lookup, a->rq->ctx, id, &b)) != ERR_OK)
		return e;
	if (!api_may_see(&a->who, b.user_id, b.event.seller))
		return ERR_FORBIDDEN;
	v1_open(a, &w, 1024);
	write_booking(&w, "data", &b);
	v1_close(a, &w, 200);
	return ERR_OK;
}

enum err
v1_booking_get(struct api *a)
{
	struct uuid id;
	enum err e = decode_booking_arg(a, a->arg[0], &id);

	return e == ERR_OK ? answer_booking(a, &id) : e;
}

static enum err
cancel(struct api *a, enum cancel_scope scope)
{
	const struct actor who = { a->who.sub, api_is_staff(a), a->rq->id };
	struct uuid id;
	enum err e;

	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK)
		return e;
	e = booking_cancel(a->app->pool, a->rq->ctx, &id, &who, &a->app->policy, scope, NULL);
	return e == ERR_OK ? answer_booking(a, &id) : e;
}

enum err
v1_booking_cancel(struct api *a)
{
	return cancel(a, CANCEL_ANY);
}

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

	v1_open(arg, &w, 1024);
	write_booking(&w, "data", &changed->booking);
	*out = api_reply(&w, 200, NULL);
}

enum err
v1_booking_extend(struct api *a)
{
	static const char *const fields[] = { "minutes", NULL };
	const struct actor who = { a->who.sub, api_is_staff(a), a->rq->id };
	int32_t minutes;
	struct uuid id;
	enum err e;

	decode_known(a, fields);
	minutes = (int32_t)decode_int(a, "minutes", REQUIRED, 1, EXTENSION_MOST_MIN, 0);
	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK || (e = decode_done(a)) != ERR_OK)
		return e;
	e = booking_extend(a->app->pool, a->rq->ctx, &id, &who, &a->app->policy, minutes,
	                   api_keyed(a, render_changed, a));
	if (e != ERR_OK)
		return e;
	if (a->keyed == NULL || !a->keyed->stored)
		return answer_booking(a, &id);
	api_answer(a, render_changed, a, NULL); /* which is rendered already */
	return ERR_OK;
}

/* The state that ?status= names, in the spelling of /api/v1, as a set; 0: any. */
static unsigned
query_statuses(struct api *a)
{
	const char *text = request_query(a->rq, "status");
	enum booking_status s = 0;

	if (text == NULL || *text == '\0')
		return 0;
	while (s < BOOKING__MAX && strcmp(booking_status_in(FACE_V1, s), text) != 0)
		s++;
	if (s == BOOKING__MAX)
		decode_fault(a, "status", "is not a booking status");
	return 1u << s;
}

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

enum err
v1_booking_list_own(struct api *a)
{
	return list_of(a, a->who.sub);
}

enum err
v1_booking_list_user(struct api *a)
{
	if (!api_is_staff(a) && strcmp(a->arg[0], a->who.sub) != 0)
		return ERR_FORBIDDEN;
	return list_of(a, a->arg[0]);
}

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
	if (!api_may_see(&a->who, history.user_id, history.seller))
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
