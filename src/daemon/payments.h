#ifndef ROWLOCK_DAEMON_PAYMENTS_H
#define ROWLOCK_DAEMON_PAYMENTS_H

#include <talloc.h>

#include "base/config.h"
#include "base/err.h"

/*
 * The role `payments` of rowlockd: settles what the topics payment.success and payment.failed tell
 * (rowlockd(8), Payments), and asks providers for the refunds that are due. Without Kafka it does
 * the latter alone. Any number of processes may run: the group shares out the messages, and each
 * refund is asked for by one of them at a time.
 *
 * Runs until stop_ask. Returns the exit status: 0; 1 when it cannot be begun or the Kafka client
 * has failed for good, logged. Rules.
 */
int daemon_payments_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

/*
 * Asks for all refunds that are due by now, for a job that runs once.
 *
 * done	set: how many were asked for
 *
 * Errors: VALIDATION_ERROR (a setting), UNAVAILABLE, INTERNAL; what is not asked for stays due.
 */
enum err daemon_payments_refund_due(TALLOC_CTX *ctx, const struct config *config,
                                    const char *database, size_t *done) MUST_CHECK;

#endif
