#ifndef ROWLOCK_API_STREAM_STREAM_URL_H
#define ROWLOCK_API_STREAM_STREAM_URL_H

#include "api/request/api.h"
#include "live/fanout.h"

/* A URL that streams can be had from (rowlock-sse(8)); they live as long as the process. */
struct stream_url;

/*
 * Finds the URL of a request: sets *out, a->route and a->arg.
 *
 * Errors: VALIDATION_ERROR (the URL is not valid), NOT_FOUND, METHOD_NOT_ALLOWED.
 */
enum err stream_url_find(struct api *a, const struct stream_url **out) MUST_CHECK;

/*
 * Decodes what is to be followed, and from where on a stream that was cut off goes on.
 *
 * url	as found for a
 * f	set: kind, event_id or booking_id, after, and since if there is one
 *
 * Errors: VALIDATION_ERROR (noted), EVENT_NOT_FOUND.
 */
enum err stream_url_follow(const struct stream_url *url, struct api *a,
                           struct follower *f) MUST_CHECK;

#endif
