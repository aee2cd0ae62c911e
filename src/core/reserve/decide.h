#ifndef ROWLOCK_CORE_RESERVE_DECIDE_H
#define ROWLOCK_CORE_RESERVE_DECIDE_H

#include "core/reserve/seat_request.h"

/* What is decided about one request. What it points to belongs to the facts, but for `holding`. */
struct verdict {
	enum err err;
	bool lapsed; /* it names seats whose owner's window has passed: expire the owners first */
	bool gone;   /* REQUEST_SEAT: it does not wait for seats (any more), nothing is written */
	int32_t refused[POLICY_SEATS_MOST];
	size_t n_refused;
	int32_t limit;
	int32_t window_min;        /* 0: none; REQUEST_HOLD: of the hold */
	struct hold_rows *holding; /* REQUEST_HOLD, ERR_OK: all that the user holds then; on ctx */
	int64_t total_minor;
	int32_t prices_minor[POLICY_SEATS_MOST];
	const struct seat_facts *seats[POLICY_SEATS_MOST];
	const struct event_facts *event;
};

/*
 * Decides which requests get their seats, in the order of the queue: a seat goes to the first that
 * may have it. Reads nothing but its arguments.
 *
 * ctx		owns the verdicts' holdings
 * policy	the limits that hold where an event says nothing
 * facts	what was read under the locks; seats sorted
 * requests	n of them, 1 or more
 * out		n verdicts, zeroed but for err. A request whose err is set on entry stays refused
 *		for that reason, unless the event gives a better one; KEY_KNOWN and
 *		IDEMPOTENCY_IN_PROGRESS stay. Set: ERR_OK, SEAT_ALREADY_RESERVED, SEAT_NOT_FOUND,
 *		EVENT_NOT_FOUND, EVENT_NOT_ON_SALE, EVENT_CANCELLED, TOO_MANY_PENDING_BOOKINGS,
 *		VALIDATION_ERROR (more seats than limit); INVALID_STATE and gone; or lapsed, with
 *		err SEAT_ALREADY_RESERVED and the lapsed seats refused
 *
 * Rules.
 */
void decide(TALLOC_CTX *ctx, const struct policy *policy, const struct locked *facts,
            struct seat_request *const *requests, size_t n, struct verdict *out);

#endif
