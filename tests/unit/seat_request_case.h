#ifndef ROWLOCK_SEAT_REQUEST_CASE_H
#define ROWLOCK_SEAT_REQUEST_CASE_H

/* What the tests of a batch share: its requests, for seats of event 7, in the order of the queue. */

#include <string.h>

#include "ctx_case.h"

#include "core/reserve/seat_request.h"

static struct seat_request requests[6];
static struct seat_request *queue[6] = { &requests[0], &requests[1], &requests[2],
	                                 &requests[3], &requests[4], &requests[5] };

/* Makes request i: a user wants n seats. */
static inline void
make_request(int i, const char *user, int n, const int32_t *wanted)
{
	requests[i] = (struct seat_request){
		.event_id = 7, .user_id = user, .quantity = n, .n_seats = (size_t)n
	};
	memcpy(requests[i].seats, wanted, (size_t)n * sizeof(*wanted));
}

#define REQUEST(i, user, ...)                                                                      \
	make_request(i, user, sizeof((int32_t[]){ __VA_ARGS__ }) / sizeof(int32_t),                \
	             (int32_t[]){ __VA_ARGS__ })

#endif
