#ifndef ROWLOCK_CORE_RESERVE_SEAT_REQUEST_H
#define ROWLOCK_CORE_RESERVE_SEAT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "core/booking/booking.h"
#include "core/booking/policy.h"
#include "core/inventory/inventory_layout.h"
#include "store/idempotency.h"
#include "store/reserve.h"

#define QUEUE_MAX_SEATS 4 /* of a booking through /api/booking */

/* What a request asks for. */
enum seat_request_kind {
	REQUEST_BOOK,   /* a new booking, with its seats */
	REQUEST_ACCEPT, /* a new booking that gets its seats later: requested */
	REQUEST_SEAT,   /* the seats for one that was accepted: pending, or failed */
	REQUEST_HOLD,   /* no booking: seats to be kept for a while */
};

/* A request for seats of one event, by one user. Belongs to the thread that made it. */
struct seat_request {
	TALLOC_CTX *ctx; /* of the thread that waits; what is answered hangs on it */
	enum seat_request_kind kind;
	struct uuid id; /* of the booking; a new one's is made before anything is sent */
	int32_t event_id;
	const char *user_id;
	const char *user_name;         /* or NULL */
	const char *correlation_id;    /* or NULL */
	struct idempotent *idempotent; /* or NULL; rendered with the answer, before COMMIT */
	bool queued;      /* through /api/booking: no window but the event's, no cap */
	int32_t quantity; /* of seats, 1 or more */
	int32_t seats[POLICY_SEATS_MOST]; /* distinct numbers, ascending; best: set when settled */
	size_t n_seats;
	enum err known_err; /* why it must be refused, found out before; else ERR_OK */
	/* Where the system chooses, and for REQUEST_ACCEPT. */
	bool best;
	struct inventory *inventory; /* of the event; closed by the caller, after the answer */
	struct party party;          /* what is looked for; see inventory_resolve */
	/* REQUEST_ACCEPT and REQUEST_SEAT: what the buyer wished. */
	const char *section;   /* NULL: any */
	int32_t subsection;    /* 0: any */
	const char *positions; /* JSON: the seats as the buyer spelled them; NULL when best */
	/* REQUEST_ACCEPT: what is known of it so far. */
	const struct inventory_section *only_section; /* the section; NULL: none, or several */
	int32_t prices_minor[POLICY_SEATS_MOST];
	int64_t total_minor;
};

/* What becomes of a request. What it points to is on the request's ctx. */
struct answer {
	enum err err;
	/* SEAT_ALREADY_RESERVED: those not available; SEAT_NOT_FOUND: those that do not exist. */
	int32_t refused[POLICY_SEATS_MOST];
	size_t n_refused;
	int32_t limit; /* VALIDATION_ERROR: the most seats that the event allows */
	/* ERR_OK: the booking; with its seats, in order, if it is REQUEST_BOOK or REQUEST_SEAT. */
	int64_t number, total_minor;
	int64_t created_us, expires_us; /* expires -1: no window; of a hold: when it ends */
	char currency[4];
	struct booked_seat *seats;
	size_t n_seats;
};

#endif
