#ifndef ROWLOCK_DAEMON_PAYMENT_MESSAGE_H
#define ROWLOCK_DAEMON_PAYMENT_MESSAGE_H

#include "core/payment/settle.h"

/*
 * Reads a message of the topics payment.success and payment.failed (rowlockd(8), Payments):
 * {"eventId","eventType"?,"version"?,"correlationId"?,
 * "payload":{"bookingId","transactionId","amount"?,"currency"?}}, the transactionId only of a
 * payment that succeeded. Other members are passed over, also the reason why a payment failed: it
 * is for people, and may be any text.
 *
 * type		PAY_SUCCEEDED or PAY_FAILED, by the topic
 * value	len bytes, no end needed
 * out		set, on ctx: it comes from kafka, and a payment that failed is final
 * why		set when it is not understood, for people
 *
 * Errors: VALIDATION_ERROR.
 */
enum err payment_message_read(TALLOC_CTX *ctx, enum pay_event_type type, const char *value,
                              size_t len, struct payment_message *out, const char **why) MUST_CHECK;

#endif
