#ifndef ROWLOCK_CORE_RESERVE_SEAT_REQUEST_H
#define ROWLOCK_CORE_RESERVE_SEAT_REQUEST_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "core/inventory/inventory.h"
#include "store/idempotency.h"
#include "core/booking/policy.h"
#include "store/reserve.h"

#define POLICY_SEATS_MOST 50 /* the most that MAX_SEATS_PER_BOOKING may be set to */
#define QUEUE_MAX_SEATS   4  /* of a booking through /api/booking */

/* What an ask is about. */
enum seat_request_kind {
	REQUEST_BOOK,   /* a new booking, with its seats */
	REQUEST_ACCEPT, /* a new booking that gets its seats later: requested */
	REQUEST_SEAT,   /* the seats for one that was accepted: pending, or failed */
	REQUEST_HOLD,   /* no booking: seats to be kept for a while */
};

/* A request for seats of one event, by one user. */
struct seat_request {
	TALLOC_CTX *ctx; /* the asker's; what is answered hangs on it */
	enum seat_request_kind kind;
	struct uuid id; /* of the booking; of a new one made by the asker before anything is sent */
	int32_t event_id;
	const char *user_id;
	const char *user_name;      /* or NULL */
	const char *correlation_id; /* or NULL */
	struct idempotent *keyed;   /* or NULL; rendered with the answer, before COMMIT */
	bool
	    queued; /* through /api/booking: no window but the event's own, and no cap */
	int32_t quantity;
	int32_t seats
	    [POLICY_SEATS_MOST]; /* distinct seat numbers, ascending; best: chosen by the clerk */
	size_t n_seats;
	enum err known; /* ERR_OK, or why it must be refused, found out before */
	/* Where the system chooses, and for REQUEST_ACCEPT. */
	bool best;
	struct inventory *house; /* pinned by the asker */
	struct party party;      /* what is looked for; see inventory_resolve */
	/* REQUEST_ACCEPT and REQUEST_SEAT: what was asked for. */
	const char *section;   /* NULL: any */
	int32_t subsection;    /* 0: any */
	const char *positions; /* JSON: the seats as the buyer spelled them; NULL when best */
	/* REQUEST_ACCEPT: what is known of it so far. */
	const struct inventory_section *place; /* the section; NULL: none, or several */
	int32_t prices_minor[POLICY_SEATS_MOST];
	int64_t total_minor;
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

/* What decide() says of one ask. */
struct verdict {
	enum err err;
	bool lapsed; /* it wants seats whose owner's window has passed: expire those, ask again */
	bool
	    gone; /* REQUEST_SEAT: it does not wait for seats (any more); nothing is to be written */
	int32_t refused[POLICY_SEATS_MOST];
	size_t n_refused;
	int32_t limit;
	int32_t window_min; /* REQUEST_HOLD: of the hold */
	struct hold_rows
	    *holding; /* REQUEST_HOLD, ERR_OK: what the user holds after all of the asks; on ctx */
	int64_t total_minor;
	int32_t prices_minor[POLICY_SEATS_MOST];
	const struct seat_facts *seats[POLICY_SEATS_MOST];
	const struct event_facts *event;
};

/*
 * Decides who gets what, in the order of the queue; reads nothing but its arguments.
 *
 * policy	the defaults
 * facts	what was read under the locks; seats sorted
 * asks		n of them; a seat goes to the first who may have it
 * out		n verdicts. An entry whose err is set on entry stays refused for that reason, unless
 *			the event gives a better one; KEY_KNOWN and IDEMPOTENCY_IN_PROGRESS stay. Set:
 *			ERR_OK, SEAT_ALREADY_RESERVED, SEAT_NOT_FOUND, EVENT_NOT_FOUND, EVENT_NOT_ON_SALE,
 *			EVENT_CANCELLED, TOO_MANY_PENDING_BOOKINGS, VALIDATION_ERROR (more seats than
 *			limit); INVALID_STATE and gone; or lapsed, with err SEAT_ALREADY_RESERVED and the
 *			lapsed seats refused
 *
 * Rules.
 */
void decide(TALLOC_CTX *ctx, const struct policy *policy, const struct locked *facts,
            struct seat_request *const *asks, size_t n, struct verdict *out);

#endif
