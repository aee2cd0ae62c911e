#ifndef ROWLOCK_CORE_INVENTORY_SEAT_COUNTS_H
#define ROWLOCK_CORE_INVENTORY_SEAT_COUNTS_H

#include "store/pool.h"
#include "store/enums.h"

/* How many seats of an event are in each state; a lapsed seat is free. */
struct seat_counts {
	int64_t n[SEAT__MAX];
};

/*
 * Counts the seats of events. Counts are kept for half a second, or until the event changes on this
 * host, so that a list that many clients ask for is not counted for each. Any thread may call.
 *
 * events	n of them
 * out		n, set on ERR_OK; zero for an event that does not exist
 *
 * Errors as of transact_read.
 */
enum err seat_counts_read(struct pool *pool, TALLOC_CTX *ctx, const int32_t *events, size_t n,
                          struct seat_counts *out) MUST_CHECK;

#endif
