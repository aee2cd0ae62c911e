/*
 * The form of a token, checked before anything in it is used: what only some libraries refuse is
 * refused here.
 */
#include "auth/guard.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "auth/token.h"
#include "base/json_check.h"

#define PARTS 3

/* Each letter's value plus one; 0 for what is no letter of base64url (RFC 4648, 5). */
static const uint8_t letter[256] = {
	['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,
	['H'] = 8,  ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14,
	['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21,
	['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28,
	['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35,
	['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42,
	['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49,
	['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
	['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63,
	['_'] = 64,
};

/* One of the three parts of a token, in the token. */
struct part {
	const char *at;
	size_t len;
};

/* How many bytes a part holds when it is decoded. */
static size_t
decoded_len(struct part p)
{
	return p.len / 4 * 3 + p.len % 4 * 3 / 4;
}

/*
 * Decodes a part into out. False for another letter, a length that cannot be, or spare bits
 * that are set: each sequence of bytes has one spelling only.
 */
static bool
decode(struct part p, unsigned char *out)
{
	uint32_t bits = 0;
	unsigned n_bits = 0;

	for (size_t i = 0; i < p.len; i++) {
		unsigned v = letter[(unsigned char)p.at[i]];

		if (v == 0)
			return false;
		bits = bits << 6 | (v - 1);
		n_bits += 6;
		if (n_bits >= 8) {
			n_bits -= 8;
			*out++ = (unsigned char)(bits >> n_bits);
		}
	}
	return n_bits < 6 && (bits & ((1u << n_bits) - 1)) == 0;
}

/* A part that is a JSON object; it is decoded onto ctx, with an end behind it. */
static bool
decode_object(TALLOC_CTX *ctx, struct part p, struct claim *object)
{
	size_t n = decoded_len(p);
	char *text = talloc_size(ctx, n + 1);
	struct json_fault fault;

	if (!decode(p, (unsigned char *)text))
		return false;
	text[n] = '\0'; /* claims are read up to a NUL */
	if (json_check(ctx, text, n, &fault) != ERR_OK)
		return false;
	*object = claim_of(text, n);
	return *object->at == '{';
}

/* Splits a token at its dots, into exactly three parts of which none is empty. */
static bool
split(const char *jwt, struct part parts[PARTS])
{
	for (int i = 0; i < PARTS; i++) {
		parts[i].at = jwt;
		parts[i].len = strcspn(jwt, ".");
		jwt += parts[i].len;
		if (parts[i].len == 0 || *jwt != (i < PARTS - 1 ? '.' : '\0'))
			return false;
		jwt++;
	}
	return true;
}

/*
 * What the header may not have (RFC 7515, 4.1): anything that brings or names a key, as
 * there is only one; and crit, as no extension is known here. In the order of `params`.
 */
static const char *const params[] = { "kid", "jku", "jwk", "x5u", "x5c", "crit", "alg" };
static const char *const refusals[] = {
	"the header names an unknown key",
	"the header has jku",
	"the header has jwk",
	"the header has x5u",
	"the header has x5c",
	"the header has crit",
};
#define N_REFUSALS (sizeof(refusals) / sizeof(refusals[0]))
#define N_PARAMS   (sizeof(params) / sizeof(params[0]))
_Static_assert(N_PARAMS == N_REFUSALS + 1, "all but alg are refused");

/* Why a header is refused, or NULL. */
static const char *
header_fault(struct claim header)
{
	struct claim found[N_PARAMS];

	claims_find(header, params, found, N_PARAMS);
	for (size_t i = 0; i < N_REFUSALS; i++)
		if (found[i].at != NULL)
			return refusals[i];
	return claim_is(found[N_PARAMS - 1], "HS256") ? NULL : "alg is not HS256";
}

enum err
guard_token(TALLOC_CTX *ctx, const char *jwt, struct guarded *out, const char **why)
{
	struct part parts[PARTS];
	struct claim header;

	assert(jwt != NULL && out != NULL && why != NULL);
	if (strnlen(jwt, TOKEN_MAX_BYTES + 1) > TOKEN_MAX_BYTES) {
		*why = "too long";
		return ERR_UNAUTHORIZED;
	}
	*why = "not three parts of base64url";
	if (!split(jwt, parts))
		return ERR_UNAUTHORIZED;
	*why = "the header is not a JSON object";
	if (!decode_object(ctx, parts[0], &header))
		return ERR_UNAUTHORIZED;
	if ((*why = header_fault(header)) != NULL)
		return ERR_UNAUTHORIZED;
	*why = "the signature is not one of HS256";
	if (decoded_len(parts[2]) != GUARD_SIGNATURE || !decode(parts[2], out->signature))
		return ERR_UNAUTHORIZED;
	out->claims = parts[1].at;
	out->claims_len = parts[1].len;
	out->signed_len = (size_t)(parts[1].at + parts[1].len - jwt);
	assert(jwt[out->signed_len] == '.');
	return ERR_OK;
}

enum err
guard_claims(TALLOC_CTX *ctx, const struct guarded *token, struct claim *object, const char **why)
{
	struct part p = { token->claims, token->claims_len };

	assert(p.at != NULL && object != NULL);
	*why = "the claims are not a JSON object";
	return decode_object(ctx, p, object) ? ERR_OK : ERR_UNAUTHORIZED;
}
