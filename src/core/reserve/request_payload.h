#ifndef ROWLOCK_CORE_RESERVE_REQUEST_PAYLOAD_H
#define ROWLOCK_CORE_RESERVE_REQUEST_PAYLOAD_H

#include "core/reserve/decide.h"

/*
 * The payloads of the journal's rows that a request for seats gives: JSON with what the rows' own
 * columns do not say, on ctx. Amounts are in minor units. core/journal/payload.h has the others,
 * and what is the same for all.
 */

/*
 * booking.requested: {"seats":[wanted…],"prices":[…],"total","currency",
 * "queue":{"section","subsection","positions","quantity","mode","config":{"rows","cols","price"}}}
 * with null for what is not known; config is of the section.
 *
 * request	a REQUEST_ACCEPT
 */
char *request_payload_requested(TALLOC_CTX *ctx, const struct seat_request *request,
                                const char *currency);

/*
 * booking.created: {"seats":[…],"prices":[…],"total","currency","expiresAt"}; of a booking that
 * was accepted before also "from", and of one through /api/booking "queue".
 *
 * v	of this request, ERR_OK
 * positions	as request_payload_positions makes them; unused without a "queue"
 * expires_us	-1: the booking has no window
 */
char *request_payload_created(TALLOC_CTX *ctx, const struct seat_request *request,
                              const struct verdict *v, const char *positions, int64_t expires_us);

/*
 * The positions of the seats that a request gets, a JSON list of "row-seat": as the buyer spelled
 * them, else as they are printed. Lives as long as request and ctx both do.
 *
 * v	of this request, ERR_OK
 */
const char *request_payload_positions(TALLOC_CTX *ctx, const struct seat_request *request,
                                      const struct verdict *v);

/*
 * booking.failed: {"from","reason","message","seats":[],"queue"}; a failed booking has no seats.
 *
 * why	not ERR_OK
 * message	for people
 */
char *request_payload_failed(TALLOC_CTX *ctx, const struct seat_request *request, enum err why,
                             const char *message);

/* seats.held: {"seats":[…],"expiresAt"}; request is a REQUEST_HOLD, expires_us its hold's end. */
char *request_payload_held(TALLOC_CTX *ctx, const struct seat_request *request, int64_t expires_us);

#endif
