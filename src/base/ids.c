/* UUIDs of four kinds, random bytes, and a hash of a text. */
#include "base/ids.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "base/clock.h"
#include "base/digest.h"

static const char hex[] = "0123456789abcdef";

/* The variable and constant parts of the version 8 form, see uuid_of_seat. */
static const uint8_t seat_middle[4] = { 0x80, 0x00, 0x80, 0x00 };

char *
uuid_text(const struct uuid *u, char out[UUID_TEXT])
{
	char *p = out;

	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*p++ = '-';
		*p++ = hex[u->b[i] >> 4];
		*p++ = hex[u->b[i] & 15];
	}
	*p = '\0';
	return out;
}

/* 0 to 15; -1 for another character. */
static int
hex_value(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

bool
uuid_parse(const char *text, struct uuid *out)
{
	const char *p = text;

	assert(text != NULL);
	for (int i = 0; i < 16; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *p++ != '-')
			return false;
		if ((high = hex_value(p[0])) < 0 || (low = hex_value(p[1])) < 0)
			return false;
		out->b[i] = (uint8_t)(high << 4 | low);
		p += 2;
	}
	return *p == '\0';
}

void
random_bytes(void *out, unsigned n)
{
	static _Thread_local uint8_t ready[RANDOM_MOST]; /* a system call for many ids at once */
	static _Thread_local unsigned left;

	assert(n <= RANDOM_MOST);
	if (left < n) {
		if (getrandom(ready, sizeof(ready), 0) != (ssize_t)sizeof(ready))
			abort();
		left = sizeof(ready);
	}
	left -= n;
	memcpy(out, ready + left, n);
	memset(ready + left, 0, n);
}

/* Big-endian, as RFC 9562 has all its fields. */
static void
put_u32(uint8_t *p, uint32_t v)
{
	p[0] = (uint8_t)(v >> 24);
	p[1] = (uint8_t)(v >> 16);
	p[2] = (uint8_t)(v >> 8);
	p[3] = (uint8_t)v;
}

static uint32_t
get_u32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

/* Sets the version, and the variant of RFC 9562. */
static void
set_version(struct uuid *u, unsigned version)
{
	u->b[6] = (uint8_t)((u->b[6] & 0x0f) | version << 4);
	u->b[8] = (uint8_t)((u->b[8] & 0x3f) | 0x80);
}

int
uuid_compare(const void *a, const void *b)
{
	const struct uuid *x = a, *y = b;

	return memcmp(x->b, y->b, sizeof(x->b));
}

bool
uuid_equal(const struct uuid *a, const struct uuid *b)
{
	return uuid_compare(a, b) == 0;
}

bool
uuid_is_zero(const struct uuid *u)
{
	static const struct uuid zero;

	return uuid_equal(u, &zero);
}

struct uuid
uuid_random(void)
{
	struct uuid u;

	random_bytes(u.b, sizeof(u.b));
	set_version(&u, 4);
	return u;
}

struct uuid
uuid_of_event(int32_t event_id)
{
	uint64_t ms = (uint64_t)(clock_now_us() / 1000);
	struct uuid u;

	assert(event_id >= 0); /* 0: of no event */
	random_bytes(u.b + 6, 6);
	u.b[0] = (uint8_t)(ms >> 40);
	u.b[1] = (uint8_t)(ms >> 32);
	put_u32(u.b + 2, (uint32_t)ms);
	put_u32(u.b + 12, (uint32_t)event_id);
	set_version(&u, 7);
	return u;
}

int32_t
uuid_event(const struct uuid *u)
{
	return (int32_t)get_u32(u->b + 12);
}

bool
uuid_is_of_event(const struct uuid *u)
{
	return u->b[6] >> 4 == 7 && uuid_event(u) > 0;
}

struct uuid
uuid_of_seat(int32_t event_id, int32_t seat_no)
{
	struct uuid u = { { 0 } };

	assert(event_id > 0 && seat_no >= 0);
	put_u32(u.b + 2, (uint32_t)event_id);
	memcpy(u.b + 6, seat_middle, sizeof(seat_middle));
	put_u32(u.b + 12, (uint32_t)seat_no);
	return u;
}

bool
uuid_seat(const struct uuid *u, int32_t *event_id, int32_t *seat_no)
{
	uint32_t event = get_u32(u->b + 2), seat = get_u32(u->b + 12);

	if (u->b[0] != 0 || u->b[1] != 0 || u->b[10] != 0 || u->b[11] != 0 ||
	    memcmp(u->b + 6, seat_middle, sizeof(seat_middle)) != 0 || event == 0 ||
	    event > INT32_MAX || seat > INT32_MAX)
		return false;
	*event_id = (int32_t)event;
	*seat_no = (int32_t)seat;
	return true;
}

struct uuid
uuid_of_message(int64_t seq, uint32_t place)
{
	const uint64_t n = (uint64_t)seq;
	struct uuid u = { { 0 } };

	assert(seq > 0 && seq >> 60 == 0);
	put_u32(u.b, (uint32_t)(n >> 28));
	u.b[4] = (uint8_t)(n >> 20);
	u.b[5] = (uint8_t)(n >> 12);
	u.b[6] = (uint8_t)(n >> 8);
	u.b[7] = (uint8_t)n;
	u.b[9] = 1;
	put_u32(u.b + 12, place);
	set_version(&u, 8);
	return u;
}

struct uuid
uuid_of_name(const char *name)
{
	char text[DIGEST_TEXT];
	struct uuid u;

	digest_sha256(name, strlen(name), text);
	for (int i = 0; i < 16; i++) {
		const int high = hex_value(text[2 * i]), low = hex_value(text[2 * i + 1]);

		assert(high >= 0 && low >= 0); /* a digest is hex */
		u.b[i] = (uint8_t)(high << 4 | low);
	}
	set_version(&u, 8);
	return u;
}

uint64_t
hash_text(const char *s)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325); /* FNV-1a, then the finisher of MurmurHash3 */

	for (; *s != '\0'; s++)
		h = (h ^ (uint8_t)*s) * UINT64_C(0x100000001b3);
	h = (h ^ h >> 33) * UINT64_C(0xff51afd7ed558ccd);
	h = (h ^ h >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return h ^ h >> 33;
}
