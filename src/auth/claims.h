#ifndef ROWLOCK_AUTH_CLAIMS_H
#define ROWLOCK_AUTH_CLAIMS_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/*
 * Reads values out of JSON text that json_check took, and of nothing else. The text must
 * have a NUL behind it and live longer than what is found in it.
 */
struct claim {
	const char *at; /* NULL: there is none; then len is 0 */
	size_t len;
};

/*
 * The value that a text of len bytes is, without the white space around it; none for an empty
 * text.
 */
struct claim claim_of(const char *text, size_t len);

/*
 * Looks up n names in an object, in one pass.
 *
 * object	must be one
 * out		n values: out[i] is that of names[i], or none
 */
void claims_find(struct claim object, const char *const names[], struct claim out[], size_t n);

/* Whether it is a string, and equal to text once its escapes are resolved. */
bool claim_is(struct claim c, const char *text);

/* The text of a string, on ctx; NULL for anything else. */
char *claim_text(TALLOC_CTX *ctx, struct claim c);

/* A finite number; false for anything else. */
bool claim_number(struct claim c, double *out);

/*
 * Steps through what may be one string or a list of them (RFC 7519, 4.1.3): a list gives its
 * items in turn, any other value gives itself. *at is 0 at first. False at the end.
 */
bool claim_item(struct claim c, size_t *at, struct claim *item);

#endif
