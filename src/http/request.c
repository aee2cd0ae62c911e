#include "http/request.h"

#include <assert.h>
#include <string.h>

#include "base/utf8.h"

static const char *const method_names[METHOD__MAX] = { "GET",   "HEAD",   "POST",   "PUT",
	                                                   "PATCH", "DELETE", "OPTIONS" };

const char *
method_name(enum method m)
{
	return m < METHOD__MAX ? method_names[m] : "other";
}

static int
hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/*
 * Decodes %xx (and + when plus_is_space) of n bytes onto ctx. NULL when an escape is broken,
 * or what comes out is not UTF-8 or holds control characters.
 */
static char *
decode(TALLOC_CTX *ctx, const char *text, size_t n, bool plus_is_space)
{
	char *out = talloc_size(ctx, n + 1), *p = out;

	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)text[i];

		if (c == '%') {
			int high = i + 2 < n ? hex_digit(text[i + 1]) : -1;
			int low = i + 2 < n ? hex_digit(text[i + 2]) : -1;

			if (high < 0 || low < 0)
				return NULL;
			c = high << 4 | low;
			i += 2;
		} else if (c == '+' && plus_is_space) {
			c = ' ';
		}
		if (c == 0)
			return NULL;
		*p++ = (char)c;
	}
	*p = '\0';
	return utf8_is_clean(out) ? out : NULL;
}

/* One segment of the path; false when it hides what a path must not hold. */
static bool
add_part(struct request *rq, const char *text, size_t n)
{
	char *part = decode(rq->ctx, text, n, false);

	if (part == NULL || strchr(part, '/') != NULL || strchr(part, '\\') != NULL ||
	    strcmp(part, ".") == 0 || strcmp(part, "..") == 0 || rq->n_parts == REQUEST_PARTS)
		return false;
	rq->part[rq->n_parts++] = part;
	return true;
}

void
request_split(struct request *rq, const char *target)
{
	const char *end = target + strcspn(target, "?#"), *p = target;

	rq->target = target;
	rq->query = *end == '?' ? end + 1 : "";
	rq->bad_path = *p != '/';
	while (!rq->bad_path && p < end) {
		const char *from = ++p; /* behind the slash */

		p = memchr(from, '/', (size_t)(end - from));
		p = p == NULL ? end : p;
		if (p == from && p == end) /* one trailing slash is nothing */
			break;
		rq->bad_path = p == from || !add_part(rq, from, (size_t)(p - from));
	}
	rq->bad_path = rq->bad_path || decode(rq->ctx, rq->query, strlen(rq->query), true) == NULL;
}

const char *
request_query(const struct request *rq, const char *name)
{
	const char *p = rq->query;

	while (*p != '\0') {
		size_t n = strcspn(p, "&"), key = strcspn(p, "=&");

		if (key == strlen(name) && strncmp(p, name, key) == 0) {
			return decode(rq->ctx, p + key + (key < n), n - key - (key < n), true);
		}
		p += n + (p[n] == '&');
	}
	return NULL;
}

void
response_header(const struct request *rq, struct response *rs, const char *name, const char *value)
{
	assert(strpbrk(value, "\r\n") == NULL);
	if (rs->headers == NULL)
		rs->headers = talloc_strdup(rq->ctx, "");
	rs->headers = talloc_asprintf_append_buffer(rs->headers, "%s: %s\r\n", name, value);
}

void
response_json(struct response *rs, int status, struct jsonw *w)
{
	rs->status = status;
	rs->body = jsonw_text(w);
	rs->body_len = w->used;
}
