#ifndef ROWLOCK_CORE_INVENTORY_SEAT_COUNTS_H
#define ROWLOCK_CORE_INVENTORY_SEAT_COUNTS_H

#include "store/pool.h"
#include "store/enums.h"

/* How many seats of an event stand how; a lapsed seat is free. */
struct seat_counts {
	int64_t n[SEAT__MAX];
};

/*
 * Counts the seats of n events, on ctx as needed. Counts are kept for COUNTS_GOOD_US, or
 * until the event changes on this host, so that a list that everybody asks for is not
 * counted for everybody. Errors: UNAVAILABLE.
 */
enum err seat_counts_read(struct pool *pool, TALLOC_CTX *ctx, const int32_t *events, size_t n,
                          struct seat_counts *out) MUST_CHECK;

#endif
