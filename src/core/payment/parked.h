#ifndef ROWLOCK_CORE_PAYMENT_PARKED_H
#define ROWLOCK_CORE_PAYMENT_PARKED_H

#include "core/booking/policy.h"
#include "store/pool.h"

/* Call-backs that could not be settled, kept for somebody to look at (parked_add). */

struct parked {
	const char *id;     /* the gateway's own */
	const char *reason; /* why: the code of an error */
	const char *body;   /* as it came; NULL: not asked for */
	int64_t at_us;
};

/* Reads all of them, the oldest first, onto ctx. */
enum err parked_list(struct pool *pool, TALLOC_CTX *ctx, bool bodies, struct parked **out,
                     size_t *n) MUST_CHECK;

/*
 * Tries to settle one again, and keeps it no longer if that can be done now, or was meanwhile.
 *
 * why	set on VALIDATION_ERROR, if its body is not understood: the member, and what is wrong
 *
 * Errors: NOT_FOUND; those of payment_settle, and then it is kept.
 */
enum err parked_settle(struct pool *pool, TALLOC_CTX *ctx, const struct policy *policy,
                       const char *id, const char **why) MUST_CHECK;

#endif
