#ifndef ROWLOCK_RESERVER_H
#define ROWLOCK_RESERVER_H

#include <talloc.h>

#include "base/config.h"

/*
 * The role that seats accepted bookings: takes them in batches from the booking table, until
 * it is asked to stop (stop_wait). With Kafka they come from the topic
 * BookingCreatedDomainEvent, and the table is the net for those older than NET_AGE_S.
 *
 * Returns the exit status of the process.
 */
int reserver_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

#endif
