#ifndef ROWLOCK_CORE_BOOKING_POLICY_H
#define ROWLOCK_CORE_BOOKING_POLICY_H

#include <stddef.h>
#include <stdint.h>

#include "base/config.h"

#define POLICY_SEATS_MOST 50 /* the most that MAX_SEATS_PER_BOOKING may be set to */

/* The limits that hold where an event says nothing. */
struct policy {
	int32_t max_seats;
	int32_t window_min; /* 0: no window */
	int32_t max_pending;
	int32_t hold_min;
	int32_t paying_min; /* that a payment may take: then its booking lapses */
};

/* As the settings have them. */
struct policy policy_of(const struct config *config);

/*
 * What an event's own policy may say (domain.md, Limits and windows), and between which
 * bounds. The clerk reads these members out of the column `policy`.
 */
struct policy_key {
	const char *name;
	int32_t least, most;
	int nullable; /* null means: none */
};

/* The table of them; n is set to its length. refundTiers has a shape of its own. */
const struct policy_key *policy_keys(size_t *n);

#endif
