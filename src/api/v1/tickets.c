/* Tickets in /api/v1: as JSON, SVG and PNG, and checking in at the door. */

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/face.h"
#include "api/request/principal.h"
#include "api/v1/envelope.h"
#include "core/booking/booking_lookup.h"
#include "core/ticket/ticket.h"
#include "core/ticket/ticket_sheet.h"

/* Writes the members of the seat that a ticket is for. */
static void
write_seat(struct jsonw *w, const struct booking *b, const struct booked_seat *s)
{
	const struct uuid id = uuid_of_seat(b->key.event_id, s->no);

	jsonw_uuid(w, "seatId", &id);
	jsonw_str(w, "section", s->section);
	jsonw_int(w, "subsection", s->subsection);
	jsonw_str(w, "row", s->row);
	face_label(w, "number", s->label);
	jsonw_str(w, "tier", s->tier);
}

/*
 * Leaves only the ticket of the seat that ?seat= names, if it names one. Errors: VALIDATION_ERROR
 * (noted), SEAT_NOT_FOUND (the booking has no such seat).
 */
static enum err
choose_seat(struct api *a, struct tickets *all)
{
	const int32_t no = (int32_t)decode_query_int(a, "seat", 1, INT32_MAX, 0);

	assert(all->n > 0);
	if (a->n_faults > 0)
		return ERR_VALIDATION_ERROR;
	for (size_t i = 0; no > 0 && i < all->n; i++) {
		if (all->tickets[i].seat->no != no)
			continue;
		all->tickets += i;
		all->n = 1;
		return ERR_OK;
	}
	return no > 0 ? ERR_SEAT_NOT_FOUND : ERR_OK;
}

/*
 * Finds the tickets that are asked for, for those who may see the booking; out->booking is on the
 * request's ctx.
 */
static enum err
find_tickets(struct api *a, struct tickets *out)
{
	struct booking *b = talloc_zero(a->rq->ctx, struct booking);
	struct uuid id;
	enum err e;

	if ((e = decode_booking_arg(a, a->arg[0], &id)) != ERR_OK ||
	    (e = booking_lookup(a->app->lookup, a->rq->ctx, &id, b)) != ERR_OK)
		return e;
	if (!principal_may_see(&a->who, b->user_id, b->event.seller))
		return ERR_FORBIDDEN;
	if ((e = ticket_read(a->app->pool, a->rq->ctx, b, out)) == ERR_INVALID_STATE)
		a->message = "Only a confirmed booking has tickets";
	return e == ERR_OK ? choose_seat(a, out) : e;
}

/*
 * Answers with a body of any type. It is not to be kept on the way: a ticket is for the buyer and
 * the seller alone.
 */
static enum err
answer(struct api *a, const char *type, const void *body, size_t n)
{
	assert(body != NULL);
	a->rs->status = 200;
	a->rs->content_type = type;
	a->rs->body = body;
	a->rs->body_len = n;
	response_header(a->rq, a->rs, "Cache-Control", "no-store");
	return ERR_OK;
}

/* GET /api/v1/bookings/{id}/ticket, and ticket.json */
enum err
v1_ticket_get(struct api *a)
{
	const struct booking *b;
	struct tickets all;
	struct uuid event;
	struct jsonw w;
	enum err e;

	if ((e = find_tickets(a, &all)) != ERR_OK)
		return e;
	b = all.booking;
	event = uuid_of_seat(b->key.event_id, 0);
	v1_open(a, &w, 1024);
	jsonw_open(&w, "data", '{');
	jsonw_uuid(&w, "bookingId", &b->key.id);
	jsonw_str(&w, "ticketReference", b->ticket_ref);
	jsonw_open(&w, "event", '{');
	jsonw_uuid(&w, "eventId", &event);
	jsonw_str(&w, "title", b->event.title);
	jsonw_str(&w, "venueName", b->event.venue_name);
	jsonw_time(&w, "startsAt", b->event.starts_us);
	jsonw_str(&w, "timezone", b->event.timezone);
	jsonw_close(&w, '}');
	jsonw_open(&w, "tickets", '[');
	for (size_t i = 0; i < all.n; i++) {
		jsonw_open(&w, NULL, '{');
		jsonw_str(&w, "reference", all.tickets[i].reference);
		write_seat(&w, b, all.tickets[i].seat);
		jsonw_time(&w, "checkedInAt", all.tickets[i].checked_in_us);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	v1_close(a, &w, 200);
	return answer(a, NULL, a->rs->body, a->rs->body_len);
}

/* The tickets that are asked for, as a sheet to be drawn, on the request's ctx. */
static enum err
find_sheet(struct api *a, struct ticket_sheet *out)
{
	struct ticket_sheet_place *tickets;
	struct tickets all;
	enum err e;

	if ((e = find_tickets(a, &all)) != ERR_OK)
		return e;
	assert(all.n > 0 && all.when != NULL);
	tickets = talloc_zero_array(a->rq->ctx, struct ticket_sheet_place, (unsigned)all.n);
	for (size_t i = 0; i < all.n; i++) {
		const struct ticket *t = &all.tickets[i];

		tickets[i] = (struct ticket_sheet_place){ .reference = t->reference,
			                                  .section = t->seat->section,
			                                  .row = t->seat->row,
			                                  .seat = t->seat->label,
			                                  .tier = t->seat->tier,
			                                  .place = t->place };
		qr_make(a->rq->ctx, t->reference, &tickets[i].code);
	}
	*out = (struct ticket_sheet){
		all.booking->event.title, all.booking->event.venue_name, all.when, tickets, all.n,
		all.booking->n_seats
	};
	return ERR_OK;
}

/* GET /api/v1/bookings/{id}/ticket.svg */
enum err
v1_ticket_svg(struct api *a)
{
	struct ticket_sheet sheet;
	const char *svg;
	enum err e;

	if ((e = find_sheet(a, &sheet)) != ERR_OK)
		return e;
	svg = ticket_sheet_svg(a->rq->ctx, &sheet);
	return answer(a, "image/svg+xml; charset=utf-8", svg, strlen(svg));
}

/* GET /api/v1/bookings/{id}/ticket.png */
enum err
v1_ticket_png(struct api *a)
{
	struct ticket_sheet sheet;
	unsigned char *png;
	size_t n;
	enum err e;

	if ((e = find_sheet(a, &sheet)) != ERR_OK ||
	    (e = ticket_sheet_png(a->rq->ctx, &sheet, &png, &n)) != ERR_OK)
		return e;
	return answer(a, "image/png", png, n);
}

/* Writes a ticket that has been checked in. */
static void
write_entry(struct jsonw *w, const struct booking *b, const struct ticket *t)
{
	jsonw_str(w, "reference", t->reference);
	jsonw_open(w, "seat", '{');
	write_seat(w, b, t->seat);
	jsonw_close(w, '}');
	jsonw_time(w, "checkedInAt", t->checked_in_us);
}

/* Answers with the ticket that was named, or with all of a booking when that was. */
static enum err
answer_checked_in(struct api *a, const struct check_in *in)
{
	const struct uuid event = uuid_of_seat(in->booking.key.event_id, 0);
	struct jsonw w;

	assert(in->n > 0);
	v1_open(a, &w, 512);
	jsonw_open(&w, "data", '{');
	jsonw_uuid(&w, "bookingId", &in->booking.key.id);
	jsonw_uuid(&w, "eventId", &event);
	if (!in->whole) {
		write_entry(&w, &in->booking, &in->tickets[0]);
	} else {
		jsonw_open(&w, "tickets", '[');
		for (size_t i = 0; i < in->n; i++) {
			jsonw_open(&w, NULL, '{');
			write_entry(&w, &in->booking, &in->tickets[i]);
			jsonw_close(&w, '}');
		}
		jsonw_close(&w, ']');
	}
	jsonw_close(&w, '}');
	v1_close(a, &w, 200);
	return ERR_OK;
}

/* {"checkedInAt"} of an earlier time: the earliest one, when a whole booking is asked for. */
static const char *
first_time(struct api *a, const struct check_in *in)
{
	int64_t first_us = in->tickets[0].checked_in_us;
	struct jsonw w;

	assert(in->n > 0);
	for (size_t i = 1; i < in->n; i++) {
		if (in->tickets[i].checked_in_us < first_us)
			first_us = in->tickets[i].checked_in_us;
	}
	jsonw_init(&w, a->rq->ctx, 64);
	jsonw_open(&w, NULL, '{');
	jsonw_time(&w, "checkedInAt", first_us);
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

/*
 * POST /api/v1/tickets/{ref}/check-in: the reference of a ticket, or of a booking for all its
 * tickets. Once: the second time is refused with the time of the first, for it may be a copy.
 */
enum err
v1_ticket_check_in(struct api *a)
{
	const struct actor who = { a->who.sub, principal_is_staff(a), a->rq->id };
	struct check_in in;
	enum err e = ticket_check_in(a->app->pool, a->rq->ctx, a->arg[0], &who, &in);

	if (e == ERR_OK)
		return answer_checked_in(a, &in);
	if (e == ERR_ALREADY_CHECKED_IN)
		a->details = first_time(a, &in);
	return e;
}
