#ifndef ROWLOCK_BASE_DIGEST_H
#define ROWLOCK_BASE_DIGEST_H

#include <stddef.h>

#define DIGEST_TEXT 65 /* SHA-256 in hex, with its end */

/* Writes the SHA-256 of n bytes in lower-case hex; returns out (FIPS 180-4). */
char *digest_sha256(const void *data, size_t n, char out[DIGEST_TEXT]);

#endif
