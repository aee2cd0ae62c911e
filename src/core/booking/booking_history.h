#ifndef ROWLOCK_CORE_BOOKING_BOOKING_HISTORY_H
#define ROWLOCK_CORE_BOOKING_BOOKING_HISTORY_H

#include "store/pool.h"

/* What the journal says of one booking, oldest first; on the caller's ctx. */
struct history {
	const char *user_id, *seller; /* of the booking, and of its event */
	struct history_row {
		int64_t seq, at_us;
		const char *type, *correlation_id, *payload; /* JSON; the id may be NULL */
	} * rows;
	size_t n;
};

/*
 * Reads the history of a booking, wherever it is: in the archive, too.
 *
 * ctx	owns what out points to
 *
 * Errors: BOOKING_NOT_FOUND, UNAVAILABLE.
 */
enum err booking_history_read(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *booking_id,
                              struct history *out) MUST_CHECK;

#endif
