/* Whether a text is JSON, strictly; what reads it afterwards need not ask again. */
#include "base/json_check.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

#define NAMES_FIRST 32
#define NOTHING     (-1) /* what peek sees behind the text */
#define BOM         "\xef\xbb\xbf"

/* A name of an object that is still open, or has just been closed. */
struct name {
	uint64_t hash;    /* of the bytes in lower case */
	const char *text; /* without escapes */
	size_t len;
	size_t at; /* where it begins, for the fault */
};

/* A check under way. */
struct check {
	TALLOC_CTX *ctx; /* freed after the check */
	const char *text;
	size_t len, at;
	int depth;
	struct name *names; /* a stack: those of the outer objects lie below */
	size_t n_names, names_room;
	char *plain; /* names that had escapes; all together they fit into len bytes */
	size_t plain_used;
	struct json_fault *fault;
};

static bool value(struct check *c);

/* Notes a fault; always false. */
static bool
fail(struct check *c, size_t at, const char *why)
{
	*c->fault = (struct json_fault){ .why = why, .at = at };
	return false;
}

/* The next byte, or NOTHING. */
static int
peek(const struct check *c)
{
	return c->at < c->len ? (unsigned char)c->text[c->at] : NOTHING;
}

static bool
is_digit(int ch)
{
	return ch >= '0' && ch <= '9';
}

static void
skip_space(struct check *c)
{
	int ch;

	while ((ch = peek(c)) == ' ' || ch == '\t' || ch == '\n' || ch == '\r')
		c->at++;
}

/* --- Strings. --- */

/* Four hex digits as a number, or -1. */
static int
hex4(const char *p, size_t left)
{
	int n = 0;

	if (left < 4)
		return -1;
	for (int i = 0; i < 4; i++) {
		int ch = (unsigned char)p[i], low = ch | 0x20;

		if (!is_digit(ch) && (low < 'a' || low > 'f'))
			return -1;
		n = n << 4 | (is_digit(ch) ? ch - '0' : low - 'a' + 10);
	}
	return n;
}

/* An escape behind its backslash. */
static bool
escape(struct check *c)
{
	size_t start = c->at - 1;
	int ch = peek(c), unit;

	if (ch == NOTHING)
		return fail(c, c->at, "a string has no end");
	c->at++;
	if (ch != 'u')
		return (ch != '\0' && strchr("\"\\/bfnrt", ch) != NULL) ||
		       fail(c, start, "an escape that does not exist");
	if ((unit = hex4(c->text + c->at, c->len - c->at)) < 0)
		return fail(c, start, "an escape that is not \\u and four hex digits");
	c->at += 4;
	if (unit == 0)
		return fail(c, start, "the character NUL");
	if (unit < 0xd800 || unit > 0xdfff)
		return true;
	if (unit > 0xdbff || c->len - c->at < 6 || c->text[c->at] != '\\' ||
	    c->text[c->at + 1] != 'u')
		return fail(c, start, "half a surrogate pair");
	unit = hex4(c->text + c->at + 2, 4);
	if (unit < 0xdc00 || unit > 0xdfff)
		return fail(c, start, "half a surrogate pair");
	c->at += 6;
	return true;
}

/* A string, from its first quote; says whether it has escapes. */
static bool
string(struct check *c, bool *escaped)
{
	assert(peek(c) == '"');
	*escaped = false;
	c->at++;
	for (;;) {
		int ch = peek(c);
		size_t n = 1;

		if (ch == NOTHING)
			return fail(c, c->at, "a string has no end");
		if (ch < ' ')
			return fail(c, c->at, "a control character in a string");
		if (ch >= 0x80 &&
		    (n = utf8_len((const unsigned char *)c->text + c->at, c->len - c->at)) == 0)
			return fail(c, c->at, "bytes that are not UTF-8");
		c->at += n;
		if (ch == '"')
			return true;
		if (ch == '\\') {
			*escaped = true;
			if (!escape(c))
				return false;
		}
	}
}

/* Writes a character as 1 to 4 bytes; returns how many. */
static size_t
put_utf8(uint32_t point, char *out)
{
	static const uint8_t lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };
	size_t n = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;

	for (size_t i = n; i-- > 1; point >>= 6)
		out[i] = (char)(0x80 | (point & 0x3f));
	out[0] = (char)(lead[n] | point);
	return n;
}

size_t
json_unescape(const char *raw, size_t len, char *out)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	size_t used = 0;

	for (size_t i = 0; i < len;) {
		uint32_t point;

		if (raw[i] != '\\') {
			out[used++] = raw[i++];
			continue;
		}
		if (raw[i + 1] != 'u') {
			out[used++] = to[strchr(from, raw[i + 1]) - from];
			i += 2;
			continue;
		}
		point = (uint32_t)hex4(raw + i + 2, 4);
		i += 6;
		if (point >= 0xd800 && point <= 0xdbff) {
			uint32_t low = (uint32_t)hex4(raw + i + 2, 4);

			point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
			i += 6;
		}
		used += put_utf8(point, out + used);
	}
	return used;
}

/* --- Names. --- */

/* An ASCII letter in lower case; other bytes as they are. */
static unsigned char
lower(char ch)
{
	return (unsigned char)(ch >= 'A' && ch <= 'Z' ? ch | 0x20 : ch);
}

/* Any order will do in which equal names are neighbours. */
static int
compare_names(const void *left, const void *right)
{
	const struct name *a = left, *b = right;

	if (a->hash != b->hash)
		return a->hash < b->hash ? -1 : 1;
	if (a->len != b->len)
		return a->len < b->len ? -1 : 1;
	for (size_t i = 0; i < a->len; i++) {
		int d = lower(a->text[i]) - lower(b->text[i]);

		if (d != 0)
			return d;
	}
	return 0;
}

/*
 * Whether the names from number first on are all different. Sorted, not hashed into
 * places: names made to collide cost no more than others.
 */
static bool
names_differ(struct check *c, size_t first)
{
	struct name *names;
	size_t n = c->n_names - first;

	assert(first <= c->n_names);
	if (n < 2)
		return true;
	names = c->names + first;
	qsort(names, n, sizeof(*names), compare_names);
	for (size_t i = 1; i < n; i++) {
		const struct name *a = &names[i - 1], *b = &names[i];

		if (compare_names(a, b) == 0)
			return fail(c, a->at > b->at ? a->at : b->at,
			            "a name that its object already has");
	}
	return true;
}

/* Remembers a name: len raw bytes from text[from] on. */
static bool
keep_name(struct check *c, size_t from, size_t len, bool escaped)
{
	struct name name = { .hash = UINT64_C(0xcbf29ce484222325), c->text + from, len, from - 1 };

	if (escaped) {
		if (c->plain == NULL && (c->plain = talloc_size(c->ctx, c->len)) == NULL)
			return fail(c, from, "too long a text");
		name.text = c->plain + c->plain_used;
		name.len = json_unescape(c->text + from, len, c->plain + c->plain_used);
		c->plain_used += name.len;
		assert(c->plain_used <= c->len);
	}
	for (size_t i = 0; i < name.len; i++)
		name.hash = (name.hash ^ lower(name.text[i])) * UINT64_C(0x100000001b3);
	if (c->n_names == c->names_room) {
		size_t room = c->names_room == 0 ? NAMES_FIRST : c->names_room * 2;
		struct name *more = talloc_realloc_size(c->ctx, c->names, room * sizeof(*more));

		if (more == NULL) /* talloc gives no piece beyond 256 MiB */
			return fail(c, from, "too many names");
		c->names = more;
		c->names_room = room;
	}
	c->names[c->n_names++] = name;
	return true;
}

/* --- Values. --- */

/* A name, a colon and a value. */
static bool
member(struct check *c)
{
	size_t start;
	bool escaped;

	skip_space(c);
	if (peek(c) != '"')
		return fail(c, c->at, "a name in quotes is missing");
	start = c->at + 1;
	if (!string(c, &escaped) || !keep_name(c, start, c->at - 1 - start, escaped))
		return false;
	skip_space(c);
	if (peek(c) != ':')
		return fail(c, c->at, "a colon is missing");
	c->at++;
	return value(c);
}

/* An object or an array: items between brackets, separated by commas. */
static bool
items(struct check *c, bool (*item)(struct check *), int end)
{
	size_t first = c->n_names;
	int ch;

	if (++c->depth > JSON_MAX_DEPTH)
		return fail(c, c->at, "too many levels");
	c->at++;
	skip_space(c);
	if (peek(c) == end) {
		c->at++;
		c->depth--;
		return true;
	}
	do {
		if (!item(c))
			return false;
		skip_space(c);
		ch = peek(c);
		c->at++;
	} while (ch == ',');
	if (ch != end)
		return fail(c, c->at - 1,
		            end == '}' ? "a comma or } is missing" : "a comma or ] is missing");
	if (!names_differ(c, first))
		return false;
	c->n_names = first;
	c->depth--;
	return true;
}

/* At least one digit. */
static bool
digits(struct check *c)
{
	if (!is_digit(peek(c)))
		return fail(c, c->at, "a number lacks a digit");
	while (is_digit(peek(c)))
		c->at++;
	return true;
}

/* A number of any size (RFC 8259, 6). */
static bool
number(struct check *c)
{
	if (peek(c) == '-')
		c->at++;
	if (peek(c) == '0') {
		c->at++;
		if (is_digit(peek(c)))
			return fail(c, c->at - 1, "a number with a leading zero");
	} else if (!digits(c)) {
		return false;
	}
	if (peek(c) == '.') {
		c->at++;
		if (!digits(c))
			return false;
	}
	if (peek(c) == 'e' || peek(c) == 'E') {
		c->at++;
		if (peek(c) == '+' || peek(c) == '-')
			c->at++;
		return digits(c);
	}
	return true;
}

static bool
word(struct check *c)
{
	static const char *const words[] = { "true", "false", "null" };

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		size_t n = strlen(words[i]);

		if (c->len - c->at >= n && memcmp(c->text + c->at, words[i], n) == 0) {
			c->at += n;
			return true;
		}
	}
	return fail(c, c->at,
	            c->at == c->len ? "a value is missing" : "something that is no value");
}

/* A value of any kind; it calls itself no deeper than JSON_MAX_DEPTH. */
static bool
value(struct check *c)
{
	bool escaped;
	int ch;

	skip_space(c);
	ch = peek(c);
	if (ch == '"')
		return string(c, &escaped);
	if (ch == '{')
		return items(c, member, '}');
	if (ch == '[')
		return items(c, value, ']');
	if (ch == '-' || is_digit(ch))
		return number(c);
	return word(c);
}

static bool
document(struct check *c)
{
	if (c->len >= strlen(BOM) && memcmp(c->text, BOM, strlen(BOM)) == 0)
		return fail(c, 0, "a byte order mark");
	if (!value(c))
		return false;
	skip_space(c);
	return c->at == c->len || fail(c, c->at, "more than one value");
}

enum err
json_check(TALLOC_CTX *ctx, const char *text, size_t len, struct json_fault *fault)
{
	struct check c = { .ctx = talloc_new(ctx), .text = text, .len = len, .fault = fault };
	bool good;

	assert(fault != NULL && (text != NULL || len == 0));
	good = document(&c);
	assert(!good || (c.depth == 0 && c.n_names == 0 && c.at == len));
	talloc_free(c.ctx);
	return good ? ERR_OK : ERR_VALIDATION_ERROR;
}
