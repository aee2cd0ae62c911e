#ifndef ROWLOCK_CORE_BOOKING_POLICY_H
#define ROWLOCK_CORE_BOOKING_POLICY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/config.h"
#include "base/err.h"

/* The limits of bookings and what is given back of them; an event's own policy comes first. */

#define POLICY_SEATS_MOST 50 /* the most that MAX_SEATS_PER_BOOKING may be set to */
#define REFUND_TIERS_MOST 16

/* What is given back of a paid booking that is cancelled, by the time that is left. */
struct refund_tiers {
	struct {
		double hours, percent; /* with more than `hours` left: `percent` of the total */
	} tier[REFUND_TIERS_MOST];
	size_t n;
};

/* What holds where an event says nothing. Read once, then shared by all threads. */
struct policy {
	int32_t max_seats;   /* 1 to POLICY_SEATS_MOST */
	int32_t window_min;  /* 0: no window */
	int32_t max_pending; /* of one user */
	int32_t hold_min;
	int32_t paying_min; /* that a payment may take: then its booking lapses */
	int32_t max_extensions;
	int32_t max_window_min; /* of an extended window, from the booking on */
	struct refund_tiers tiers;
};

/*
 * Reads the settings. Errors: VALIDATION_ERROR (REFUND_TIERS cannot be read, and that is logged);
 * bin/program.c refuses such settings before anything else is done.
 */
enum err policy_read(const struct config *config, struct policy *out) MUST_CHECK;

/*
 * What an event's own policy may say, and between which
 * bounds. The clerk reads these members out of the column `policy`.
 */
struct policy_key {
	const char *name;
	int32_t least, most;
	bool nullable; /* null means: none */
};

/* The table of them; n is set to its length. refundTiers has a shape of its own. */
const struct policy_key *policy_keys(size_t *n);

/*
 * Reads the setting's form: "72:100,24:50", hours 0 to 8760, percent 0 to 100, at most
 * REFUND_TIERS_MOST of them, in any order. False for anything else. "" is none: nothing is due.
 */
bool refund_tiers_parse(const char *text, struct refund_tiers *out);

/* Reads an event's own: [{"hours","percent"}…], within the same limits. False for anything else. */
bool refund_tiers_parse_json(const char *json, struct refund_tiers *out);

/*
 * What is due of an amount. Of the tiers with fewer hours than are left, the one with the
 * most hours counts; without one nothing is due. A part of a minor unit is rounded up.
 *
 * amount_minor	0 or more
 * left_us	until the event begins; below 0: it has begun
 *
 * Returns 0 to amount_minor.
 */
int64_t refund_tiers_due(const struct refund_tiers *tiers, int64_t amount_minor, int64_t left_us);

#endif
