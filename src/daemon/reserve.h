#ifndef ROWLOCK_DAEMON_RESERVE_H
#define ROWLOCK_DAEMON_RESERVE_H

#include <talloc.h>

#include "base/config.h"
#include "base/err.h"

/*
 * The role `reserve` of rowlockd: gives seats to bookings that were accepted through /api/booking,
 * in batches. With Kafka they come from the topic BookingCreatedDomainEvent, and the booking table
 * is the net: for those that Kafka has not told of for some seconds, and for all while it is away.
 * Without Kafka the table is all there is. Which of the two a booking is taken from makes no
 * difference (core/reserve/seat_accepted.h), so any number of processes may run.
 *
 * Runs until stop_ask. Returns the exit status: 0; 1 when it cannot be begun or the Kafka client
 * has failed for good, logged.
 */
int daemon_reserve_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

/*
 * Seats all bookings that wait by now, for a job that runs once.
 *
 * done	set: how many wait no longer
 *
 * Errors: VALIDATION_ERROR (a setting), UNAVAILABLE, INTERNAL; what was not settled waits on.
 */
enum err daemon_reserve_once(TALLOC_CTX *ctx, const struct config *config, const char *database,
                             size_t *done) MUST_CHECK;

#endif
