#ifndef ROWLOCK_API_QUEUE_SEAT_REQUEST_H
#define ROWLOCK_API_QUEUE_SEAT_REQUEST_H

#include "api/request/api.h"
#include "core/reserve/seat_request.h"

/*
 * Decodes the body of POST /api/booking (rowlock-api(8)) into what the clerk takes. Members
 * that are null count as absent, and those that are not known are passed over, as clients of this
 * face expect.
 *
 * request	zeroed, with its kind; the seats that are named are looked up and sorted, and
 *	total_minor is what they cost, or the least that the seats wished for may cost. inventory is
 *	the event's, pinned, also on an error: give it back by inventory_close
 *
 * Errors: VALIDATION_ERROR (faults are noted, or a->message is set), FORBIDDEN (only staff may
 * name another user, R-51), SEAT_NOT_FOUND, EVENT_NOT_FOUND, UNAVAILABLE. Rules.
 */
enum err queue_seat_request_decode(struct api *a, struct seat_request *request) MUST_CHECK;

#endif
