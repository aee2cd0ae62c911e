#ifndef ROWLOCK_CORE_PAYMENT_REFUND_ADMIN_H
#define ROWLOCK_CORE_PAYMENT_REFUND_ADMIN_H

#include "store/payments.h"
#include "store/pool.h"

/* What an operator sees of refunds that are not done, and does about them. */

struct open_refund {
	struct refund refund;
	struct uuid booking_id;
	int64_t due_us; /* when its provider is asked again; -1: never, it has failed */
};

#define REFUND_ADMIN_MOST 500 /* of one page */

/*
 * Reads a page of the refunds that are not done, oldest first, onto ctx: those that failed (and are
 * still owed), or also those that are asked for.
 *
 * failed	only those
 * after	the number of the refund behind which to go on; 0: from the first
 *
 * Errors as of transact_read.
 */
enum err refund_admin_list(struct pool *pool, TALLOC_CTX *ctx, bool failed, int64_t after,
                           struct open_refund **out, size_t *n) MUST_CHECK;

/*
 * Asks once more for a refund that failed, as if for the first time.
 *
 * Errors: NOT_FOUND, INVALID_STATE (it has not failed), NOTHING_TO_REFUND (so much of its payment
 * is not left: it was given back in another way), UNAVAILABLE.
 */
enum err refund_admin_retry(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id) MUST_CHECK;

/*
 * Notes that the money of a refund was given back by hand.
 *
 * reference	what that was, in short; or NULL
 *
 * Errors: as above, INVALID_STATE (it is done).
 */
enum err refund_admin_close(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                            const char *reference) MUST_CHECK;

#endif
