#ifndef ROWLOCK_CORE_JOURNAL_PAYLOAD_H
#define ROWLOCK_CORE_JOURNAL_PAYLOAD_H

#include "store/changeset.h"
#include "store/hold_rows.h"

/*
 * The payloads of journal rows: JSON with what the row's own columns do not say. Amounts are
 * in minor units. A booking that came through /api/booking has the member "queue" in each of
 * its rows: {"section","subsection","positions":["row-seat"…]}.
 */

/* booking.cancelled, booking.expired: {"from","reason","seats":[released…],"queue"?} */
char *payload_ended(TALLOC_CTX *ctx, const struct locked_booking *booking, const char *reason);

/* booking.refunded: likewise, and "refunded","kept","currency"; with the words of whoever asked for
 * it also "note", which nobody goes by */
char *payload_refunded(TALLOC_CTX *ctx, const struct locked_booking *booking, const char *reason,
                       const char *note, int64_t refunded_minor, int64_t kept_minor);

/* seats.released: {"seats":[…]} */
char *payload_released(TALLOC_CTX *ctx, const struct hold_rows *holding);

/* booking.confirmed: {"from","seats":[…],"total","currency","ticketReference","queue"?} */
char *payload_confirmed(TALLOC_CTX *ctx, const struct locked_booking *booking,
                        const char *ticket_ref);

/* booking.paying: {"from","paymentId","amount","currency","expiresAt","queue"?} */
char *payload_paying(TALLOC_CTX *ctx, const struct locked_booking *booking,
                     const struct payment *p);

/* booking.payment_failed: {"from","reason","attempt","expiresAt","queue"?} */
char *payload_returned(TALLOC_CTX *ctx, const struct locked_booking *booking, const char *reason,
                       int32_t attempt, int64_t expires_us);

/* booking.extended: {"minutes","extension","expiresAt","queue"?} */
char *payload_extended(TALLOC_CTX *ctx, const struct locked_booking *booking, int32_t minutes,
                       int64_t expires_us);

/* refund.requested, refund.completed: {"refundId","paymentId","amount","currency","reason"}; of one
 * that was requested before also "again": true */
char *payload_refund(TALLOC_CTX *ctx, const struct refund_write *refund);

#endif
