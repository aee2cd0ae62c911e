#ifndef ROWLOCK_CORE_JOURNAL_PAYLOAD_H
#define ROWLOCK_CORE_JOURNAL_PAYLOAD_H

#include "store/changeset.h"
#include "store/hold_rows.h"

/*
 * The payloads of the journal's rows about what becomes of bookings and holds: JSON with what a
 * row's own columns do not say, on ctx. Amounts are in minor units, instants as in R-60. A
 * booking that came through /api/booking has the member "queue" in each of its rows:
 * {"section","subsection","positions":["row-seat"…]}. Requests for seats have their payloads in
 * core/reserve/request_payload.h.
 *
 * A booking is given as it was locked, before the move: its state then is the member "from". A
 * reason is the code that messages carry (EXPIRED, USER_CANCELLED …), not NULL.
 */

/*
 * booking.cancelled, booking.expired: {"from","reason","seats":[released…],"queue"?}. A booking
 * that only asked for seats releases none.
 */
char *payload_ended(TALLOC_CTX *ctx, const struct locked_booking *b, const char *reason);

/*
 * booking.refunded: as payload_ended, and "refunded","kept","currency"; both amounts are 0 or more.
 * note is what the one that asked for it wrote, for people, as "note"; or NULL.
 */
char *payload_refunded(TALLOC_CTX *ctx, const struct locked_booking *b, const char *reason,
                       const char *note, int64_t refunded_minor, int64_t kept_minor);

/* seats.released: {"seats":[…]}, those of one user's hold in one event. */
char *payload_released(TALLOC_CTX *ctx, const struct hold_rows *hold);

/* booking.confirmed: {"from","seats":[…],"total","currency","ticketReference","queue"?} */
char *payload_confirmed(TALLOC_CTX *ctx, const struct locked_booking *b, const char *ticket_ref);

/*
 * booking.paying: {"from","paymentId","amount","currency","expiresAt","queue"?}, the last null
 * for a booking without a window.
 */
char *payload_paying(TALLOC_CTX *ctx, const struct locked_booking *b, const struct payment *p);

/*
 * booking.payment_failed: {"from","reason","attempt","expiresAt","queue"?}.
 *
 * attempt	how many payments of it have failed, 0 or more
 * expires_us	until when it waits for another; -1: it has no window
 */
char *payload_returned(TALLOC_CTX *ctx, const struct locked_booking *b, const char *reason,
                       int32_t attempt, int64_t expires_us);

/*
 * booking.extended: {"minutes","extension","expiresAt","queue"?}, by 1 minute or more, and
 * with the window's new end.
 */
char *payload_extended(TALLOC_CTX *ctx, const struct locked_booking *b, int32_t minutes,
                       int64_t expires_us);

/*
 * refund.requested, refund.completed: {"refundId","paymentId","amount","currency","reason",
 * "queue"?}; of one that was requested before also "again": true.
 */
char *payload_refund(TALLOC_CTX *ctx, const struct refund_write *r);

#endif
