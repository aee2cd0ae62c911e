/* The table of legal moves, which booking_move.c asserts; the states' names in each face. */
#include "core/booking/booking_state.h"

#include <assert.h>

static const bool first[BOOKING__MAX] = {
	[BOOKING_REQUESTED] = true,
	[BOOKING_PENDING] = true,
};

/* Every legal move; anything else is INVALID_STATE. */
static const bool legal[BOOKING__MAX][BOOKING__MAX] = {
	[BOOKING_REQUESTED] = { [BOOKING_PENDING] = true,
	                        [BOOKING_FAILED] = true,
	                        [BOOKING_CANCELLED] = true },
	[BOOKING_PENDING] = { [BOOKING_PAYING] = true,
	                      [BOOKING_CONFIRMED] = true,
	                      [BOOKING_CANCELLED] = true,
	                      [BOOKING_EXPIRED] = true },
	[BOOKING_PAYING] = { [BOOKING_CONFIRMED] = true,
	                     [BOOKING_PENDING] = true,
	                     [BOOKING_CANCELLED] = true,
	                     [BOOKING_EXPIRED] = true },
	[BOOKING_CONFIRMED] = { [BOOKING_REFUNDED] = true, [BOOKING_CANCELLED] = true },
};

/* No request leads out of these: only a payment that arrives late takes the seats again. */
static const bool retakes[BOOKING__MAX] = {
	[BOOKING_CANCELLED] = true,
	[BOOKING_EXPIRED] = true,
};

bool
booking_state_may_begin(enum booking_status status)
{
	return status < BOOKING__MAX && first[status];
}

bool
booking_state_may_move(enum booking_status from, enum booking_status to)
{
	return from < BOOKING__MAX && to < BOOKING__MAX && legal[from][to];
}

bool
booking_state_may_retake(enum booking_status from)
{
	return from < BOOKING__MAX && retakes[from];
}

const char *
booking_state_in(enum face face, enum booking_status status)
{
	static const char *const names[FACE__MAX][BOOKING__MAX] = {
		[FACE_V1] = { "REQUESTED", "PENDING", "PROCESSING", "CONFIRMED", "CANCELLED",
		              "EXPIRED", "FAILED", "REFUNDED" },
		[FACE_QUEUE] = { "processing", "pending_payment", "pending_payment", "completed",
		                 "cancelled", "cancelled", "failed", "cancelled" },
		[FACE_CINEMA] = { "pending", "pending", "pending", "confirmed", "cancelled",
		                  "cancelled", "cancelled", "cancelled" },
	};

	assert(face < FACE__MAX && status < BOOKING__MAX);
	return names[face][status];
}
