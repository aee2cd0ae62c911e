/* Holds in /api/v1: seats kept for a while before they are booked. */

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/principal.h"
#include "api/request/reply.h"
#include "api/v1/envelope.h"
#include "api/v1/seat_request.h"
#include "core/reserve/clerk.h"
#include "core/reserve/hold.h"

/* Decodes the body. Seats by id only; the system chooses none for a hold. */
static enum err
decode_request(struct api *a, struct seat_request *request)
{
	static const char *const fields[] = { "eventId", "seatIds", "userId", NULL };
	_Static_assert(HOLD_MOST <= POLICY_SEATS_MOST, "the seats of a hold fit a request");
	enum err e;

	decode_known(a, fields);
	if ((e = v1_seat_request_begin(a, request)) != ERR_OK)
		return e;
	e = decode_seats(a, "seatIds", request->event_id, HOLD_MOST, request->seats,
	                 &request->n_seats);
	return e == ERR_OK ? decode_done(a) : e;
}

/* The seats as they are held; arg: struct v1_seat_request, what: struct answer. */
static void
render_held(void *arg, const void *what, struct reply *out)
{
	const struct v1_seat_request *input = arg;
	const struct seat_request *request = &input->request;
	const struct answer *answer = what;
	struct jsonw w;

	assert(answer->err == ERR_OK && answer->expires_us >= 0);
	v1_open(input->a, &w, 1024);
	jsonw_open(&w, "holds", '[');
	for (size_t i = 0; i < request->n_seats; i++) {
		const struct uuid id = uuid_of_seat(request->event_id, request->seats[i]);

		jsonw_open(&w, NULL, '{');
		jsonw_uuid(&w, "seatId", &id);
		jsonw_time(&w, "expiresAt", answer->expires_us);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
	jsonw_time(&w, "expiresAt", answer->expires_us);
	*out = reply_close(&w, 200, NULL);
}

/*
 * POST /api/v1/bookings/hold-seats: all of the seats or none. Holding them again renews the holds.
 */
enum err
v1_hold_create(struct api *a)
{
	struct v1_seat_request input = { a, { .kind = REQUEST_HOLD } };
	struct answer answer;
	enum err e;

	assert(a->body != NULL && a->who.sub != NULL);
	if ((e = decode_request(a, &input.request)) != ERR_OK)
		return e;
	input.request.idempotent = reply_prepare(a, render_held, &input);
	e = clerk_book(a->app->clerk, &input.request, &answer);
	if (e == ERR_OK)
		reply_send(a, render_held, &input, &answer);
	else
		v1_seat_request_refused(a, &input.request, &answer);
	if (e == ERR_VALIDATION_ERROR)
		decode_fault(a, "seatIds",
		             talloc_asprintf(a->rq->ctx,
		                             "at most %d seats of an event may be held at a time, "
		                             "with those that are held already",
		                             answer.limit));
	return e;
}

/*
 * DELETE /api/v1/bookings/holds/{user}?eventId=: all holds of a user, or those of one event. The
 * answer names every seat that is free again.
 */
enum err
v1_hold_release(struct api *a)
{
	const int32_t event = decode_query_event(a, "eventId");
	struct released released;
	size_t n = 0;
	struct jsonw w;
	enum err e;

	if (!principal_is_staff(a) && strcmp(a->arg[0], a->who.sub) != 0)
		return ERR_FORBIDDEN;
	if ((e = decode_done(a)) != ERR_OK ||
	    (e = hold_release(a->app->pool, a->rq->ctx, a->arg[0], event, a->rq->id, &released)) !=
	        ERR_OK)
		return e;
	for (size_t i = 0; i < released.n; i++)
		n += released.holdings[i].n;
	v1_open(a, &w, 256);
	jsonw_int(&w, "released", (int64_t)n);
	jsonw_open(&w, "seatIds", '[');
	for (size_t i = 0; i < released.n; i++) {
		const struct hold_rows *h = &released.holdings[i];

		for (size_t k = 0; k < h->n; k++) {
			const struct uuid id = uuid_of_seat(h->event_id, h->seats[k].no);

			jsonw_uuid(&w, NULL, &id);
		}
	}
	jsonw_close(&w, ']');
	v1_close(a, &w, 200);
	return ERR_OK;
}
