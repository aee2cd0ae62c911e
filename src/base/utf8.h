#ifndef ROWLOCK_BASE_UTF8_H
#define ROWLOCK_BASE_UTF8_H

#include <stdbool.h>
#include <stddef.h>

/*
 * The length of the UTF-8 sequence at p, which has `left` bytes: 1 for ASCII; 0 when it is
 * none: a stray or missing byte, an overlong form, a surrogate, above U+10FFFF (RFC 3629).
 */
size_t utf8_len(const unsigned char *p, size_t left);

/* Whether a string is UTF-8 without control characters: C0, DEL, and C1 (U+0080 to U+009F). */
bool utf8_is_clean(const char *s);

#endif
