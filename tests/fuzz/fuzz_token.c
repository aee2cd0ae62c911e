/*
 * Any bytes as a token, in two ways. As they are: then nobody but us can have signed it, and
 * in one spelling only. And, when there is a line feed in them, as a header and claims that
 * are signed with the right key: then whatever is taken, libjwt must read the same way.
 */

#include <jwt.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "auth/token.h"

#define SECRET "a secret of more than thirty-two bytes"
#define NOW    INT64_C(1700000000)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct token_rules lenient = { SECRET, NULL, NULL, "role" };
static const struct token_rules strict = { SECRET, "https://issuer", "rowlock", "role" };

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

static char *
base64url(TALLOC_CTX *ctx, const void *data, size_t len)
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

/* A text with its signature behind it. */
static char *
sign(TALLOC_CTX *ctx, const char *text, size_t len)
{
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	must(HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET), (const unsigned char *)text, len, mac,
	          &n) != NULL);
	return talloc_asprintf(ctx, "%.*s.%s", (int)len, text, base64url(ctx, mac, n));
}

/* What libjwt makes of a token that was taken. */
static void
check_against_libjwt(const char *text, const struct principal *who)
{
	static const char *const refused[] = { "kid", "jku", "jwk", "x5u", "x5c", "crit" };
	jwt_t *jwt = NULL;
	const char *sub;
	char *value;

	if (jwt_decode(&jwt, text, (const unsigned char *)SECRET, (int)strlen(SECRET)) != 0)
		return; /* a typ that is not JWT, which libjwt refuses and RFC 7519, 5.1 leaves open */
	must(jwt_get_alg(jwt) == JWT_ALG_HS256);
	for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		value = jwt_get_headers_json(jwt, refused[i]);
		must(value == NULL);
	}
	sub = jwt_get_grant(jwt, "sub");
	must(sub != NULL && strcmp(sub, who->sub) == 0);
	value = jwt_get_grants_json(jwt, "exp");
	must(value != NULL && strtod(value, NULL) > (double)NOW);
	free(value);
	value = jwt_get_grants_json(jwt, "nbf");
	must(value == NULL || strtod(value, NULL) <= (double)NOW);
	free(value);
	value = jwt_get_grants_json(jwt, "role");
	must(who->role == ROLE_BUYER ||
	     (value != NULL && strstr(value, role_name(who->role)) != NULL));
	free(value);
	jwt_free(jwt);
}

static void
check_principal(const struct principal *who)
{
	must(who->sub != NULL && *who->sub != '\0' && strlen(who->sub) <= SUB_MAX_BYTES);
	for (const char *s = who->sub; *s != '\0'; s++)
		must((unsigned char)*s >= ' ' && *s != 0x7f);
	must(role_parse(role_name(who->role)) == who->role && who->role != ROLE_NONE);
}

/* Whoever was taken for somebody can be given a token, which says the same. */
static void
check_make(TALLOC_CTX *ctx, const struct principal *who)
{
	struct principal back;
	const char *why;
	char *jwt;

	if (token_make(ctx, &strict, who, NOW, 60, &jwt) != ERR_OK) {
		must(who->name != NULL && strlen(who->name) > 3000); /* does not fit */
		return;
	}
	must(token_verify(ctx, &strict, jwt, NOW, &back, &why) == ERR_OK);
	must(strcmp(back.sub, who->sub) == 0 && back.role == who->role);
}

static void
verify(TALLOC_CTX *ctx, const char *jwt)
{
	struct principal who, same;
	const char *why = NULL, *dot = strrchr(jwt, '.');
	enum err e = token_verify(ctx, &lenient, jwt, NOW, &who, &why);

	must(e == ERR_OK || e == ERR_UNAUTHORIZED);
	if (e != ERR_OK) {
		must(why != NULL);
		must(token_verify(ctx, &strict, jwt, NOW, &same, &why) == ERR_UNAUTHORIZED);
		return;
	}
	must(strlen(jwt) <= TOKEN_MAX_BYTES && dot != NULL);
	must(strcmp(jwt, sign(ctx, jwt, (size_t)(dot - jwt))) == 0);
	check_principal(&who);
	check_against_libjwt(jwt, &who);
	check_make(ctx, &who);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text = talloc_strndup(ctx, (const char *)data, size);
	const uint8_t *feed = size == 0 ? NULL : memchr(data, '\n', size);

	verify(ctx, text);
	if (feed != NULL) {
		char *header = base64url(ctx, data, (size_t)(feed - data));
		char *claims = base64url(ctx, feed + 1, size - (size_t)(feed - data) - 1);

		text = talloc_asprintf(ctx, "%s.%s", header, claims);
		verify(ctx, sign(ctx, text, strlen(text)));
	}
	talloc_free(ctx);
	return 0;
}
