/* Signing messages of the payment gateway, and checking that it was one of our secrets. */
#include "pay/signature.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <talloc.h>

#define MAC_BYTES 32
#define MAC_MARK  ",v1="
#define MAC_TEXT  (sizeof(MAC_MARK) - 1 + MAC_BYTES * 2)
#define TIME_MOST 12 /* digits */
#define MACS_MOST 8

/* A header, taken apart. */
struct parsed {
	const char *time; /* its digits, as they were signed */
	size_t time_len;
	int64_t time_s;
	unsigned char mac[MACS_MOST][MAC_BYTES];
	int n;
};

/* The next secret of a list that is not empty: with an empty key anyone could sign. */
static bool
next_secret(const char **list, const char **secret, size_t *len)
{
	*list += strspn(*list, ", ");
	*secret = *list;
	*len = strcspn(*list, ",");
	*list += *len;
	while (*len > 0 && (*secret)[*len - 1] == ' ')
		(*len)--;
	return *len > 0;
}

/* What is signed: the time, a point, the body. Without a parent: the caller frees it. */
static char *
signed_text(const char *time, size_t time_len, const char *body, size_t n)
{
	char *text = talloc_size(NULL, time_len + 1 + n);

	assert(body != NULL || n == 0);
	memcpy(text, time, time_len);
	text[time_len] = '.';
	if (n > 0)
		memcpy(text + time_len + 1, body, n);
	return text;
}

static void
make_mac(const char *secret, size_t len, const char *text, size_t n, unsigned char out[MAC_BYTES])
{
	assert(len > 0);
	if (HMAC(EVP_sha256(), secret, (int)len, (const unsigned char *)text, n, out, NULL) == NULL)
		abort(); /* no memory, or no SHA-256 in this OpenSSL */
}

const char *
signature_make(const char *secrets, int64_t now_s, const char *body, size_t n,
               char out[SIGNATURE_TEXT])
{
	unsigned char mac[MAC_BYTES];
	const char *secret;
	char *text;
	size_t len;
	int at;

	assert(secrets != NULL);
	if (!next_secret(&secrets, &secret, &len))
		return NULL;
	at = snprintf(out, SIGNATURE_TEXT, "t=%lld", (long long)now_s);
	text = signed_text(out + 2, (size_t)at - 2, body, n);
	make_mac(secret, len, text, (size_t)at - 1 + n, mac);
	talloc_free(text);
	at += snprintf(out + at, SIGNATURE_TEXT - (size_t)at, ",v1=");
	for (int i = 0; i < MAC_BYTES; i++)
		at += snprintf(out + at, SIGNATURE_TEXT - (size_t)at, "%02x", mac[i]);
	assert(at < SIGNATURE_TEXT); /* it was not cut */
	return out;
}

/* Reads ",v1=" and 64 hex digits; false: they are not there. */
static bool
parse_mac(const char *text, unsigned char out[MAC_BYTES])
{
	static const char digits[] = "0123456789abcdefABCDEF";

	if (strncmp(text, MAC_MARK, strlen(MAC_MARK)) != 0)
		return false;
	text += strlen(MAC_MARK);
	if (strspn(text, digits) != MAC_BYTES * 2)
		return false;
	for (int i = 0; i < MAC_BYTES; i++) {
		const char pair[] = { text[i * 2], text[i * 2 + 1], '\0' };

		out[i] = (unsigned char)strtoul(pair, NULL, 16);
	}
	return true;
}

/* Takes a header apart; false when it is not of the form. */
static bool
parse(const char *header, struct parsed *out)
{
	const char *p;

	if (strnlen(header, SIGNATURE_MOST + 1) > SIGNATURE_MOST || strncmp(header, "t=", 2) != 0)
		return false;
	out->time = header + 2;
	out->time_len = strspn(out->time, "0123456789");
	if (out->time_len < 1 || out->time_len > TIME_MOST)
		return false;
	out->time_s = strtoll(out->time, NULL, 10);
	out->n = 0;
	p = out->time + out->time_len;
	/* MACS_MOST bounds the work that a header can ask for. */
	for (; *p != '\0'; p += MAC_TEXT) {
		if (out->n == MACS_MOST || !parse_mac(p, out->mac[out->n++]))
			return false;
	}
	return out->n > 0;
}

bool
signature_check(const char *secrets, const char *header, const char *body, size_t n, int64_t now_s)
{
	unsigned char mac[MAC_BYTES];
	struct parsed p;
	const char *secret;
	bool good = false;
	char *text;
	size_t len;

	if (header == NULL || !parse(header, &p) || llabs(now_s - p.time_s) > SIGNATURE_GOOD_S)
		return false;
	text = signed_text(p.time, p.time_len, body, n);
	while (next_secret(&secrets, &secret, &len)) {
		make_mac(secret, len, text, p.time_len + 1 + n, mac);
		for (int i = 0; i < p.n; i++)
			/* All are compared, whichever fits: the time taken tells nothing. */
			good = CRYPTO_memcmp(mac, p.mac[i], MAC_BYTES) == 0 || good;
	}
	talloc_free(text);
	return good;
}
