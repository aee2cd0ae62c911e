#ifndef ROWLOCK_CORE_PAYMENT_REFUND_REQUEST_H
#define ROWLOCK_CORE_PAYMENT_REFUND_REQUEST_H

#include "core/booking/policy.h"
#include "pay/provider.h"
#include "store/pool.h"

#define REFUND_REQUEST_MOST 200 /* refunds of one round */

/*
 * One round: asks the providers for refunds that are due, up to REFUND_REQUEST_MOST of them. Any
 * number of processes may; each refund is asked for by one of them at a time, and again until its
 * provider has taken it on. That it is done, the provider says by a call-back, or at once.
 *
 * n	set: how many were due
 *
 * Errors: as of transact_read, and those of payment_settle. What was not done stays due.
 */
enum err refund_request_due(struct pool *pool, const struct policy *policy,
                            const struct pay_gateway *gateway, size_t *n) MUST_CHECK;

#endif
