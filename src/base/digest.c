#include "base/digest.h"

#include <openssl/sha.h>
#include <stdio.h>

char *
digest_sha256(const void *data, size_t n, char out[DIGEST_TEXT])
{
	unsigned char md[SHA256_DIGEST_LENGTH];

	SHA256(data, n, md);
	for (int i = 0; i < SHA256_DIGEST_LENGTH; i++)
		snprintf(out + i * 2, 3, "%02x", md[i]);
	return out;
}
