#ifndef ROWLOCK_CORE_RESERVE_DECIDE_H
#define ROWLOCK_CORE_RESERVE_DECIDE_H

#include "core/reserve/seat_request.h"

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
            struct seat_request *const *requests, size_t n, struct verdict *out);

#endif
