#ifndef ROWLOCK_JOURNAL_H
#define ROWLOCK_JOURNAL_H

#include "core/ask.h"
#include "store/release.h"

/*
 * The payloads of journal rows: JSON with what the row's own columns do not say. Amounts are
 * in minor units. A booking that came through /api/booking has the member "queue" in each of
 * its rows: {"section","subsection","positions":["row-seat"…]}.
 */

/* booking.requested: {"seats":[wanted…],"prices":[…],"total","currency","queue":{… and "quantity",
 * "mode","config":{"rows","cols","price"} of the section}} */
char *journal_requested(TALLOC_CTX *ctx, const struct ask *ask, const char *currency);

/* booking.created: {"seats":[…],"prices":[…],"total","currency","expiresAt"}; of one that was
 * accepted before also "from" and "queue" */
char *journal_created(TALLOC_CTX *ctx, const struct ask *ask, const struct verdict *v,
                      const char *positions, int64_t expires_us);

/* The seats of an ask that has got them as JSON: as the buyer spelled them, else as printed. */
const char *journal_positions(TALLOC_CTX *ctx, const struct ask *ask, const struct verdict *v);

/* booking.failed: {"from","reason","message","seats":[],"queue"} */
char *journal_failed(TALLOC_CTX *ctx, const struct ask *ask, enum err why, const char *message);

/* booking.cancelled, booking.expired: {"from","reason","seats":[released…],"queue"?} */
char *journal_ended(TALLOC_CTX *ctx, const struct locked_booking *booking, const char *reason);

/* booking.confirmed: {"from","seats":[…],"total","currency","ticketReference","queue"?} */
char *journal_confirmed(TALLOC_CTX *ctx, const struct locked_booking *booking,
                        const char *ticket_ref);

#endif
