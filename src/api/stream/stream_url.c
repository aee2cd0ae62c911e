/* The URLs of streams, and what each lets follow. */

#include "api/stream/stream_url.h"

#include <assert.h>
#include <string.h>

#include "api/request/decode.h"

struct stream_url {
	struct route route; /* first: route_find sees only its key. It has no handler */
	enum err (*follow)(struct api *a, struct follower *f);
};

/*
 * Decodes where a stream that was cut off goes on; what cannot be read counts as absent, for the
 * header is the browser's own.
 */
static void
decode_after(const struct api *a, struct follower *f)
{
	const char *text = request_header(a->rq, "HTTP_LAST_EVENT_ID");

	if (text == NULL)
		text = request_query(a->rq, "lastEventId");
	if (text == NULL || !cursor_parse(text, &f->after))
		f->after = (struct cursor){ 0, 0 };
}

/* GET /api/booking/event/{id}/sse: all bookings of the user for an event. */
static enum err
follow_own(struct api *a, struct follower *f)
{
	f->kind = FOLLOW_OWN;
	return decode_event_arg(a, a->arg[0], &f->event_id);
}

/* GET /api/v1/bookings/{id}/stream: one booking, until it is final. */
static enum err
follow_booking(struct api *a, struct follower *f)
{
	enum err e = decode_uuid_arg(a, a->arg[0], &f->booking_id);

	f->kind = FOLLOW_BOOKING;
	f->event_id = uuid_event(&f->booking_id);
	return e;
}

/* GET /api/v1/events/{id}/stream?since=: the seats of an event, from a version on. */
static enum err
follow_seats(struct api *a, struct follower *f)
{
	enum err e;

	f->kind = FOLLOW_SEATS;
	if ((e = decode_event_arg(a, a->arg[0], &f->event_id)) != ERR_OK)
		return e;
	f->since = decode_query_int(a, "since", 0, INT64_MAX, -1);
	return decode_done(a);
}

/* Who may have a stream of what is followed is asked later: on_admit. */
static const struct stream_url urls[] = {
	{ { { GET, "/api/booking/event/{id}/sse" }, ANY_ROLE, NULL, FACE_QUEUE, 0 }, follow_own },
	{ { { GET, "/api/v1/bookings/{id}/stream" }, ANY_ROLE, NULL, FACE_V1, 0 }, follow_booking },
	{ { { GET, "/api/v1/events/{id}/stream" }, PUBLIC, NULL, FACE_V1, 0 }, follow_seats },
};

enum err
stream_url_find(struct api *a, const struct stream_url **out)
{
	struct route_match match;

	if (a->rq->bad_path) {
		a->message = "The URL is not valid";
		return ERR_VALIDATION_ERROR;
	}
	route_find(urls, sizeof(urls) / sizeof(urls[0]), sizeof(urls[0]), a->rq, &match);
	if (match.path_known)
		response_header(a->rq, a->rs, "Allow", match.allow);
	if (match.index < 0)
		return match.path_known ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_FOUND;
	*out = &urls[match.index];
	a->route = &(*out)->route;
	memcpy(a->arg, match.arg, sizeof(a->arg));
	return ERR_OK;
}

enum err
stream_url_follow(const struct stream_url *url, struct api *a, struct follower *f)
{
	assert(url != NULL && a->route == &url->route);
	decode_after(a, f);
	return url->follow(a, f);
}
