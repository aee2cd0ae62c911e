#ifndef ROWLOCK_ASK_H
#define ROWLOCK_ASK_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "store/reserve.h"

#define ASK_MAX_SEATS 50 /* the most that MAX_SEATS_PER_BOOKING may be set to */

/* The limits that hold where an event says nothing. */
struct policy {
	int32_t max_seats;
	int32_t window_min; /* 0: no window */
	int32_t max_pending;
};

/* A request for seats of one event, by one user. */
struct ask {
	TALLOC_CTX *ctx; /* the asker's; what is answered hangs on it */
	struct uuid id;  /* of the booking to be, made by the asker before anything is sent */
	int32_t event_id;
	const char *user_id;
	const char *user_name;      /* or NULL */
	const char *correlation_id; /* or NULL */
	int32_t seats[ASK_MAX_SEATS]; /* distinct seat numbers, ascending */
	size_t n_seats;
};

/* A seat as an answer shows it. */
struct booked_seat {
	int32_t no, subsection;
	int64_t price_minor;
	const char *section, *row, *label, *tier;
};

/* What became of an ask. On the asker's ctx. */
struct answer {
	enum err err;
	/* SEAT_ALREADY_RESERVED: those not available; SEAT_NOT_FOUND: those that do not exist. */
	int32_t refused[ASK_MAX_SEATS];
	size_t n_refused;
	int32_t limit; /* VALIDATION_ERROR: the most seats that the event allows */
	/* ERR_OK: the booking, with the seats of the ask in its order. */
	int64_t number, total_minor;
	int64_t created_us, expires_us; /* expires -1: no window */
	char currency[4];
	struct booked_seat *seats;
};

/* What decide() says of one ask. */
struct verdict {
	enum err err;
	bool lapsed; /* it wants seats whose owner's window has passed: expire those, ask again */
	int32_t refused[ASK_MAX_SEATS];
	size_t n_refused;
	int32_t limit;
	int32_t window_min;
	int64_t total_minor;
	int32_t prices_minor[ASK_MAX_SEATS];
	const struct seat_facts *seats[ASK_MAX_SEATS];
	const struct event_facts *event;
};

/*
 * Decides who gets what, in the order of the queue; reads nothing but its arguments.
 *
 * policy	the defaults
 * facts	what was read under the locks; seats sorted
 * asks		n of them; a seat goes to the first who may have it
 * out		n verdicts, set: ERR_OK, SEAT_ALREADY_RESERVED, SEAT_NOT_FOUND, EVENT_NOT_FOUND,
 *			EVENT_NOT_ON_SALE, EVENT_CANCELLED, TOO_MANY_PENDING_BOOKINGS, VALIDATION_ERROR;
 *			or lapsed, with err SEAT_ALREADY_RESERVED and the lapsed seats refused
 *
 * Rules.
 */
void decide(TALLOC_CTX *ctx, const struct policy *policy, const struct locked *facts,
            struct ask *const *asks, size_t n, struct verdict *out);

#endif
