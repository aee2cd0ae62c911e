/* SHA-256 as text. */
#include "base/digest.h"

#include <assert.h>
#include <openssl/sha.h>
#include <stdio.h>

char *
digest_sha256(const void *data, size_t n, char out[DIGEST_TEXT])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	assert(data != NULL || n == 0);
	SHA256(data, n, md);
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		snprintf(out + i * 2, 3, "%02x", md[i]);
	return out;
}
