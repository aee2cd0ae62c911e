#ifndef ROWLOCK_AUTH_GUARD_H
#define ROWLOCK_AUTH_GUARD_H

#include <stddef.h>
#include <talloc.h>

#include "auth/claims.h"
#include "base/err.h"

#define GUARD_SIGNATURE 32 /* bytes of an HMAC-SHA256 */

/* A token that has the right form; nothing in it is to be believed yet. */
struct guarded {
	size_t signed_len; /* the signature is over that many bytes of the token, from its start */
	unsigned char signature[GUARD_SIGNATURE];
	const char *claims; /* the second part, still in base64url */
	size_t claims_len;
};

/*
 * What is checked before a library sees a token: its length, three
 * parts of base64url as RFC 7515 spells it (no padding, no spare bits), a header that is
 * strict JSON, alg HS256, a signature as long as that has, and no parameter in the header
 * that would choose the key or change the meaning of the rest.
 *
 * out	set on ERR_OK; points into jwt
 * why	set on failure to a constant
 *
 * Returns ERR_OK or ERR_UNAUTHORIZED.
 */
enum err guard_token(TALLOC_CTX *ctx, const char *jwt, struct guarded *out,
                     const char **why) MUST_CHECK;

/*
 * The claims of a token whose signature has been found good, when they are an object of
 * strict JSON, so that no name can be there twice. The text hangs on ctx.
 *
 * Returns ERR_OK or ERR_UNAUTHORIZED with *why set.
 */
enum err guard_claims(TALLOC_CTX *ctx, const struct guarded *token, struct claim *object,
                      const char **why) MUST_CHECK;

#endif
