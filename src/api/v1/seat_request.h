#ifndef ROWLOCK_API_V1_SEAT_REQUEST_H
#define ROWLOCK_API_V1_SEAT_REQUEST_H

#include "api/request/api.h"
#include "core/reserve/seat_request.h"

/* What requests for seats have in common in /api/v1, be it to book them or to hold them. */

/* A request for seats with the request that it came by: what its answer is rendered of. */
struct v1_seat_request {
	struct api *a;
	struct seat_request request;
};

/*
 * Decodes "eventId" and "userId", and begins the request for seats: ctx, correlation_id, event_id,
 * user_id, user_name.
 *
 * Other faults are noted, and found by decode_done. Errors: EVENT_NOT_FOUND, FORBIDDEN (only staff
 * may name another user, R-51).
 */
enum err v1_seat_request_begin(struct api *a, struct seat_request *out) MUST_CHECK;

/* Sets the error's details: the seats that were refused, if the refusal names any. */
void v1_seat_request_refused(struct api *a, const struct seat_request *request,
                             const struct answer *answer);

#endif
