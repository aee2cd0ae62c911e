#ifndef ROWLOCK_DAEMON_SWEEP_H
#define ROWLOCK_DAEMON_SWEEP_H

#include "core/booking/policy.h"
#include "store/pool.h"

/*
 * Tidying up what time alone has ended: nobody depends on it, but seats, journal and
 * everybody who listens learn of it.
 */

/* What a sweep did. */
struct swept {
	size_t bookings;  /* expired, or sent back to wait for another payment */
	size_t holds;     /* that have ended */
	size_t events;    /* whose cancellation was finished */
	size_t keys;      /* answers to requests with a key that are older than a day */
	size_t parked;    /* messages about payments that were kept for long enough */
	size_t processed; /* notes of such messages that have had their effect, likewise */
};

#define SWEEPER_HANDS                                                                              \
	3 /* that sweep side by side when there is much to do: connections of the pool */

/*
 * Sweeps until nothing is left that can be done now, batch by batch. Any number may, at once and
 * on any host: what one has locked the others leave out.
 */
enum err daemon_sweep_once(struct pool *pool, const struct policy *policy,
                           struct swept *out) MUST_CHECK;

/* The role `sweep` of rowlockd: sweeps every 5 s, until stop_wait says so. */
int daemon_sweep_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

#endif
