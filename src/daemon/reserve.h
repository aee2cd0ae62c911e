#ifndef ROWLOCK_DAEMON_RESERVE_H
#define ROWLOCK_DAEMON_RESERVE_H

#include <talloc.h>

#include "base/config.h"
#include "base/err.h"

/*
 * The role that seats bookings which were accepted through /api/booking, in batches, until
 * somebody asks to stop (stop_wait). With Kafka they come from the topic
 * BookingCreatedDomainEvent, and the booking table is the net: for those that nobody heard of for
 * some seconds, and for everybody while Kafka is away. Without Kafka the table is all there is.
 * Which of them a booking is taken from makes no difference: see seating.h.
 *
 * Returns the exit status of the process: 0; 1 when the Kafka client has failed for good,
 * which is logged.
 */
int daemon_reserve_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

/* Seats everybody who waits by now, for a job that runs once; done: set, how many. */
enum err daemon_reserve_once(TALLOC_CTX *ctx, const struct config *config, const char *database,
                             size_t *done) MUST_CHECK;

#endif
