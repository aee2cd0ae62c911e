/* Tokens: their form, header and signature, and making them. */

#include "token_case.h"

#include <pthread.h>

/* --- Roles. --- */

static void
test_role_name_there_and_back(void **state)
{
	static const enum role all[] = { ROLE_BUYER, ROLE_SELLER, ROLE_ADMIN, ROLE_SERVICE };

	(void)state;
	for (size_t i = 0; i < COUNT(all); i++)
		assert_int_equal(role_parse(role_name(all[i])), all[i]);
	assert_string_equal(role_name(ROLE_SERVICE), "service");
}

static void
test_role_parse_unknown(void **state)
{
	static const char *const names[] = { "", "Buyer", "buyer ", "root", "none", "buyer,admin" };

	(void)state;
	for (size_t i = 0; i < COUNT(names); i++)
		assert_int_equal(role_parse(names[i]), ROLE_NONE);
	assert_int_equal(role_parse(role_name(ROLE_NONE)), ROLE_NONE);
}

/* --- Good tokens. --- */

static void
test_token_verify_good(void **state)
{
	(void)state;
	assert_good(with(
	    "\"name\":\"Ann \\u00d6st\",\"role\":\"seller\",\"iat\":0,\"extra\":{\"a\":[1,{}]}"));
	assert_string_equal(who.sub, "42");
	assert_string_equal(who.name, "Ann \xc3\x96st");
	assert_int_equal(who.role, ROLE_SELLER);
	assert_good(with(""));
	assert_null(who.name);
	assert_int_equal(who.role, ROLE_BUYER);
}

static void
test_token_verify_header_spellings(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"HS256\"}",
		" { \"typ\" : \"JWT\" , \"alg\" : \"HS256\" } ",
		"{\"\\u0061lg\":\"HS\\u0032\\u0035\\u0036\"}",
		"{\"alg\":\"HS256\",\"x\":{\"kid\":1}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++)
		assert_good(sign(headers[i], "{" GOOD "}"));
}

static void
test_token_verify_example_of_rfc7515(void **state)
{
	/* Appendix A.1: its key has bytes that no string of ours has; its form must pass the guard.
	 */
	static const char jwt[] = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9"
				  ".eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGF"
				  "tcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
				  ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";

	(void)state;
	assert_bad_because(jwt, "the signature is wrong");
}

/* --- The form. --- */

static void
test_token_verify_form(void **state)
{
	static const char *const texts[] = {
		"", ".", "..", "...", "x", "a.b.c", "null", "{}", "A.A.A", "AAAAA.AAAAA.AAAAA",
	};
	char *h = base64url(HS256, strlen(HS256)),
	     *p = base64url("{" GOOD "}", strlen("{" GOOD "}"));
	const char *jwt = with(""), *s = strrchr(jwt, '.') + 1;

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++)
		assert_bad(texts[i]);
	assert_good(talloc_asprintf(ctx, "%s.%s.%s", h, p, s));
	assert_bad(talloc_asprintf(ctx, "%s.%s", h, p));
	assert_bad(talloc_asprintf(ctx, "%s.%s.", h, p));
	assert_bad(talloc_asprintf(ctx, "%s..%s", h, s));
	assert_bad(talloc_asprintf(ctx, ".%s.%s", p, s));
	assert_bad(talloc_asprintf(ctx, "%s.%s.%s.", h, p, s));
	assert_bad(talloc_asprintf(ctx, "%s.%s.%s.%s", h, p, s, s));
	assert_bad(talloc_asprintf(ctx, ".%s.%s.%s", h, p, s));
}

/* Letters that are not of the alphabet, in each of the parts, signed like that. */
static void
test_token_verify_letters(void **state)
{
	static const char *const strange[] = { "=",  "==", "+",        "/",   " ",
		                               "\n", "!",  "\xc3\xa9", "%3D", "\x80" };
	const char *h = base64url(HS256, strlen(HS256)),
		   *p = base64url("{" GOOD "}", strlen("{" GOOD "}"));
	const char *jwt = with("");

	(void)state;
	for (size_t i = 0; i < COUNT(strange); i++) {
		assert_bad(sign_with(EVP_sha256(), SECRET,
		                     talloc_asprintf(ctx, "%s%s.%s", h, strange[i], p)));
		assert_bad(sign_with(EVP_sha256(), SECRET,
		                     talloc_asprintf(ctx, "%s.%s%s", h, p, strange[i])));
		assert_bad(sign_with(EVP_sha256(), SECRET,
		                     talloc_asprintf(ctx, "%s.%s%s", h, strange[i], p)));
		assert_bad(talloc_asprintf(ctx, "%s%s", jwt, strange[i]));
	}
}

/* One letter over a multiple of four encodes nothing; no library is to be asked about it. */
static void
test_token_verify_one_letter_over(void **state)
{
	char *h = base64url("{\"alg\":\"HS256\"}", 15);
	char *p = base64url("{" GOOD "}", strlen("{" GOOD "}"));

	(void)state;
	assert_int_equal(strlen(h) % 4, 0);
	assert_good(sign_with(EVP_sha256(), SECRET, talloc_asprintf(ctx, "%s.%s", h, p)));
	assert_bad_because(sign_with(EVP_sha256(), SECRET, talloc_asprintf(ctx, "%sA.%s", h, p)),
	                   "the header is not a JSON object");
}

/* The last letter of a signature has two bits to spare: other values of them mean the same bytes.
 */
static void
test_token_verify_spare_bits(void **state)
{
	static const char letters[] =
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *jwt = with("");
	char *last = jwt + strlen(jwt) - 1;
	char right = *last;
	size_t v = (size_t)(strchr(letters, right) - letters);

	(void)state;
	assert_int_equal(v % 4, 0);
	for (size_t spare = 1; spare < 4; spare++) {
		*last = letters[v + spare];
		assert_bad_because(jwt, "the signature is not one of HS256");
	}
	*last = right;
	assert_good(jwt);
}

static void
test_token_verify_length(void **state)
{
	char pad[TOKEN_MAX_BYTES], *jwt = with("");
	size_t longest = 0;

	(void)state;
	memset(pad, 'x', sizeof(pad));
	for (int n = 5900; strlen(jwt) <= TOKEN_MAX_BYTES; n++) {
		assert_good(jwt);
		longest = strlen(jwt);
		jwt = with(talloc_asprintf(ctx, "\"pad\":\"%.*s\"", n, pad));
	}
	assert_in_range(longest, TOKEN_MAX_BYTES - 1, TOKEN_MAX_BYTES);
	assert_bad_because(jwt, "too long");
}

/* --- The header. --- */

static void
test_token_verify_other_alg(void **state)
{
	static const char *const headers[] = {
		"{}",
		"{\"alg\":null}",
		"{\"alg\":256}",
		"{\"alg\":\"\"}",
		"{\"alg\":[\"HS256\"]}",
		"{\"alg\":\"none\"}",
		"{\"alg\":\"None\"}",
		"{\"alg\":\"hs256\"}",
		"{\"alg\":\"HS256 \"}",
		"{\"alg\":\"HS384\"}",
		"{\"alg\":\"HS512\"}",
		"{\"alg\":\"RS256\"}",
		"{\"alg\":\"ES256\"}",
		"{\"ALG\":\"HS256\"}",
		"{\"typ\":{\"alg\":\"HS256\"}}",
		"{\"alg\":{\"alg\":\"HS256\"}}",
		"{\"alg\":\"HS2567\"}",
		"{\"alg\":\"HS25\"}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++)
		assert_bad_because(sign(headers[i], "{" GOOD "}"), "alg is not HS256");
}

static void
test_token_verify_header_params(void **state)
{
	static const char *const params[] = { "kid", "jku",  "jwk",       "x5u",
		                              "x5c", "crit", "\\u006bid", "cri\\u0074" };
	static const char *const values[] = {
		"\"x\"", "null", "[]", "[\"exp\"]", "{}", "7", "\"\""
	};

	(void)state;
	for (size_t i = 0; i < COUNT(params); i++) {
		for (size_t k = 0; k < COUNT(values); k++) {
			char *header = talloc_asprintf(ctx, "{\"alg\":\"HS256\",\"%s\":%s}",
			                               params[i], values[k]);

			assert_bad(sign(header, "{" GOOD "}"));
			assert_non_null(strstr(why, "header"));
		}
	}
}

static void
test_token_verify_header_is_strict_json(void **state)
{
	static const char *const headers[] = {
		"{\"alg\":\"HS256\",\"alg\":\"none\"}",
		"{\"alg\":\"none\",\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\",\"ALG\":\"none\"}",
		"{\"alg\":\"HS256\"}x",
		"{\"alg\":\"HS256\"",
		"[]",
		"\"HS256\"",
		"null",
		"{\"alg\":\"HS256\",\"a\":\"\xff\"}",
		"\xef\xbb\xbf{\"alg\":\"HS256\"}",
		"{\"alg\":\"HS256\\u0000\"}",
		"{'alg':'HS256'}",
		"{\"alg\":\"HS256\",}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(headers); i++)
		assert_bad_because(sign(headers[i], "{" GOOD "}"),
		                   "the header is not a JSON object");
	assert_bad(sign_bytes("{\"alg\":\"HS256\"}\0", 16, "{" GOOD "}", strlen("{" GOOD "}")));
}

/* --- The signature. --- */

static void
test_token_verify_other_key(void **state)
{
	static const char *const keys[] = {
		"",
		"secret",
		SECRET "\n",
		"a secret of more than thirty-two byte",
		"A SECRET OF MORE THAN THIRTY-TWO BYTES",
	};
	const char *jwt = with("");
	char *text = talloc_strndup(ctx, jwt, (size_t)(strrchr(jwt, '.') - jwt));

	(void)state;
	assert_good(sign_with(EVP_sha256(), SECRET, text));
	for (size_t i = 0; i < COUNT(keys); i++)
		assert_bad_because(sign_with(EVP_sha256(), keys[i], text),
		                   "the signature is wrong");
}

static void
test_token_verify_other_hash(void **state)
{
	const char *jwt = with("");
	char *text = talloc_strndup(ctx, jwt, (size_t)(strrchr(jwt, '.') - jwt));

	(void)state;
	assert_bad(sign_with(EVP_sha384(), SECRET, text));
	assert_bad(sign_with(EVP_sha512(), SECRET, text));
	assert_bad(sign_with(EVP_sha1(), SECRET, text));
	assert_bad(talloc_asprintf(ctx, "%s.%s", text, base64url(strrchr(jwt, '.'), 32)));
}

/* Any letter changed, any letter left out. */
static void
test_token_verify_one_letter_changed(void **state)
{
	char *jwt = with("");

	(void)state;
	for (size_t i = 0; i < strlen(jwt); i++) {
		char was = jwt[i];

		jwt[i] = was == 'A' ? 'B' : 'A';
		assert_bad(jwt);
		jwt[i] = was;
	}
	for (size_t n = 0; n < strlen(jwt); n++)
		assert_bad(talloc_strndup(ctx, jwt, n));
	assert_good(jwt);
}

/* --- Memory. --- */

static void
test_token_verify_keeps_only_the_principal(void **state)
{
	TALLOC_CTX *own = talloc_new(NULL);
	const char *good = with("\"name\":\"Ann\""), *bad = with("\"name\":\"Ann\",\"nbf\":1e300");

	(void)state;
	assert_int_equal(token_verify(own, &rules, bad, NOW, &who, &why), ERR_UNAUTHORIZED);
	assert_int_equal(talloc_total_blocks(own), 1);
	assert_int_equal(token_verify(own, &rules, good, NOW, &who, &why), ERR_OK);
	assert_int_equal(talloc_total_blocks(own), 3);
	talloc_free(own);
}

/* --- Many threads at once. --- */

struct worker {
	pthread_t thread;
	const char *good, *bad;
	bool right;
};

static void *
work(void *arg)
{
	struct worker *w = arg;
	TALLOC_CTX *own = talloc_new(NULL);
	struct principal p;
	const char *reason;

	w->right = true;
	for (int i = 0; i < 200; i++) {
		w->right = w->right &&
		           token_verify(own, &rules, w->good, NOW, &p, &reason) == ERR_OK &&
		           strcmp(p.sub, "42") == 0 &&
		           token_verify(own, &rules, w->bad, NOW, &p, &reason) == ERR_UNAUTHORIZED;
		talloc_free_children(own);
	}
	talloc_free(own);
	return NULL;
}

static void
test_token_verify_in_many_threads(void **state)
{
	struct worker workers[8];
	const char *good = with(""), *bad = with("\"nbf\":1e300");

	(void)state;
	for (size_t i = 0; i < COUNT(workers); i++) {
		workers[i] = (struct worker){ .good = good, .bad = bad };
		assert_int_equal(pthread_create(&workers[i].thread, NULL, work, &workers[i]), 0);
	}
	for (size_t i = 0; i < COUNT(workers); i++) {
		assert_int_equal(pthread_join(workers[i].thread, NULL), 0);
		assert_true(workers[i].right);
	}
}

/* --- Making tokens. --- */

static void
test_token_make_is_taken(void **state)
{
	static const struct principal people[] = {
		{ "42", NULL, ROLE_BUYER },
		{ "auth0|\xc3\xa9\"\\", "Ann \xc3\x96st \"the\" \\ \xf0\x9f\x98\x80", ROLE_SELLER },
		{ "root", "", ROLE_ADMIN },
		{ "box office", "x", ROLE_SERVICE },
	};
	char *jwt;

	(void)state;
	for (size_t i = 0; i < COUNT(people); i++) {
		assert_int_equal(token_make(ctx, &strict, &people[i], NOW, 60, &jwt), ERR_OK);
		assert_int_equal(verify_by(&strict, jwt), ERR_OK);
		assert_string_equal(who.sub, people[i].sub);
		assert_int_equal(who.role, people[i].role);
		if (people[i].name == NULL)
			assert_null(who.name);
		else
			assert_string_equal(who.name, people[i].name);
	}
}

static void
test_token_make_is_valid_for_its_time(void **state)
{
	static const struct principal p = { "42", NULL, ROLE_BUYER };
	char *jwt;

	(void)state;
	assert_int_equal(token_make(ctx, &rules, &p, NOW, 60, &jwt), ERR_OK);
	assert_int_equal(token_verify(ctx, &rules, jwt, NOW - 1, &who, &why), ERR_UNAUTHORIZED);
	assert_int_equal(token_verify(ctx, &rules, jwt, NOW, &who, &why), ERR_OK);
	assert_int_equal(token_verify(ctx, &rules, jwt, NOW + 59, &who, &why), ERR_OK);
	assert_int_equal(token_verify(ctx, &rules, jwt, NOW + 60, &who, &why), ERR_UNAUTHORIZED);
}

static void
test_token_make_counts_for_its_rules_only(void **state)
{
	static const struct principal p = { "42", NULL, ROLE_BUYER };
	static const struct token_rules others[] = {
		{ "another secret of thirty-two bytes!", "https://issuer", "rowlock", "role" },
		{ SECRET, "https://other", "rowlock", "role" },
		{ SECRET, "https://issuer", "other", "role" },
	};
	char *jwt;

	(void)state;
	assert_int_equal(token_make(ctx, &strict, &p, NOW, 60, &jwt), ERR_OK);
	for (size_t i = 0; i < COUNT(others); i++)
		assert_int_equal(verify_by(&others[i], jwt), ERR_UNAUTHORIZED);
}

static void
test_token_make_of_nobody(void **state)
{
	static const struct principal people[] = {
		{ NULL, NULL, ROLE_BUYER },    { "", NULL, ROLE_BUYER },
		{ "a\nb", NULL, ROLE_BUYER },  { "\xff", NULL, ROLE_BUYER },
		{ "42", "a\nb", ROLE_BUYER },  { "42", "\xff", ROLE_BUYER },
		{ "42", NULL, ROLE_NONE },     { "42", NULL, ROLE_BUYER | ROLE_ADMIN },
		{ "42", NULL, (enum role)16 },
	};
	static const int64_t times[] = { 0, -1, INT64_MIN, INT64_MAX };
	const struct principal fine = { "42", NULL, ROLE_BUYER };
	struct principal long_one = { "42", NULL, ROLE_BUYER };
	char *jwt;

	(void)state;
	for (size_t i = 0; i < COUNT(people); i++) {
		assert_int_equal(token_make(ctx, &rules, &people[i], NOW, 60, &jwt),
		                 ERR_VALIDATION_ERROR);
		assert_null(jwt);
	}
	for (size_t i = 0; i < COUNT(times); i++)
		assert_int_equal(token_make(ctx, &rules, &fine, NOW, times[i], &jwt),
		                 ERR_VALIDATION_ERROR);
	long_one.name = memset(talloc_zero_size(ctx, TOKEN_MAX_BYTES + 1), 'x', TOKEN_MAX_BYTES);
	assert_int_equal(token_make(ctx, &rules, &long_one, NOW, 60, &jwt), ERR_VALIDATION_ERROR);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_role_name_there_and_back),
		TEST(test_role_parse_unknown),
		TEST(test_token_verify_good),
		TEST(test_token_verify_header_spellings),
		TEST(test_token_verify_example_of_rfc7515),
		TEST(test_token_verify_form),
		TEST(test_token_verify_letters),
		TEST(test_token_verify_one_letter_over),
		TEST(test_token_verify_spare_bits),
		TEST(test_token_verify_length),
		TEST(test_token_verify_other_alg),
		TEST(test_token_verify_header_params),
		TEST(test_token_verify_header_is_strict_json),
		TEST(test_token_verify_other_key),
		TEST(test_token_verify_other_hash),
		TEST(test_token_verify_one_letter_changed),
		TEST(test_token_verify_keeps_only_the_principal),
		TEST(test_token_verify_in_many_threads),
		TEST(test_token_make_is_taken),
		TEST(test_token_make_is_valid_for_its_time),
		TEST(test_token_make_counts_for_its_rules_only),
		TEST(test_token_make_of_nobody),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
