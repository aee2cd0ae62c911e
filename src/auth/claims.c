/*
 * Values of a JSON object, found in its text without building a tree: this runs for every request.
 * All of it relies on the text being valid: a string has its end, brackets match. The NUL behind
 * the text stops a reader that looks one byte too far.
 */
#include "auth/claims.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/json_check.h"

static const char *
skip_space(const char *p)
{
	return p + strspn(p, " \t\r\n");
}

/* Steps over a string, from its first quote to behind its last. */
static const char *
skip_string(const char *p)
{
	assert(*p == '"');
	for (p++; *p != '"'; p++)
		if (*p == '\\')
			p++;
	return p + 1;
}

/* Steps over a value of any kind, from its first byte. */
static const char *
skip_value(const char *p)
{
	int depth = 0;

	if (*p != '{' && *p != '[' && *p != '"')
		return p + strcspn(p, ",]} \t\r\n");
	do {
		if (*p == '"') {
			p = skip_string(p);
			continue;
		}
		depth += (*p == '{' || *p == '[') - (*p == '}' || *p == ']');
		p++;
	} while (depth > 0);
	return p;
}

/* The value at p, and p set behind it. */
static struct claim
take(const char **p)
{
	struct claim c = { skip_space(*p), 0 };

	*p = skip_value(c.at);
	c.len = (size_t)(*p - c.at);
	return c;
}

struct claim
claim_of(const char *text, size_t len)
{
	const char *p = text;

	assert(text != NULL && text[len] == '\0');
	return len == 0 ? (struct claim){ NULL, 0 } : take(&p);
}

void
claims_find(struct claim object, const char *const names[], struct claim out[], size_t n)
{
	const char *p;

	assert(object.at != NULL && *object.at == '{');
	p = skip_space(object.at + 1);
	memset(out, 0, n * sizeof(*out));
	while (*p != '}') {
		struct claim name = take(&p), c;

		p = skip_space(p) + 1; /* the colon */
		c = take(&p);
		p = skip_space(p);
		if (*p == ',')
			p++;
		for (size_t i = 0; i < n; i++)
			if (claim_is(name, names[i]))
				out[i] = c;
	}
}

bool
claim_is(struct claim c, const char *text)
{
	size_t n = strlen(text), raw_len;
	const char *raw;
	char *plain;
	bool same;

	if (c.at == NULL || *c.at != '"')
		return false;
	assert(c.len >= 2); /* the quotes */
	raw = c.at + 1;
	raw_len = c.len - 2;
	if (memchr(raw, '\\', raw_len) == NULL)
		return raw_len == n && memcmp(raw, text, n) == 0;
	plain = talloc_size(NULL, raw_len);
	same = json_unescape(raw, raw_len, plain) == n && memcmp(plain, text, n) == 0;
	talloc_free(plain);
	return same;
}

char *
claim_text(TALLOC_CTX *ctx, struct claim c)
{
	char *text;

	if (c.at == NULL || *c.at != '"')
		return NULL;
	assert(c.len >= 2);
	text = talloc_size(ctx, c.len); /* without the quotes, with an end */
	text[json_unescape(c.at + 1, c.len - 2, text)] = '\0';
	return text;
}

bool
claim_number(struct claim c, double *out)
{
	char *end;

	if (c.at == NULL || (*c.at != '-' && (*c.at < '0' || *c.at > '9')))
		return false;
	*out = strtod(c.at, &end);
	return end == c.at + c.len && isfinite(*out);
}

bool
claim_item(struct claim c, size_t *at, struct claim *item)
{
	const char *p;

	if (*at >= c.len)
		return false;
	if (*c.at != '[') {
		*item = c;
		*at = c.len;
		return true;
	}
	assert(*at == 0 || c.at[*at] == ',');
	p = skip_space(c.at + *at + 1); /* behind the bracket, or a comma */
	if (*p == ']')
		return false;
	*item = take(&p);
	p = skip_space(p);
	*at = *p == ',' ? (size_t)(p - c.at) : c.len;
	return true;
}
