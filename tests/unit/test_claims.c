/* Claims of tokens that are signed well: times, parties, who it is and as what. */

#include "token_case.h"

#include "auth/claims.h"

static void
test_token_verify_claims_are_strict_json(void **state)
{
	static const char *const claims[] = {
		"[]",
		"null",
		"\"x\"",
		"{",
		"{" GOOD "}x",
		"{" GOOD ",\"a\":\"\xff\"}",
		"{" GOOD ",\"a\":NaN}",
		"{" GOOD ",}",
		"{" GOOD ",\"sub\":\"1\"}",
		"{" GOOD ",\"SUB\":\"1\"}",
		"{" GOOD ",\"s\\u0075b\":\"1\"}",
		"{" GOOD ",\"Exp\":1}",
		"{\"role\":\"admin\"," GOOD ",\"role\":\"buyer\"}",
		"{" GOOD ",\"a\":{\"b\":1,\"b\":2}}",
		"{\"sub\":\"a\\u0000b\",\"exp\":1700000060}",
		"{\"sub\":\"42\",\"exp\":01700000060}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(claims); i++)
		assert_bad_because(sign(HS256, claims[i]), "the claims are not a JSON object");
}

static void
test_token_verify_exp(void **state)
{
	static const char *const bad[] = {
		"0",
		"-1",
		"1699999999",
		"1700000000",
		"1700000000.0",
		"1.7e9",
		"\"1700000060\"",
		"null",
		"true",
		"[]",
		"[1700000060]",
		"{}",
		"1e999",
		"-1e999",
		"1e-999",
	};
	static const char *const good[] = { "1700000001", "1700000000.5", "1.7000001e9", "1E12",
		                            "9007199254740993" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_bad(
		    sign(HS256, talloc_asprintf(ctx, "{\"sub\":\"42\",\"exp\":%s}", bad[i])));
	for (size_t i = 0; i < COUNT(good); i++)
		assert_good(
		    sign(HS256, talloc_asprintf(ctx, "{\"sub\":\"42\",\"exp\":%s}", good[i])));
	assert_bad_because(sign(HS256, "{\"sub\":\"42\"}"), "exp is missing or no number");
	assert_bad_because(sign(HS256, "{\"sub\":\"42\",\"exp\":1700000000}"), "expired");
}

static void
test_token_verify_nbf(void **state)
{
	static const char *const bad[] = { "1700000001", "1700000000.5", "1e300", "\"0\"",
		                           "null",       "[]",           "false" };
	static const char *const good[] = { "1700000000", "1699999999.9", "0", "-5" };

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_bad(with(talloc_asprintf(ctx, "\"nbf\":%s", bad[i])));
	for (size_t i = 0; i < COUNT(good); i++)
		assert_good(with(talloc_asprintf(ctx, "\"nbf\":%s", good[i])));
}

static void
test_token_verify_sub(void **state)
{
	static const char *const bad[] = {
		"\"\"",     "42",          "null",         "true",
		"[\"a\"]",  "{\"a\":1}",   "\"a\\nb\"",    "\"\\u007f\"",
		"\"\x7f\"", "\"\\u0080\"", "\"\xc2\x9f\"", "\"\\u001f\"",
	};
	char name[300];

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_bad(
		    sign(HS256, talloc_asprintf(ctx, "{\"sub\":%s,\"exp\":1700000060}", bad[i])));
	assert_bad(sign(HS256, "{\"exp\":1700000060}"));
	memset(name, 'x', sizeof(name));
	for (size_t n = SUB_MAX_BYTES; n <= SUB_MAX_BYTES + 1; n++) {
		char *jwt = sign(HS256,
		                 talloc_asprintf(ctx, "{\"sub\":\"%.*s\",\"exp\":1700000060}",
		                                 (int)n, name));

		if (n <= SUB_MAX_BYTES)
			assert_good(jwt);
		else
			assert_bad(jwt);
	}
	assert_good(sign(HS256, "{\"sub\":\"auth0|\\u00e9\xc2\xa0\\\"\\/\",\"exp\":1700000060}"));
	assert_string_equal(who.sub, "auth0|\xc3\xa9\xc2\xa0\"/");
}

/* 128 letters, but 256 bytes. */
static void
test_token_verify_sub_counts_bytes(void **state)
{
	char *sub = talloc_strdup(ctx, "");

	(void)state;
	for (int i = 0; i < 128; i++)
		sub = talloc_asprintf_append(sub, "\\u00e9");
	assert_bad(sign(HS256, talloc_asprintf(ctx, "{\"sub\":\"%s\",\"exp\":1700000060}", sub)));
}

static void
test_token_verify_name_that_cannot_be_shown(void **state)
{
	static const char *const names[] = { "7", "null", "[\"Ann\"]", "\"Ann\\nAdmin\"",
		                             "\"\\u0085\"" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++) {
		assert_good(with(talloc_asprintf(ctx, "\"name\":%s", names[i])));
		assert_null(who.name);
	}
}

static void
test_token_verify_issuer_and_audience(void **state)
{
	static const struct {
		const char *more;
		enum err e;
	} cases[] = {
		{ "\"iss\":\"https://issuer\",\"aud\":\"rowlock\"", ERR_OK },
		{ "\"iss\":\"https:\\/\\/issuer\",\"aud\":[\"x\", \"rowlo\\u0063k\"]", ERR_OK },
		{ "\"iss\":\"https://issuer\",\"aud\":[7,[\"a\"],{\"b\":\"]\"},\"rowlock\" ]",
		  ERR_OK },
		{ "\"iss\":\"https://issuer\"", ERR_UNAUTHORIZED },
		{ "\"aud\":\"rowlock\"", ERR_UNAUTHORIZED },
		{ "\"iss\":\"https://issuer/\",\"aud\":\"rowlock\"", ERR_UNAUTHORIZED },
		{ "\"iss\":[\"https://issuer\"],\"aud\":\"rowlock\"", ERR_UNAUTHORIZED },
		{ "\"iss\":null,\"aud\":\"rowlock\"", ERR_UNAUTHORIZED },
		{ "\"iss\":\"https://issuer\",\"aud\":\"rowlock2\"", ERR_UNAUTHORIZED },
		{ "\"iss\":\"https://issuer\",\"aud\":[]", ERR_UNAUTHORIZED },
		{ "\"iss\":\"https://issuer\",\"aud\":[\"x\",\"row\",\"lock\"]", ERR_UNAUTHORIZED },
		{ "\"iss\":\"https://issuer\",\"aud\":[[\"rowlock\"]]", ERR_UNAUTHORIZED },
		{ "\"iss\":\"https://issuer\",\"aud\":{\"rowlock\":\"rowlock\"}",
		  ERR_UNAUTHORIZED },
		{ "\"iss\":\"https://issuer\",\"aud\":7", ERR_UNAUTHORIZED },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		if (verify_by(&strict, with(cases[i].more)) != cases[i].e)
			fail_msg("%s: %s", cases[i].more, why == NULL ? "taken" : why);
		assert_good(
		    with(cases[i].more)); /* where they are not set, they are not looked at */
	}
}

static void
test_token_verify_roles(void **state)
{
	static const struct {
		const char *value;
		enum role role;
	} cases[] = {
		{ "\"buyer\"", ROLE_BUYER },
		{ "\"seller\"", ROLE_SELLER },
		{ "\"service\"", ROLE_SERVICE },
		{ "\"admin\"", ROLE_ADMIN },
		{ "\"\\u0061dmin\"", ROLE_ADMIN },
		{ "\"ADMIN\"", ROLE_BUYER },
		{ "\"wizard\"", ROLE_BUYER },
		{ "\"\"", ROLE_BUYER },
		{ "7", ROLE_BUYER },
		{ "null", ROLE_BUYER },
		{ "[]", ROLE_BUYER },
		{ "{\"admin\":\"admin\"}", ROLE_BUYER },
		{ "[[\"admin\"]]", ROLE_BUYER },
		{ "[\"wizard\"]", ROLE_BUYER },
		{ "[\"buyer\",\"seller\"]", ROLE_SELLER },
		{ "[ \"seller\" , \"admin\" , \"service\" ]", ROLE_ADMIN },
		{ "[\"seller\",{\"x\":[]},\"service\",null]", ROLE_SERVICE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_good(with(talloc_asprintf(ctx, "\"role\":%s", cases[i].value)));
		if (who.role != cases[i].role)
			fail_msg("%s gave %s", cases[i].value, role_name(who.role));
	}
}

static void
test_token_verify_role_claim_by_another_name(void **state)
{
	const struct token_rules other = { SECRET, NULL, NULL, "https://rowlock/roles" };

	(void)state;
	assert_int_equal(
	    verify_by(&other,
	              with("\"role\":\"admin\",\"https:\\/\\/rowlock\\/roles\":[\"seller\"]")),
	    ERR_OK);
	assert_int_equal(who.role, ROLE_SELLER);
}

/* --- Numbers as such; libjwt would refuse some of these before they are looked at. --- */

static void
test_claim_number_finite_only(void **state)
{
	static const char *const bad[] = {
		"1e999", "-1e999", "\"1\"", "true", "null", "[1]", "{}"
	};
	double n;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(claim_number(claim_of(bad[i], strlen(bad[i])), &n));
	assert_false(claim_number((struct claim){ NULL, 0 }, &n));
	assert_true(claim_number(claim_of(" -1.5e1 ", 8), &n));
	assert_true(n == -15);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_token_verify_claims_are_strict_json),
		TEST(test_token_verify_exp),
		TEST(test_token_verify_nbf),
		TEST(test_token_verify_sub),
		TEST(test_token_verify_sub_counts_bytes),
		TEST(test_token_verify_name_that_cannot_be_shown),
		TEST(test_token_verify_issuer_and_audience),
		TEST(test_token_verify_roles),
		TEST(test_token_verify_role_claim_by_another_name),
		TEST(test_claim_number_finite_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
