/* Requests for seats in /api/v1: what booking and holding them have in common. */

#include "api/v1/seat_request.h"

#include <assert.h>

#include "api/request/decode.h"
#include "api/request/principal.h"

enum err
v1_seat_request_begin(struct api *a, struct seat_request *out)
{
	assert(a->who.sub != NULL && out->user_id == NULL);
	out->ctx = a->rq->ctx;
	out->correlation_id = a->rq->id;
	out->event_id = decode_event(a, "eventId");
	if (out->event_id == -1)
		return ERR_EVENT_NOT_FOUND;
	return principal_choose_user(a, decode_text(a, "userId", OPTIONAL, 1, SUB_MAX_BYTES),
	                             &out->user_id, &out->user_name);
}

/* {"unavailableSeatIds":[…]}, or {"unknownSeatIds":[…]} when the event has no such seats. */
static const char *
refused_seats(TALLOC_CTX *ctx, const struct seat_request *request, const struct answer *answer)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 64 + 40 * answer->n_refused);
	jsonw_open(&w, NULL, '{');
	jsonw_open(&w, answer->err == ERR_SEAT_NOT_FOUND ? "unknownSeatIds" : "unavailableSeatIds",
	           '[');
	for (size_t i = 0; i < answer->n_refused; i++) {
		const struct uuid id = uuid_of_seat(request->event_id, answer->refused[i]);

		jsonw_uuid(&w, NULL, &id);
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

void
v1_seat_request_refused(struct api *a, const struct seat_request *request,
                        const struct answer *answer)
{
	assert(answer->n_refused <= sizeof(answer->refused) / sizeof(answer->refused[0]));
	if (answer->n_refused > 0)
		a->details = refused_seats(a->rq->ctx, request, answer);
}
