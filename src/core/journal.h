#ifndef ROWLOCK_JOURNAL_H
#define ROWLOCK_JOURNAL_H

#include <stdint.h>
#include <talloc.h>

#include "store/types.h"

/* The payloads of journal rows: JSON with what the row's own columns do not say. */

/* booking.created: {"seats":[…],"prices":[…],"total","currency","expiresAt"}; minor units */
char *journal_created(TALLOC_CTX *ctx, const int32_t *seats, const int32_t *prices_minor, size_t n,
                      int64_t total_minor, const char *currency, int64_t expires_us);

/* booking.cancelled, booking.expired: {"from","reason","seats":[released…]} */
char *journal_ended(TALLOC_CTX *ctx, enum booking_status from, const char *reason,
                    const int32_t *seats, size_t n);

#endif
