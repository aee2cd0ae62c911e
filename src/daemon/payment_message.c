/* Reads the messages about payments: an envelope, and in it which payment of which booking. */
#include "daemon/payment_message.h"

#include <assert.h>
#include <string.h>

#include "pay/message_reader.h"

#define ENVELOPE_VERSION "1.0"

/* A message that says to be something else has come to the wrong topic. */
static void
check_type(struct message_reader *w, enum pay_event_type type)
{
	const char *name = message_id(w, "eventType", OPTIONAL);
	const char *ours = type == PAY_SUCCEEDED ? "payment.success" : "payment.failed";

	if (name != NULL && strcmp(name, ours) != 0)
		message_fault(w, "eventType is not that of the topic");
}

/* The members; faults are noted. */
static void
read_members(struct message_reader *w, struct payment_message *out)
{
	struct pay_event *ev = &out->event;
	struct message_reader payload;
	const char *version;

	ev->id = message_id(w, "eventId", REQUIRED);
	check_type(w, ev->type);
	version = message_id(w, "version", OPTIONAL);
	if (version != NULL && strcmp(version, ENVELOPE_VERSION) != 0)
		message_fault(w, "version is not 1.0");
	out->correlation_id = message_id(w, "correlationId", OPTIONAL);
	payload = message_within(w, "payload");
	ev->has_booking = message_uuid(&payload, "bookingId", REQUIRED, &ev->booking_id);
	if (ev->has_booking && !uuid_is_of_event(&ev->booking_id))
		message_fault(w, "payload.bookingId is not the id of a booking");
	/* Without it, the same payment reported again looks like a second payment. */
	ev->gateway_ref = message_id(&payload, "transactionId",
	                             ev->type == PAY_SUCCEEDED ? REQUIRED : OPTIONAL);
	ev->currency = message_currency(&payload, "currency", OPTIONAL);
	if (ev->currency == NULL)
		ev->amount_major = message_number(&payload, "amount");
	else
		ev->amount_minor = message_amount(&payload, "amount", ev->currency, OPTIONAL);
}

enum err
payment_message_read(TALLOC_CTX *ctx, enum pay_event_type type, const char *value, size_t len,
                     struct payment_message *out, const char **why)
{
	struct message_reader w = message_begin(ctx, value, len);

	assert(type == PAY_SUCCEEDED || type == PAY_FAILED);
	*out = (struct payment_message){ .source = "kafka", .final = true };
	out->event = (struct pay_event){ .type = type, .amount_minor = -1, .amount_major = -1 };
	read_members(&w, out);
	*why = w.why;
	return w.why == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}
