#ifndef ROWLOCK_TOKEN_CASE_H
#define ROWLOCK_TOKEN_CASE_H

/* What the tests of tokens share: signing without the code under test, and what to expect. */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SECRET   "a secret of more than thirty-two bytes"
#define HS256    "{\"alg\":\"HS256\",\"typ\":\"JWT\"}"
#define NOW      INT64_C(1700000000)
#define GOOD     "\"sub\":\"42\",\"exp\":1700000060" /* claims that are enough */

static const struct token_rules rules = { SECRET, NULL, "", "role" };
static const struct token_rules strict = { SECRET, "https://issuer", "rowlock", "role" };

static TALLOC_CTX *ctx;
static struct principal who;
static const char *why;

static inline int
set_up(void **state)
{
	(void)state;
	ctx = talloc_new(NULL);
	return 0;
}

static inline int
tear_down(void **state)
{
	(void)state;
	talloc_free(ctx);
	return 0;
}

/* --- Signing without the code under test. --- */

static inline char *
base64url(const void *data, size_t len)
{
	char *text = talloc_size(ctx, len * 4 / 3 + 8);
	size_t n = (size_t)EVP_EncodeBlock((unsigned char *)text, data, (int)len);

	while (n > 0 && text[n - 1] == '=')
		n--;
	text[n] = '\0';
	for (size_t i = 0; i < n; i++)
		text[i] = (char)(text[i] == '+' ? '-' : text[i] == '/' ? '_' : text[i]);
	return text;
}

static inline char *
sign_with(const EVP_MD *md, const char *key, const char *signed_text)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert_non_null(HMAC(md, key, (int)strlen(key), (const unsigned char *)signed_text,
	                     strlen(signed_text), mac, &n));
	return talloc_asprintf(ctx, "%s.%s", signed_text, base64url(mac, n));
}

/* A token of any header and claims, signed with the right key. */
static inline char *
sign_bytes(const char *header, size_t header_len, const char *claims, size_t claims_len)
{
	return sign_with(EVP_sha256(), SECRET,
	                 talloc_asprintf(ctx, "%s.%s", base64url(header, header_len),
	                                 base64url(claims, claims_len)));
}

static inline char *
sign(const char *header, const char *claims)
{
	return sign_bytes(header, strlen(header), claims, strlen(claims));
}

/* A token with GOOD and more claims; "" for none. */
static inline char *
with(const char *more)
{
	return sign(HS256, talloc_asprintf(ctx, "{" GOOD "%s%s}", *more == '\0' ? "" : ",", more));
}

static inline enum err
verify_by(const struct token_rules *r, const char *jwt)
{
	memset(&who, 0, sizeof(who));
	why = NULL;
	return token_verify(ctx, r, jwt, NOW, &who, &why);
}

static inline void
assert_good(const char *jwt)
{
	if (verify_by(&rules, jwt) != ERR_OK)
		fail_msg("refused, %s: %s", why, jwt);
	assert_non_null(who.sub);
}

static inline void
assert_bad(const char *jwt)
{
	if (verify_by(&rules, jwt) != ERR_UNAUTHORIZED)
		fail_msg("taken: %s", jwt);
	assert_non_null(why);
}

static inline void
assert_bad_because(const char *jwt, const char *reason)
{
	assert_bad(jwt);
	assert_string_equal(why, reason);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

#endif
