/*
 * Any bytes as the payload of a journal row, told as messages that are JSON; and as a message
 * from Kafka, which is taken, or refused with a reason. A first line names the row's type.
 */

#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"
#include "relay/message.h"
#include "daemon/reserve_message.h"
#include "daemon/payment_message.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

static void
must_be_json(TALLOC_CTX *ctx, const char *text, size_t len)
{
	struct json_fault fault;

	must(strlen(text) == len);
	must(text[0] == '{' && text[len - 1] == '}');
	must(json_check(ctx, text, len, &fault) == ERR_OK);
}

static void
tell(TALLOC_CTX *ctx, const char *type, const char *payload)
{
	struct journal_row row = { .at = { 9, 5 },
		                   .event_id = 7,
		                   .has_booking = true,
		                   .user_id = "u",
		                   .booking_id = { { 1, [6] = 0x70, [8] = 0x80, [15] = 7 } },
		                   .correlation_id = NULL,
		                   .type = type,
		                   .payload = payload };
	struct message_redis redis[MESSAGES_REDIS];
	struct message_kafka kafka[MESSAGES_KAFKA];
	bool first, second;
	size_t n = message_for_redis(ctx, &row, redis, &first);

	must(n >= 1 && n <= MESSAGES_REDIS);
	for (size_t i = 0; i < n; i++)
		must_be_json(ctx, redis[i].text, redis[i].len);
	n = message_for_kafka(ctx, &row, kafka, &second);
	must(n >= 1 && n <= MESSAGES_KAFKA && first == second);
	for (size_t i = 0; i < n; i++) {
		must_be_json(ctx, kafka[i].value, kafka[i].len);
		must(*kafka[i].topic != '\0' && strlen(kafka[i].topic) <= 249);
		must(strlen(kafka[i].key) == UUID_TEXT - 1);
	}
}

static void
take(TALLOC_CTX *ctx, const char *value, size_t len)
{
	struct reserve_message asked = { .event_id = 0 };
	const char *why = NULL;
	enum err e = reserve_message_read(ctx, value, len, &asked, &why);

	must(e == ERR_OK || e == ERR_VALIDATION_ERROR);
	if (e == ERR_OK)
		must(why == NULL && asked.event_id >= 1 &&
		     uuid_event(&asked.booking_id) == asked.event_id);
	else
		must(why != NULL && *why != '\0' && strlen(why) < 200);
}

static void
take_payment(TALLOC_CTX *ctx, enum pay_event_type type, const char *value, size_t len)
{
	struct payment_message message;
	const struct pay_event *ev = &message.event;
	const char *why = NULL;
	enum err e = payment_message_read(ctx, type, value, len, &message, &why);

	must(e == ERR_OK || e == ERR_VALIDATION_ERROR);
	if (e == ERR_OK) {
		must(why == NULL && ev->type == type && message.final);
		must(strcmp(message.source, "kafka") == 0 && ev->id != NULL && *ev->id != '\0');
		must(ev->has_booking && uuid_event(&ev->booking_id) >= 1);
		must(ev->amount_minor == -1 || (ev->amount_minor >= 0 && ev->currency != NULL));
		must(ev->currency == NULL || ev->amount_major < 0);
	} else {
		must(why != NULL && *why != '\0' && strlen(why) < 200);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text = talloc_strndup(ctx, (const char *)data, size), *line = strchr(text, '\n');
	struct json_fault fault;

	take(ctx, (const char *)data, size);
	take_payment(ctx, PAY_SUCCEEDED, (const char *)data, size);
	take_payment(ctx, PAY_FAILED, (const char *)data, size);
	if (line != NULL) {
		*line = '\0';
		/* A type is text of ours: UTF-8 without control characters. */
		if (json_check(ctx, talloc_asprintf(ctx, "\"%s\"", text), strlen(text) + 2,
		               &fault) == ERR_OK)
			tell(ctx, text, line + 1);
	}
	talloc_free(ctx);
	return 0;
}
