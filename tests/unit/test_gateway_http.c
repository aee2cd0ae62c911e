#include <stdio.h>
#include <string.h>

#include "ctx_case.h"

#include "pay/provider.h"
#include "pay/signature.h"

#define NOW     INT64_C(1700000000)
#define BOOKING "0197aaaa-0000-7000-8000-000000000007"
#define REFUND  "0197aaaa-0000-7000-8000-000000000008"
#define DATA    "\"bookingId\":\"" BOOKING "\""

static const struct pay_gateway gateway = { .url = "", .secrets = "one,two" };

static struct pay_event event;
static const char *why;

/* Reads a body that is well signed. */
static enum err
take(const char *body)
{
	char signature[SIGNATURE_TEXT];

	signature_make("two", NOW, body, strlen(body), signature);
	memset(&event, 0xff, sizeof(event));
	return pay_gateway_http.read(ctx, &gateway, signature, body, strlen(body), NOW, &event,
	                             &why);
}

/* A call-back with these data, of this type. */
static enum err
take_data(const char *type, const char *data)
{
	return take(talloc_asprintf(ctx,
	                            "{\"id\":\"evt_1\",\"type\":\"%s\",\"created\":"
	                            "\"2026-01-31T00:10:00.250Z\",\"data\":{%s}}",
	                            type, data));
}

static void
refused(enum err e, const char *reason)
{
	assert_int_equal(e, ERR_VALIDATION_ERROR);
	assert_string_equal(why, reason);
}

static void
test_read_payment_with_everything(void **state)
{
	struct uuid booking;

	(void)state;
	assert_int_equal(
	    take_data("payment.succeeded",
	              "\"sessionId\":\"cs_1\"," DATA ",\"amount\":150.5,\"currency\":\"EUR\","
	              "\"gatewayRef\":\"ch_1\",\"reason\":\"none\",\"mood\":{\"a\":[1]}"),
	    ERR_OK);
	assert_null(why);
	assert_int_equal(event.type, PAY_SUCCEEDED);
	assert_string_equal(event.id, "evt_1");
	assert_string_equal(event.session, "cs_1");
	assert_string_equal(event.gateway_ref, "ch_1");
	assert_string_equal(event.currency, "EUR");
	assert_true(event.amount_major > 150.49 && event.amount_major < 150.51);
	assert_true(event.has_booking && uuid_parse(BOOKING, &booking));
	assert_memory_equal(&event.booking_id, &booking, sizeof(booking));
	assert_false(event.has_refund);
}

static void
test_read_refund(void **state)
{
	struct uuid refund;

	(void)state;
	assert_int_equal(take_data("refund.failed", DATA ",\"refundId\":\"" REFUND "\""), ERR_OK);
	assert_int_equal(event.type, PAY_REFUND_FAILED);
	assert_true(event.has_refund && uuid_parse(REFUND, &refund));
	assert_memory_equal(&event.refund_id, &refund, sizeof(refund));
	/* A refund that we did not ask for is called as the gateway likes, and always the same. */
	assert_int_equal(take_data("refund.succeeded", DATA ",\"refundId\":\"dp_1\""), ERR_OK);
	refund = event.refund_id;
	assert_string_equal(event.refund_name, "dp_1");
	assert_int_equal(take_data("refund.succeeded", DATA ",\"refundId\":\"dp_2\""), ERR_OK);
	assert_memory_not_equal(&event.refund_id, &refund, sizeof(refund));
	assert_int_equal(take_data("refund.succeeded", DATA ",\"refundId\":\"dp_1\""), ERR_OK);
	assert_true(event.has_refund);
	assert_memory_equal(&event.refund_id, &refund, sizeof(refund));
	refused(take_data("refund.succeeded", DATA ",\"refundId\":\"\""), "data.refundId is empty");
}

static void
test_read_with_as_little_as_may_be(void **state)
{
	(void)state;
	assert_int_equal(take("{\"id\":\"e\",\"type\":\"payment.expired\",\"data\":{" DATA
	                      ",\"sessionId\":null}}"),
	                 ERR_OK);
	assert_int_equal(event.type, PAY_EXPIRED);
	assert_null(event.session);
	assert_null(event.gateway_ref);
	assert_null(event.currency);
	assert_int_equal(event.amount_minor, -1);
	assert_true(event.amount_major < 0);
}

static void
test_read_every_type(void **state)
{
	(void)state;
	assert_int_equal(take_data("payment.failed", DATA), ERR_OK);
	assert_int_equal(event.type, PAY_FAILED);
	assert_int_equal(take_data("refund.succeeded", DATA), ERR_OK);
	assert_int_equal(event.type, PAY_REFUNDED);
	refused(take_data("payment.refunded", DATA), "type is not known");
	refused(take_data("", DATA), "type is empty");
	refused(take_data("PAYMENT.FAILED", DATA), "type is not known");
}

static void
test_read_with_a_bad_signature(void **state)
{
	static const char body[] = "{\"id\":\"e\",\"type\":\"payment.expired\",\"data\":{" DATA
				   "}}";
	static const char *const others[] = { "three", "on" };
	char signature[SIGNATURE_TEXT];

	(void)state;
	for (size_t i = 0; i < 2; i++) {
		signature_make(others[i], NOW, body, strlen(body), signature);
		assert_int_equal(pay_gateway_http.read(ctx, &gateway, signature, body, strlen(body),
		                                       NOW, &event, &why),
		                 ERR_UNAUTHORIZED);
		assert_null(why);
	}
	signature_make("one", NOW - 301, body, strlen(body), signature);
	assert_int_equal(pay_gateway_http.read(ctx, &gateway, signature, body, strlen(body), NOW,
	                                       &event, &why),
	                 ERR_UNAUTHORIZED);
	assert_int_equal(pay_gateway_http.read(ctx, &gateway, NULL, body, strlen(body), NOW, &event,
	                                       &why),
	                 ERR_UNAUTHORIZED);
}

static void
test_read_what_is_no_object(void **state)
{
	(void)state;
	assert_int_equal(take(""), ERR_VALIDATION_ERROR);
	assert_int_equal(take("{\"id\":\"e\",\"id\":\"f\"}"), ERR_VALIDATION_ERROR);
	refused(take("[]"), "not a JSON object");
	refused(take("7"), "not a JSON object");
	refused(take("{}x"), "not JSON: more than one value, at byte 2");
}

static void
test_read_members_of_a_wrong_type(void **state)
{
	(void)state;
	refused(take("{}"), "id is missing");
	refused(take("{\"id\":5}"), "id is not a string");
	refused(take("{\"id\":\"e\"}"), "type is missing");
	refused(take("{\"id\":\"e\",\"type\":\"payment.failed\"}"), "data is missing");
	refused(take("{\"id\":\"e\",\"type\":\"payment.failed\",\"data\":[]}"),
	        "data is not an object");
	refused(take_data("payment.failed", ""), "data.bookingId is missing");
	refused(take_data("payment.failed", "\"bookingId\":\"7\""), "data.bookingId is not a UUID");
	refused(take_data("refund.failed", DATA ",\"refundId\":{}"),
	        "data.refundId is not a string");
	refused(take_data("payment.failed", DATA ",\"sessionId\":true"),
	        "data.sessionId is not a string");
}

/* When it was made, and why it failed: whatever a gateway says of that, its message is understood. */
static void
test_read_what_is_of_no_use(void **state)
{
	static const char *const values[] = { "null",      "17",   "1700000000.5", "[]",
		                              "{\"a\":1}", "\"\"", "\"noon\"",     "\"a\\nb\"" };
	char *text = talloc_zero_size(ctx, 2000);

	(void)state;
	memset(text, 'x', 1999);
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++)
		assert_int_equal(take(talloc_asprintf(ctx,
		                                      "{\"id\":\"e\",\"type\":\"payment.failed\","
		                                      "\"created\":%s,\"data\":{" DATA
		                                      ",\"reason\":%s}}",
		                                      values[i], values[i])),
		                 ERR_OK);
	assert_int_equal(take_data("payment.failed",
	                           talloc_asprintf(ctx, DATA ",\"reason\":\"%s\"", text)),
	                 ERR_OK);
}

static void
test_read_texts_of_any_length(void **state)
{
	char *id = talloc_strdup(ctx, "");

	(void)state;
	for (int i = 0; i < 255; i++)
		id = talloc_strdup_append(id, "x");
	assert_int_equal(take_data("payment.failed",
	                           talloc_asprintf(ctx, DATA ",\"sessionId\":\"%s\"", id)),
	                 ERR_OK);
	refused(take_data("payment.failed",
	                  talloc_asprintf(ctx, DATA ",\"sessionId\":\"%sx\"", id)),
	        "data.sessionId is too long");
}

/* Whether it is as fine as its currency, and not too large, payment_settle says. */
static void
test_read_amounts(void **state)
{
	static const char *const currencies[] = { "", ",\"currency\":\"EUR\"",
		                                  ",\"currency\":\"JPY\"" };
	static const struct {
		const char *text;
		double amount;
	} amounts[] = { { "0", 0 },
		        { "0.01", 0.01 },
		        { "150.10", 150.10 },
		        { "1.501e2", 150.1 },
		        { "999999999.995", 999999999.995 },
		        { "1e300", 1e300 } };

	(void)state;
	for (size_t i = 0; i < 3; i++) {
		for (size_t k = 0; k < sizeof(amounts) / sizeof(amounts[0]); k++) {
			assert_int_equal(take_data("payment.succeeded",
			                           talloc_asprintf(ctx, DATA ",\"amount\":%s%s",
			                                           amounts[k].text, currencies[i])),
			                 ERR_OK);
			assert_int_equal(event.amount_minor, -1);
			assert_true(event.amount_major <= amounts[k].amount &&
			            event.amount_major >= amounts[k].amount);
		}
		assert_int_equal(event.currency == NULL, i == 0);
	}
	refused(take_data("payment.succeeded", DATA ",\"amount\":-5"), "data.amount is negative");
	refused(take_data("payment.succeeded", DATA ",\"amount\":\"5\",\"currency\":\"EUR\""),
	        "data.amount is not a number");
	refused(take_data("payment.succeeded", DATA ",\"amount\":5,\"currency\":\"eur\""),
	        "data.currency is not a currency of ISO 4217");
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_read_payment_with_everything, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_refund, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_with_as_little_as_may_be, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_read_every_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_with_a_bad_signature, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_what_is_no_object, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_members_of_a_wrong_type, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_what_is_of_no_use, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_texts_of_any_length, setup, teardown),
		cmocka_unit_test_setup_teardown(test_read_amounts, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
