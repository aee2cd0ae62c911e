#include "daemon/payment_message.h"

#include <string.h>

#include "pay/message_reader.h"

#define ENVELOPE_VERSION "1.0"

static bool
is_booking_id(const struct uuid *id)
{
	return id->b[6] >> 4 == 7 && uuid_event(id) > 0;
}

/* A message that says to be something else has come to the wrong topic. */
static void
check_type(struct message_reader *w, enum pay_event_type type)
{
	const char *name = message_text(w, "eventType", MESSAGE_ID_MOST, false);
	const char *ours = type == PAY_SUCCEEDED ? "payment.success" : "payment.failed";

	if (name != NULL && strcmp(name, ours) != 0 && w->why == NULL)
		w->why = "eventType is not that of the topic";
}

/* The members; faults are noted. */
static void
read_members(struct message_reader *w, struct payment_message *out)
{
	struct pay_event *ev = &out->event;
	struct message_reader payload;
	const char *version;

	ev->id = message_text(w, "eventId", MESSAGE_ID_MOST, true);
	check_type(w, ev->type);
	version = message_text(w, "version", MESSAGE_ID_MOST, false);
	if (version != NULL && strcmp(version, ENVELOPE_VERSION) != 0 && w->why == NULL)
		w->why = "version is not 1.0";
	out->correlation_id = message_text(w, "correlationId", MESSAGE_ID_MOST, false);
	payload = message_within(w, "payload", "payload.");
	ev->has_booking = message_uuid(&payload, "bookingId", true, &ev->booking_id);
	if (ev->has_booking && !is_booking_id(&ev->booking_id) && payload.why == NULL)
		payload.why = "payload.bookingId is not the id of a booking";
	/* Without it nobody could tell a payment that is told again from another one. */
	ev->gateway_ref = message_text(&payload, "transactionId", MESSAGE_ID_MOST,
	                               ev->type == PAY_SUCCEEDED);
	ev->currency = message_currency(&payload, "currency", false);
	if (ev->currency == NULL)
		ev->amount_major = message_number(&payload, "amount");
	else
		ev->amount_minor = message_amount(&payload, "amount", ev->currency, false);
	if (w->why == NULL)
		w->why = payload.why;
}

enum err
payment_message_read(TALLOC_CTX *ctx, enum pay_event_type type, const char *value, size_t len,
                     struct payment_message *out, const char **why)
{
	struct message_reader w = { .ctx = ctx, .within = "" };
	cJSON *tree = message_parse(ctx, value, len, why);

	*out = (struct payment_message){ .source = "kafka", .final = true };
	out->event = (struct pay_event){ .type = type, .amount_minor = -1, .amount_major = -1 };
	if (tree == NULL)
		return ERR_VALIDATION_ERROR;
	w.object = tree;
	read_members(&w, out);
	cJSON_Delete(tree);
	*why = w.why;
	return w.why == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}
