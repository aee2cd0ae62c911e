#ifndef ROWLOCK_AUTH_TOKEN_H
#define ROWLOCK_AUTH_TOKEN_H

#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

#define TOKEN_MAX_BYTES 8192
#define SUB_MAX_BYTES   255

/* What a principal may be; bits, so that a route can name several. */
enum role {
	ROLE_NONE = 0,
	ROLE_BUYER = 1,
	ROLE_SELLER = 2,
	ROLE_ADMIN = 4,
	ROLE_SERVICE = 8,
};

/* The holder of a token: whose request it is. */
struct principal {
	const char *sub;  /* 1 to SUB_MAX_BYTES bytes of UTF-8 without control characters */
	const char *name; /* the claim `name`, or NULL */
	enum role role;   /* exactly one */
};

/* How tokens are checked; built once at start, then read-only and shared by all threads. */
struct token_rules {
	const char *hs256_secret; /* at least 32 bytes; the only key for now */
	const char *issuer;       /* NULL or "": not checked */
	const char *audience;     /* likewise */
	const char *role_claim;   /* name of the claim that holds the role or a list of roles */
};

/* The role's name in a token: "buyer"; "none" for ROLE_NONE. */
const char *role_name(enum role r);

/* The role of a name; ROLE_NONE for an unknown one. */
enum role role_parse(const char *name);

/*
 * Checks a JWT (RFC 7519) in compact form: its form first (guard.h), the signature in constant
 * time, then the claims. Safe to call from many threads at once.
 *
 * jwt		the token without "Bearer "
 * now_s	Unix seconds; exp must be after it, nbf not after it
 * principal		set on ERR_OK; its strings hang on ctx
 * why		set on failure to a constant for the log, never to text from the token
 *
 * A token without a role claim is a buyer; of a list of roles the one with most rights counts:
 * admin, service, seller, buyer; an unknown name counts as buyer.
 *
 * Returns ERR_OK or ERR_UNAUTHORIZED.
 */
enum err token_verify(TALLOC_CTX *ctx, const struct token_rules *rules, const char *jwt,
                      int64_t now_s, struct principal *principal, const char **why) MUST_CHECK;

/*
 * Makes an HS256 token that token_verify accepts, valid from now_s for ttl_s seconds (at
 * least 1); it hangs on ctx.
 *
 * Returns ERR_OK, or ERR_VALIDATION_ERROR when no token could say this: a sub or a name
 * that token_verify does not take, no role or several, or more than fits into one.
 */
enum err token_make(TALLOC_CTX *ctx, const struct token_rules *rules,
                    const struct principal *principal, int64_t now_s, int64_t ttl_s,
                    char **out) MUST_CHECK;

#endif
