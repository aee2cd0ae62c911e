#ifndef ROWLOCK_LIVE_FOLLOW_BOOKINGS_H
#define ROWLOCK_LIVE_FOLLOW_BOOKINGS_H

#include "live/batch_reader.h"
#include "live/follow_kind.h"

/*
 * The kind of FOLLOW_OWN and FOLLOW_BOOKING: topics of a user's bookings for an event.
 *
 * begins	reads what followers begin with
 *
 * Returns the kind, a child of ctx.
 */
const struct follow_kind *follow_bookings_new(TALLOC_CTX *ctx, struct batch_reader *begins);

#endif
