#ifndef ROWLOCK_CORE_BOOKING_BOOKING_LOOKUP_H
#define ROWLOCK_CORE_BOOKING_BOOKING_LOOKUP_H

#include "core/booking/booking.h"

/* The window at which single bookings are read: everyone who waits, in one round trip. */
struct lookup;

struct lookup *booking_lookup_new(TALLOC_CTX *ctx, const char *conninfo);

/*
 * Reads one booking as it stands after this call began, wherever it is: also in the archive.
 *
 * out	set on ERR_OK; everything in it hangs on ctx
 *
 * Errors: BOOKING_NOT_FOUND, UNAVAILABLE.
 */
enum err booking_lookup(struct lookup *lookup, TALLOC_CTX *ctx, const struct uuid *id,
                        struct booking *out) MUST_CHECK;

#endif
