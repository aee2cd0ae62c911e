#ifndef ROWLOCK_CORE_PAYMENT_PARKED_H
#define ROWLOCK_CORE_PAYMENT_PARKED_H

#include "core/payment/settle.h"

/* Call-backs that could not be settled, kept for an operator to look at. */

/* A call-back that is kept; all of it on the caller's ctx. */
struct parked {
	const char *id;     /* the gateway's own */
	const char *reason; /* why: the code of an error */
	const char *body;   /* as it came; NULL: not asked for */
	int64_t at_us;
};

/*
 * Keeps a message that cannot be settled, once however often it comes.
 *
 * why, body	texts; the body as it came
 *
 * Errors as of transact_read.
 */
enum err parked_add(struct pool *pool, TALLOC_CTX *ctx, const struct payment_message *message,
                    const char *why, const char *body) MUST_CHECK;

/*
 * Reads all of them, the oldest first, onto ctx.
 *
 * bodies	whether with their bodies
 *
 * Errors as of transact_read.
 */
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
