#ifndef ROWLOCK_DAEMON_SWEEP_H
#define ROWLOCK_DAEMON_SWEEP_H

#include "core/booking/policy.h"
#include "store/pool.h"

/*
 * Tidying up what time alone has ended. Correctness does not depend on it: a window that has passed
 * counts as passed whether or not it was swept. But the seats become free for all to see,
 * and the journal, with all that follow it, learns of it.
 */

#define SWEEP_THREADS 3 /* that sweep side by side, and the connections of a pool for them */

/* What a sweep did. */
struct swept {
	size_t bookings;  /* expired, or sent back to wait for another payment */
	size_t holds;     /* that have ended */
	size_t events;    /* whose cancellation was finished */
	size_t keys;      /* answers to requests with a key that are older than a day */
	size_t parked;    /* messages about payments that were kept for long enough */
	size_t processed; /* notes of such messages that have had their effect, likewise */
};

/*
 * Sweeps until nothing is left that can be done now, batch by batch, a transaction each. Any number
 * of processes may at once, on any hosts: rows that one has locked are left out by the others.
 *
 * pool	with SWEEP_THREADS connections
 * out	set, also on failure: what was done
 *
 * Errors: of the first thing that failed; the others had their turn.
 */
enum err daemon_sweep_once(struct pool *pool, const struct policy *policy,
                           struct swept *out) MUST_CHECK;

/*
 * The role `sweep` of rowlockd: sweeps every 5 s, and looks for cancelled events each half second,
 * until stop_ask. What fails is logged, and tried again by the next sweep.
 *
 * Returns the exit status: 0; 1 when a setting cannot be read, logged. Rules: R-61.
 */
int daemon_sweep_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

#endif
