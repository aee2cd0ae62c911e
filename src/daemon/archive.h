#ifndef ROWLOCK_DAEMON_ARCHIVE_H
#define ROWLOCK_DAEMON_ARCHIVE_H

#include <talloc.h>

#include "base/config.h"
#include "store/pool.h"

/*
 * The archive: events that are long over leave the tables of every day, with their bookings,
 * seats, payments, refunds and journal rows. Nothing is lost, and a booking can still be read by
 * its id. sql/0008_archive.sql says what is moved when.
 */

/* What a run has moved. */
struct archive_tally {
	int64_t events;  /* that are wholly in the archive now */
	int64_t waiting; /* of which something could not be moved yet: the next run looks again */
	int64_t ended;   /* bookings that would have waited for ever, and were cancelled */
	int64_t bookings, payments, refunds, journal_rows, seats;
	int64_t took_us;
};

/*
 * Moves what is due, in pieces of a transaction each, and logs how much that was. Several may run
 * at once, on any hosts; one that is ended in the middle leaves nothing half done. stop_ask ends
 * it between two pieces.
 *
 * days	after the start of an event, 1 or more (ARCHIVE_AFTER_DAYS)
 * out	set, also on failure: what was done
 *
 * Errors: as of db_exchange, of the first event that failed; those behind it had their turn. Rules:
 *
 */
enum err daemon_archive_once(struct pool *pool, int days, struct archive_tally *out) MUST_CHECK;

/*
 * The role `archive` of rowlockd: does so daily at 03:00 by this host's clock, until stop_ask. What
 * fails is tried again every minute.
 *
 * Returns the exit status: 0. stop_watch must have been called.
 */
int daemon_archive_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

#endif
