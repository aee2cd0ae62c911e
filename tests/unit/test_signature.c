#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "pay/signature.h"

#define NOW    INT64_C(1700000000)
#define SECRET "whsec_one"
#define BODY   "{\"id\":\"evt_1\"}"
/* printf '1700000000.{"id":"evt_1"}' | openssl dgst -sha256 -hmac whsec_one */
#define HEX   "401fbbceeb3818dc562ff77127ba1c62e47e24c9c6cde4d7a6eba85e32dbd058"
#define WRONG "0000000000000000000000000000000000000000000000000000000000000000"

static bool
is_good(const char *secrets, const char *header)
{
	return signature_check(secrets, header, BODY, strlen(BODY), NOW);
}

static void
test_signature_make_signs_time_and_body(void **state)
{
	char out[SIGNATURE_TEXT];

	(void)state;
	assert_ptr_equal(signature_make(SECRET, NOW, BODY, strlen(BODY), out), out);
	assert_string_equal(out, "t=1700000000,v1=" HEX);
}

static void
test_signature_make_takes_the_first_secret(void **state)
{
	char one[SIGNATURE_TEXT], both[SIGNATURE_TEXT];

	(void)state;
	signature_make(SECRET, NOW, BODY, strlen(BODY), one);
	signature_make(" ," SECRET " , other", NOW, BODY, strlen(BODY), both);
	assert_string_equal(one, both);
}

static void
test_signature_make_without_a_secret(void **state)
{
	char out[SIGNATURE_TEXT];

	(void)state;
	assert_null(signature_make("", NOW, BODY, strlen(BODY), out));
	assert_null(signature_make(" , ,", NOW, BODY, strlen(BODY), out));
}

static void
test_signature_make_of_any_time_has_room(void **state)
{
	char out[SIGNATURE_TEXT];

	(void)state;
	signature_make(SECRET, INT64_MIN, "", 0, out);
	assert_int_equal(strlen(out), strlen("t=-9223372036854775808,v1=") + 64);
}

static void
test_signature_check_good(void **state)
{
	(void)state;
	assert_true(is_good(SECRET, "t=1700000000,v1=" HEX));
	assert_true(is_good("other," SECRET, "t=1700000000,v1=" HEX));
	assert_true(is_good(SECRET, "t=1700000000,v1=" WRONG ",v1=" HEX));
	assert_true(is_good(SECRET, "t=1700000000,v1=" HEX ",v1=" WRONG));
}

static void
test_signature_check_upper_case_digits(void **state)
{
	char header[] = "t=1700000000,v1=" HEX;

	(void)state;
	for (char *p = strrchr(header, '=') + 1; *p != '\0'; p++)
		*p = *p >= 'a' ? (char)(*p - 'a' + 'A') : *p;
	assert_true(is_good(SECRET, header));
}

static void
test_signature_check_forged(void **state)
{
	char header[] = "t=1700000000,v1=" HEX;

	(void)state;
	assert_false(is_good(SECRET, "t=1700000000,v1=" WRONG));
	assert_false(is_good("other", "t=1700000000,v1=" HEX));
	assert_false(signature_check(SECRET, header, BODY " ", strlen(BODY) + 1, NOW));
	assert_false(signature_check(SECRET, "t=1700000001,v1=" HEX, BODY, strlen(BODY), NOW));
	for (size_t i = strlen("t=1700000000,v1="); i < strlen(header); i++) {
		char was = header[i];

		header[i] = was == '0' ? '1' : '0';
		assert_false(is_good(SECRET, header));
		header[i] = was;
	}
	assert_true(is_good(SECRET, header));
}

/* Whoever knows that no secret is set could sign with the empty one. */
static void
test_signature_check_with_the_empty_secret(void **state)
{
	/* what HMAC makes of the same with a key of no bytes */
	static const char empty[] =
	    "t=1700000000,v1=0544cee61c7f21c4f8ddaa03818d769214fe1cee99d6a47c009139d400184359";

	(void)state;
	assert_false(is_good("", empty));
	assert_false(is_good(",", empty));
	assert_false(is_good(SECRET ",", empty));
	assert_false(is_good("", "t=1700000000,v1=" HEX));
}

static void
test_signature_check_at_the_edge_of_its_time(void **state)
{
	static const char header[] = "t=1700000000,v1=" HEX;

	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		assert_true(signature_check(SECRET, header, BODY, strlen(BODY),
		                            NOW + sign * SIGNATURE_GOOD_S));
		assert_false(signature_check(SECRET, header, BODY, strlen(BODY),
		                             NOW + sign * (SIGNATURE_GOOD_S + 1)));
	}
}

static void
test_signature_check_not_of_the_form(void **state)
{
	static const char *const headers[] = {
		"",
		"t=",
		"t=1700000000",
		"t=1700000000,",
		"t=1700000000,v1=",
		"v1=" HEX,
		"v1=" HEX ",t=1700000000",
		"t=1700000000;v1=" HEX,
		"t=1700000000, v1=" HEX,
		" t=1700000000,v1=" HEX,
		"t=1700000000,v1=" HEX " ",
		"t=1700000000,v1=" HEX ",",
		"t=1700000000,v1=" HEX "0",
		"t=1700000000,v1=" HEX ",v0=" HEX,
		"t=1700000000,v2=" HEX,
		"t=1700000000,V1=" HEX,
		"t=+1700000000,v1=" HEX,
		"t=-1700000000,v1=" HEX,
		"t=1700000000.0,v1=" HEX,
		"t=1700000000000,v1=" HEX,
		"t=99999999999999999999,v1=" HEX,
		"t=1700000000,t=1700000000,v1=" HEX,
		"t=1700000000,v1=g" HEX,
	};

	(void)state;
	assert_false(is_good(SECRET, NULL));
	for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
		if (is_good(SECRET, headers[i]))
			fail_msg("taken: %s", headers[i]);
	}
}

static void
test_signature_check_of_too_many(void **state)
{
	char header[SIGNATURE_MOST + 200] = "t=1700000000";

	(void)state;
	for (int i = 1; i <= 9; i++) {
		strcat(header, i == 1 ? ",v1=" HEX : ",v1=" WRONG);
		assert_int_equal(is_good(SECRET, header), i <= 8);
	}
	memset(header, 'x', sizeof(header) - 1);
	assert_false(is_good(SECRET, header));
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_signature_make_signs_time_and_body),
		cmocka_unit_test(test_signature_make_takes_the_first_secret),
		cmocka_unit_test(test_signature_make_without_a_secret),
		cmocka_unit_test(test_signature_make_of_any_time_has_room),
		cmocka_unit_test(test_signature_check_good),
		cmocka_unit_test(test_signature_check_upper_case_digits),
		cmocka_unit_test(test_signature_check_forged),
		cmocka_unit_test(test_signature_check_with_the_empty_secret),
		cmocka_unit_test(test_signature_check_at_the_edge_of_its_time),
		cmocka_unit_test(test_signature_check_not_of_the_form),
		cmocka_unit_test(test_signature_check_of_too_many),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
