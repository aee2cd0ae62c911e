#ifndef ROWLOCK_DAEMON_PAYMENTS_H
#define ROWLOCK_DAEMON_PAYMENTS_H

#include <talloc.h>

#include "base/config.h"
#include "base/err.h"

/*
 * The role `payments` of rowlockd: hears by Kafka what became of payments, and asks providers for
 * the refunds that are due. Without Kafka it does the latter alone. Runs until stop_wait says so;
 * returns the exit status.
 */
int daemon_payments_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

/* Asks for all refunds that are due by now, for a job that runs once; done: set, how many. */
enum err daemon_payments_refund_due(TALLOC_CTX *ctx, const struct config *config,
                                    const char *database, size_t *done) MUST_CHECK;

#endif
