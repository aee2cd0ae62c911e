#ifndef ROWLOCK_BASE_JSON_CHECK_H
#define ROWLOCK_BASE_JSON_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "base/err.h"

#define JSON_MAX_DEPTH 32

/* Where and why a text is not the JSON that we take. */
struct json_fault {
	const char *why; /* a constant, for people */
	size_t at;       /* byte offset */
	bool too_long;   /* it is JSON, but json_parse cannot read a number of so many digits */
};

/*
 * Whether len bytes are one JSON text by RFC 8259, and strictly so: UTF-8 without BOM
 * (RFC 3629: no overlong forms, no surrogates), no raw control characters in strings, no
 * NUL in any spelling, no lone surrogate escapes, no leading zeros, at most JSON_MAX_DEPTH
 * deep, no two names of one object that are equal or differ only in ASCII case, nothing
 * but white space behind the value. Numbers may have any size and any number of digits.
 * Never reads past len; keeps nothing on ctx.
 *
 * Returns ERR_OK or ERR_VALIDATION_ERROR with *fault set.
 */
enum err json_check(TALLOC_CTX *ctx, const char *text, size_t len,
                    struct json_fault *fault) MUST_CHECK;

/*
 * Resolves the escapes of a string.
 *
 * raw	len bytes from between the quotes, in a text that json_check took
 * out	has room for len bytes; no end is written
 *
 * Returns how many bytes it wrote.
 */
size_t json_unescape(const char *raw, size_t len, char *out);

#endif
