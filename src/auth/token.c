/* Tokens: whose request it is, checked for every request, and made for rowlockctl. */
#include "auth/token.h"

#include <assert.h>
#include <jwt.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "auth/claims.h"
#include "auth/guard.h"
#include "base/utf8.h"

/* In the order of their rights, most first: of several roles in a token the first counts. */
static const struct {
	enum role role;
	const char *name;
} roles[] = {
	{ ROLE_ADMIN, "admin" },
	{ ROLE_SERVICE, "service" },
	{ ROLE_SELLER, "seller" },
	{ ROLE_BUYER, "buyer" },
};
#define N_ROLES (sizeof(roles) / sizeof(roles[0]))

/* The claims that are looked at. */
enum { EXP, NBF, ISS, AUD, SUB, NAME, ROLE, CLAIMS };

const char *
role_name(enum role r)
{
	for (size_t i = 0; i < N_ROLES; i++)
		if (roles[i].role == r)
			return roles[i].name;
	return "none";
}

enum role
role_parse(const char *name)
{
	assert(name != NULL);
	for (size_t i = 0; i < N_ROLES; i++)
		if (strcmp(roles[i].name, name) == 0)
			return roles[i].role;
	return ROLE_NONE;
}

/* --- The signature. --- */

static bool
is_signed(const struct token_rules *rules, const char *jwt, const struct guarded *token)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	assert(rules->hs256_secret != NULL && *rules->hs256_secret != '\0');
	if (HMAC(EVP_sha256(), rules->hs256_secret, (int)strlen(rules->hs256_secret),
	         (const unsigned char *)jwt, token->signed_len, md, &n) == NULL)
		return false;
	return n == GUARD_SIGNATURE && CRYPTO_memcmp(md, token->signature, n) == 0;
}

/* --- The claims. --- */

static bool
is_set(const char *s)
{
	return s != NULL && *s != '\0';
}

/* Why a token is not valid now, or NULL. Times may have fractions (RFC 7519, 2: NumericDate). */
static const char *
time_fault(const struct claim c[CLAIMS], int64_t now_s)
{
	double exp, nbf;

	if (!claim_number(c[EXP], &exp))
		return "exp is missing or no number";
	if (exp <= (double)now_s)
		return "expired";
	if (c[NBF].at == NULL)
		return NULL;
	if (!claim_number(c[NBF], &nbf))
		return "nbf is no number";
	return nbf > (double)now_s ? "not valid yet" : NULL;
}

/* Whether a string or a list of strings holds this one. */
static bool
holds(struct claim c, const char *text)
{
	struct claim item;
	size_t at = 0;

	while (claim_item(c, &at, &item))
		if (claim_is(item, text))
			return true;
	return false;
}

/* Why a token comes from or is for another party, or NULL. */
static const char *
party_fault(const struct claim c[CLAIMS], const struct token_rules *rules)
{
	if (is_set(rules->issuer) && !claim_is(c[ISS], rules->issuer))
		return "from another issuer";
	if (is_set(rules->audience) && !holds(c[AUD], rules->audience))
		return "for another audience";
	return NULL;
}

/* A role of the token, or a list of them; an unknown name counts as buyer. */
static enum role
role_of(struct claim c)
{
	for (size_t i = 0; i < N_ROLES; i++)
		if (holds(c, roles[i].name))
			return roles[i].role;
	return ROLE_BUYER;
}

/* Reads whose token it is; why that cannot be, or NULL. */
static const char *
read_principal(TALLOC_CTX *ctx, const struct claim c[CLAIMS], struct principal *principal)
{
	char *sub = claim_text(ctx, c[SUB]), *name;

	if (sub == NULL)
		return "sub is missing or no string";
	if (*sub == '\0' || strlen(sub) > SUB_MAX_BYTES || !utf8_is_clean(sub)) {
		talloc_free(sub);
		return "sub is empty, too long or has control characters";
	}
	/* A name is for show only: one that cannot be shown counts as none. */
	name = claim_text(ctx, c[NAME]);
	if (name != NULL && !utf8_is_clean(name))
		TALLOC_FREE(name);
	*principal = (struct principal){ sub, name, role_of(c[ROLE]) };
	return NULL;
}

/* Why the claims are refused, or NULL with *principal set. */
static const char *
claims_fault(TALLOC_CTX *ctx, const struct token_rules *rules, struct claim object, int64_t now_s,
             struct principal *principal)
{
	const char *const names[CLAIMS] = {
		[EXP] = "exp",
		[NBF] = "nbf",
		[ISS] = "iss",
		[AUD] = "aud",
		[SUB] = "sub",
		[NAME] = "name",
		[ROLE] = rules->role_claim,
	};
	struct claim found[CLAIMS];
	const char *fault;

	claims_find(object, names, found, CLAIMS);
	if ((fault = time_fault(found, now_s)) == NULL &&
	    (fault = party_fault(found, rules)) == NULL)
		fault = read_principal(ctx, found, principal);
	return fault;
}

/*
 * The signature is decided here, over the bytes and in constant time. libjwt, which makes
 * tokens below, does not check them: it compares texts, how carefully depends on the
 * distribution's patches (CVE-2024-25189), it keeps the last of two equal names, and it would
 * cost as much as all the rest. The claims are read from the text that the strict check saw.
 */
enum err
token_verify(TALLOC_CTX *ctx, const struct token_rules *rules, const char *jwt, int64_t now_s,
             struct principal *principal, const char **why)
{
	TALLOC_CTX *scratch = talloc_new(ctx);
	struct claim object;
	struct guarded token;
	enum err e;

	assert(rules->role_claim != NULL && principal != NULL && why != NULL);
	if ((e = guard_token(scratch, jwt, &token, why)) != ERR_OK)
		goto out;
	e = ERR_UNAUTHORIZED;
	*why = "the signature is wrong";
	if (!is_signed(rules, jwt, &token))
		goto out;
	if ((e = guard_claims(scratch, &token, &object, why)) != ERR_OK)
		goto out;
	e = ERR_UNAUTHORIZED;
	*why = claims_fault(ctx, rules, object, now_s, principal);
	if (*why == NULL)
		e = ERR_OK;
out:
	talloc_free(scratch);
	return e;
}

/* --- Making one. --- */

/* Puts the claims in and signs; the token is malloc'd, NULL when libjwt refuses something. */
static char *
encode(jwt_t *jwt, const struct token_rules *rules, const struct principal *principal,
       int64_t now_s, int64_t exp_s)
{
	const struct {
		const char *claim, *text;
	} texts[] = {
		{ "sub", principal->sub },
		{ "iss", is_set(rules->issuer) ? rules->issuer : NULL },
		{ "aud", is_set(rules->audience) ? rules->audience : NULL },
		{ "name", principal->name },
		{ rules->role_claim, role_name(principal->role) },
	};
	const unsigned char *key = (const unsigned char *)rules->hs256_secret;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		if (texts[i].text != NULL && jwt_add_grant(jwt, texts[i].claim, texts[i].text) != 0)
			return NULL;
	if (jwt_add_grant_int(jwt, "iat", now_s) != 0 ||
	    jwt_add_grant_int(jwt, "nbf", now_s) != 0 ||
	    jwt_add_grant_int(jwt, "exp", exp_s) != 0 ||
	    jwt_set_alg(jwt, JWT_ALG_HS256, key, (int)strlen(rules->hs256_secret)) != 0)
		return NULL;
	return jwt_encode_str(jwt);
}

static bool
is_same(const struct principal *a, const struct principal *b)
{
	return a->role == b->role && strcmp(a->sub, b->sub) == 0 &&
	       (a->name == NULL) == (b->name == NULL) &&
	       (a->name == NULL || strcmp(a->name, b->name) == 0);
}

enum err
token_make(TALLOC_CTX *ctx, const struct token_rules *rules, const struct principal *principal,
           int64_t now_s, int64_t ttl_s, char **out)
{
	TALLOC_CTX *scratch;
	jwt_t *jwt = NULL;
	char *text = NULL;
	const char *why;
	struct principal back;
	int64_t exp_s;
	enum err e = ERR_VALIDATION_ERROR;

	assert(principal != NULL && out != NULL);
	*out = NULL;
	if (__builtin_add_overflow(now_s, ttl_s, &exp_s))
		return ERR_VALIDATION_ERROR;
	if (jwt_new(&jwt) == 0)
		text = encode(jwt, rules, principal, now_s, exp_s);
	jwt_free(jwt);
	scratch = talloc_new(ctx);
	/* What may be in a token is decided in one place, by the check. */
	if (text != NULL && token_verify(scratch, rules, text, now_s, &back, &why) == ERR_OK &&
	    is_same(principal, &back)) {
		*out = talloc_strdup(ctx, text);
		e = ERR_OK;
	}
	talloc_free(scratch);
	free(text);
	return e;
}
