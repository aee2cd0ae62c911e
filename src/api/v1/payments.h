#ifndef ROWLOCK_API_V1_PAYMENTS_H
#define ROWLOCK_API_V1_PAYMENTS_H

#include "base/json_write.h"
#include "core/booking/booking.h"

/*
 * Writes the member "payments" of a booking: what is known of each, without the URL of its session,
 * which only the caller that opened it gets.
 */
void v1_payments_write(struct jsonw *w, const struct payment *payments, size_t n);

#endif
