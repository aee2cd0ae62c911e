#ifndef ROWLOCK_CORE_BOOKING_BOOKING_STATE_H
#define ROWLOCK_CORE_BOOKING_BOOKING_STATE_H

#include <stdbool.h>

#include "base/err.h"
#include "store/enums.h"

/* The states of a booking: which may follow which, and how each face calls them. */

/* Whether a booking may be made in a state. BOOKING__MAX: false. */
bool booking_state_may_begin(enum booking_status status);

/* Whether a booking may move from one state to another. BOOKING__MAX as either: false. */
bool booking_state_may_move(enum booking_status from, enum booking_status to);

/*
 * Whether a booking that has ended may be confirmed all the same, when its payment arrives late
 * and all its seats are still free. Nothing else leads out of these states.
 */
bool booking_state_may_retake(enum booking_status from);

/* A state as a face spells it. Never NULL. */
const char *booking_state_in(enum face face, enum booking_status status);

#endif
