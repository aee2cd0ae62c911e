/* Messages about payments are read strictly (daemon/payment_message.h). */
#include <string.h>

#include "ctx_case.h"

#include "daemon/payment_message.h"

#define BOOKING "0197aaaa-0000-7000-8000-000000000007"
#define ID      "\"bookingId\":\"" BOOKING "\""
#define DATA    ID ",\"transactionId\":\"tx-1\""

static struct payment_message message;
static const char *why;

static enum err
take_as(enum pay_event_type type, const char *value)
{
	memset(&message, 0xff, sizeof(message));
	why = "something";
	return payment_message_read(ctx, type, value, strlen(value), &message, &why);
}

static enum err
take(const char *value)
{
	return take_as(PAY_SUCCEEDED, value);
}

/* A message with this payload, as little as may be around it. */
static enum err
take_payload(const char *members)
{
	return take(talloc_asprintf(ctx, "{\"eventId\":\"e\",\"payload\":{%s}}", members));
}

static void
taken(enum err e)
{
	if (e != ERR_OK)
		fail_msg("refused: %s", why);
	assert_null(why);
}

static void
refused(enum err e, const char *reason)
{
	assert_int_equal(e, ERR_VALIDATION_ERROR);
	assert_string_equal(why, reason);
}

static void
test_read_with_everything(void **state)
{
	struct uuid booking;

	(void)state;
	taken(take("{\"eventId\":\"e-1\",\"eventType\":\"payment.success\",\"timestamp\":"
	           "\"2026-01-31T00:10:00.250Z\",\"version\":\"1.0\",\"correlationId\":\"c-1\","
	           "\"mood\":{\"a\":[1]},"
	           "\"payload\":{" DATA ",\"amount\":150.5,"
	           "\"currency\":\"EUR\","
	           "\"userId\":\"42\"}}"));
	assert_int_equal(message.event.type, PAY_SUCCEEDED);
	assert_string_equal(message.event.id, "e-1");
	assert_string_equal(message.correlation_id, "c-1");
	assert_string_equal(message.source, "kafka");
	assert_string_equal(message.event.gateway_ref, "tx-1");
	assert_string_equal(message.event.currency, "EUR");
	assert_int_equal(message.event.amount_minor, 15050);
	assert_true(message.event.has_booking && uuid_parse(BOOKING, &booking));
	assert_memory_equal(&message.event.booking_id, &booking, sizeof(booking));
	assert_null(message.event.session);
	assert_false(message.event.has_refund);
}

static void
test_read_with_as_little_as_may_be(void **state)
{
	(void)state;
	taken(take("{\"eventId\":\"e\",\"payload\":{" DATA ",\"amount\":null}}"));
	assert_null(message.correlation_id);
	assert_string_equal(message.event.gateway_ref, "tx-1");
	assert_null(message.event.currency);
	assert_int_equal(message.event.amount_minor, -1);
	assert_true(message.event.amount_major < 0);
	taken(take_as(PAY_FAILED, "{\"eventId\":\"e\",\"payload\":{" ID "}}"));
	assert_null(message.event.gateway_ref);
}

/* There is no other attempt behind it, and why it failed may be any text of any length. */
static void
test_read_failure_is_final(void **state)
{
	char *reason = talloc_zero_size(ctx, 2000);

	(void)state;
	memset(reason, 'x', 1999);
	taken(take_as(PAY_FAILED, talloc_asprintf(ctx,
	                                          "{\"eventId\":\"e\",\"payload\":{" DATA
	                                          ",\"reason\":\"no\\nmoney %s\"}}",
	                                          reason)));
	assert_int_equal(message.event.type, PAY_FAILED);
	assert_true(message.final);
	taken(take_as(PAY_FAILED, "{\"eventId\":\"e\",\"payload\":{" DATA ",\"reason\":null}}"));
	taken(take_as(PAY_FAILED, "{\"eventId\":\"e\",\"payload\":{" DATA ",\"reason\":51}}"));
}

static void
test_read_what_is_no_message(void **state)
{
	(void)state;
	refused(take(""), "not JSON: a value is missing, at byte 0");
	refused(take("payment"), "not JSON: something that is no value, at byte 0");
	refused(take("{\"eventId\":\"e\",}"), "not JSON: a name in quotes is missing, at byte 15");
	refused(take("{\"eventId\":\"e\",\"eventId\":\"f\"}"),
	        "not JSON: a name that its object already has, at byte 15");
	refused(take("[]"), "not a JSON object");
	refused(take("null"), "not a JSON object");
	refused(take("\"" BOOKING "\""), "not a JSON object");
	assert_int_equal(payment_message_read(ctx, PAY_SUCCEEDED, "{}\0{}", 5, &message, &why),
	                 ERR_VALIDATION_ERROR);
	assert_non_null(strstr(why, "not JSON: "));
}

static void
test_read_envelope_with_faults(void **state)
{
	char *name = talloc_zero_size(ctx, 257);

	(void)state;
	memset(name, 'x', 256);
	refused(take("{}"), "eventId is missing");
	refused(take("{\"eventid\":\"e\",\"payload\":{" DATA "}}"), "eventId is missing");
	refused(take("{\"eventId\":\"\",\"payload\":{" DATA "}}"), "eventId is empty");
	refused(take("{\"eventId\":7,\"payload\":{" DATA "}}"), "eventId is not a string");
	refused(take("{\"eventId\":\"a\\u0007\",\"payload\":{" DATA "}}"),
	        "eventId has control characters");
	refused(take(talloc_asprintf(ctx, "{\"eventId\":\"%s\",\"payload\":{" DATA "}}", name)),
	        "eventId is too long");
	refused(take("{\"eventId\":\"e\"}"), "payload is missing");
	refused(take("{\"eventId\":\"e\",\"payload\":null}"), "payload is missing");
	refused(take("{\"eventId\":\"e\",\"payload\":[]}"), "payload is not an object");
	refused(take("{\"eventId\":\"e\",\"payload\":\"" BOOKING "\"}"),
	        "payload is not an object");
	refused(take("{\"eventId\":\"e\",\"version\":\"2.0\",\"payload\":{" DATA "}}"),
	        "version is not 1.0");
	refused(take("{\"eventId\":\"e\",\"version\":1.0,\"payload\":{" DATA "}}"),
	        "version is not a string");
	refused(take("{\"eventId\":\"e\",\"correlationId\":[],\"payload\":{" DATA "}}"),
	        "correlationId is not a string");
}

static void
test_read_from_the_other_topic(void **state)
{
	static const char failed[] =
	    "{\"eventId\":\"e\",\"eventType\":\"payment.failed\",\"payload\":{" DATA "}}";
	static const char succeeded[] =
	    "{\"eventId\":\"e\",\"eventType\":\"payment.success\",\"payload\":{" DATA "}}";

	(void)state;
	refused(take_as(PAY_SUCCEEDED, failed), "eventType is not that of the topic");
	refused(take_as(PAY_FAILED, succeeded), "eventType is not that of the topic");
	taken(take_as(PAY_FAILED, failed));
	taken(take_as(PAY_SUCCEEDED, succeeded));
	refused(take("{\"eventId\":\"e\",\"eventType\":\"PaymentSucceeded\",\"payload\":{" DATA
	             "}}"),
	        "eventType is not that of the topic");
	refused(take("{\"eventId\":\"e\",\"eventType\":\"payment.succeeded\",\"payload\":{" DATA
	             "}}"),
	        "eventType is not that of the topic");
	taken(take("{\"eventId\":\"e\",\"eventType\":null,\"payload\":{" DATA "}}"));
	refused(take("{\"eventId\":\"e\",\"eventType\":1,\"payload\":{" DATA "}}"),
	        "eventType is not a string");
}

static void
test_read_booking(void **state)
{
	static const char none[] = "payload.bookingId is not the id of a booking";

	(void)state;
	refused(take_payload(""), "payload.bookingId is missing");
	refused(take_payload("\"bookingId\":null"), "payload.bookingId is missing");
	refused(take_payload("\"booking_id\":\"" BOOKING "\""), "payload.bookingId is missing");
	refused(take_payload("\"bookingId\":7"), "payload.bookingId is not a string");
	refused(take_payload("\"bookingId\":\"\""), "payload.bookingId is empty");
	refused(take_payload("\"bookingId\":\"7\""), "payload.bookingId is not a UUID");
	refused(take_payload("\"bookingId\":\"0197aaaa-0000-4000-8000-000000000007\""), none);
	refused(take_payload("\"bookingId\":\"0197aaaa-0000-7000-8000-000000000000\""), none);
}

static void
test_read_transaction(void **state)
{
	(void)state;
	refused(take_payload(ID), "payload.transactionId is missing");
	refused(take_payload(ID ",\"transactionId\":null"), "payload.transactionId is missing");
	refused(take_payload(ID ",\"transactionId\":12"), "payload.transactionId is not a string");
	refused(take_payload(ID ",\"transactionId\":\"\""), "payload.transactionId is empty");
	refused(take_payload(ID ",\"transactionId\":\"a\\nb\""),
	        "payload.transactionId has control characters");
}

static void
test_read_amount_with_its_currency(void **state)
{
	static const char fine[] =
	    "payload.amount is negative, too large, or finer than its currency";

	(void)state;
	taken(take_payload(DATA ",\"amount\":20,\"currency\":\"JPY\""));
	assert_int_equal(message.event.amount_minor, 20);
	taken(take_payload(DATA ",\"amount\":0.1,\"currency\":\"EUR\""));
	assert_int_equal(message.event.amount_minor, 10);
	taken(take_payload(DATA ",\"currency\":\"EUR\""));
	assert_int_equal(message.event.amount_minor, -1);
	assert_string_equal(message.event.currency, "EUR");
	refused(take_payload(DATA ",\"amount\":\"20\",\"currency\":\"EUR\""),
	        "payload.amount is not a number");
	refused(take_payload(DATA ",\"amount\":-1,\"currency\":\"EUR\""), fine);
	refused(take_payload(DATA ",\"amount\":0.001,\"currency\":\"EUR\""), fine);
	refused(take_payload(DATA ",\"amount\":1.5,\"currency\":\"JPY\""), fine);
	refused(take_payload(DATA ",\"amount\":1e300,\"currency\":\"EUR\""), fine);
	refused(take_payload(DATA ",\"amount\":20,\"currency\":\"eur\""),
	        "payload.currency is not a currency of ISO 4217");
	refused(take_payload(DATA ",\"amount\":20,\"currency\":978"),
	        "payload.currency is not a string");
}

/* It is in the booking's currency then, which nobody knows here. */
static void
test_read_amount_without_currency(void **state)
{
	(void)state;
	taken(take_payload(DATA ",\"amount\":20.5"));
	assert_int_equal(message.event.amount_minor, -1);
	assert_true(message.event.amount_major > 20.4 && message.event.amount_major < 20.6);
	taken(take_payload(DATA ",\"amount\":0"));
	assert_true(message.event.amount_major >= 0);
	refused(take_payload(DATA ",\"amount\":-0.01"), "payload.amount is negative");
	refused(take_payload(DATA ",\"amount\":\"20\""), "payload.amount is not a number");
	refused(take_payload(DATA ",\"amount\":true"), "payload.amount is not a number");
}

/* The first of several faults is told, from the outside inwards. */
static void
test_read_several_faults(void **state)
{
	(void)state;
	refused(take("{\"version\":\"2.0\",\"payload\":{\"bookingId\":7}}"), "eventId is missing");
	refused(take("{\"eventId\":\"e\",\"version\":\"2.0\",\"payload\":{\"bookingId\":7}}"),
	        "version is not 1.0");
	refused(take_payload("\"amount\":-1"), "payload.bookingId is missing");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_with_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_with_as_little_as_may_be, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_read_failure_is_final, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_what_is_no_message, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_envelope_with_faults, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_from_the_other_topic, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_booking, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_transaction, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_amount_with_its_currency, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_read_amount_without_currency, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_several_faults, setup, teardown),
	};

	return cmocka_run_group_tests_name("message_payment", tests, NULL, NULL);
}
