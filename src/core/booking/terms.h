#ifndef ROWLOCK_CORE_BOOKING_TERMS_H
#define ROWLOCK_CORE_BOOKING_TERMS_H

#include "base/config.h"
#include "base/err.h"

#define TERMS_TIERS 16

/* What is given back of a paid booking that is cancelled, by the time that is left. */
struct refund_tiers {
	struct {
		double hours, percent; /* more than so many hours before the event: so much */
	} tier[TERMS_TIERS];
	size_t n;
};

/* The rules for bookings that are there, where their event says nothing else. */
struct terms {
	struct refund_tiers tiers;
	int32_t max_extensions;
	int32_t max_window_min; /* of an extended window, from the booking on */
	int32_t paying_min;     /* a payment may take */
};

/* Reads the settings. Errors: VALIDATION_ERROR (REFUND_TIERS cannot be read, and is logged). */
enum err terms_read(const struct config *config, struct terms *out) MUST_CHECK;

/* Reads "72:100,24:50": hours 0 to 8760, percent 0 to 100. False for anything else. */
bool terms_parse_tiers(const char *text, struct refund_tiers *out);

/* Reads an event's own: [{"hours","percent"}…]. False for anything else. */
bool terms_parse_policy(const char *json, struct refund_tiers *out);

/*
 * What is due of an amount, so long before an event: the tier counts whose hours are the most
 * that are still left; none of them: 0. Parts of a minor unit are the buyer's.
 */
int64_t terms_due(const struct refund_tiers *tiers, int64_t amount_minor, int64_t left_us);

#endif
