#ifndef ROWLOCK_CORE_BOOKING_BOOKING_LOOKUP_H
#define ROWLOCK_CORE_BOOKING_BOOKING_LOOKUP_H

#include "core/booking/booking.h"

/* Reads single bookings: those that threads want at the same moment, in one round trip. */
struct lookup;

/* One for a process, on ctx, with a connection of its own; conninfo as for db_new. */
struct lookup *booking_lookup_new(TALLOC_CTX *ctx, const char *conninfo);

/*
 * Reads one booking as it stands after this call began, wherever it is: also in the archive.
 * Any thread may call this.
 *
 * out	set on ERR_OK; everything in it hangs on ctx
 *
 * Errors: BOOKING_NOT_FOUND, UNAVAILABLE.
 */
enum err booking_lookup(struct lookup *lookup, TALLOC_CTX *ctx, const struct uuid *id,
                        struct booking *out) MUST_CHECK;

#endif
