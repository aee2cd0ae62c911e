/*
 * The text of server-sent events: what each face says about a booking that moved, and about seats.
 */

#include "api/stream/sse.h"

#include <assert.h>

#include "api/request/api.h"
#include "core/booking/booking_state.h"

/* One event with its id, from which a stream that was cut off goes on. */
static char *
event(TALLOC_CTX *ctx, const char *name, const struct cursor *id, struct jsonw *data)
{
	char text[CURSOR_TEXT];

	return talloc_asprintf(ctx, "id: %s\nevent: %s\ndata: %s\n\n", cursor_text(id, text), name,
	                       jsonw_text(data));
}

/* Writes the members of a change as /api/booking spells them. */
static void
write_queue(struct jsonw *w, const struct change *c)
{
	jsonw_str(w, "event_type", "status_update");
	jsonw_uuid(w, "booking_id", &c->booking_id);
	jsonw_int(w, "event_id", c->event_id);
	jsonw_str(w, "status", booking_state_in(FACE_QUEUE, c->status));
	if (c->positions != NULL)
		jsonw_raw(w, "seat_positions", c->positions);
	if (c->message != NULL)
		jsonw_str(w, "error_message", c->message);
}

/* Writes the members of a change as /api/v1 spells them. */
static void
write_v1(struct jsonw *w, const struct change *c)
{
	struct uuid id = uuid_of_seat(c->event_id, 0);

	jsonw_str(w, "eventType", "status_update");
	jsonw_uuid(w, "bookingId", &c->booking_id);
	jsonw_uuid(w, "eventId", &id);
	jsonw_str(w, "status", booking_state_in(FACE_V1, c->status));
	if (c->n_seats > 0) {
		jsonw_open(w, "seatIds", '[');
		for (size_t i = 0; i < c->n_seats; i++) {
			id = uuid_of_seat(c->event_id, c->seats[i]);
			jsonw_uuid(w, NULL, &id);
		}
		jsonw_close(w, ']');
	}
	if (c->message != NULL)
		jsonw_str(w, "errorMessage", c->message);
}

char *
sse_status(TALLOC_CTX *ctx, enum face face, const struct change *c)
{
	struct jsonw w;

	assert(face == FACE_QUEUE || face == FACE_V1);
	jsonw_init(&w, ctx, 512);
	jsonw_open(&w, NULL, '{');
	if (face == FACE_QUEUE)
		write_queue(&w, c);
	else
		write_v1(&w, c);
	jsonw_time(&w, "at", c->at_us);
	jsonw_close(&w, '}');
	return event(ctx, "status_update", &c->cursor, &w);
}

char *
sse_seats(TALLOC_CTX *ctx, const struct seats_news *news)
{
	struct jsonw w;

	assert(news->n == 0 || news->seats != NULL);
	jsonw_init(&w, ctx, 64 + news->n * 20);
	jsonw_open(&w, NULL, '{');
	jsonw_int(&w, "version", news->version);
	if (news->snapshot)
		jsonw_bool(&w, "snapshot", true);
	jsonw_open(&w, "changes", '[');
	for (size_t i = 0; i < news->n; i++) {
		jsonw_open(&w, NULL, '[');
		jsonw_int(&w, NULL, news->seats[i].no);
		jsonw_str(&w, NULL, change_seat_name(news->seats[i].status));
		jsonw_close(&w, ']');
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	return event(ctx, "seats", &news->cursor, &w);
}
