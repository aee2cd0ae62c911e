/* A request taken apart: method, path, query, headers; and the head of its answer put together. */
#include "http/request.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/utf8.h"

static const char *const method_names[METHOD__MAX] = { "GET",   "HEAD",   "POST",   "PUT",
	                                               "PATCH", "DELETE", "OPTIONS" };

const char *
method_name(enum method m)
{
	return m < METHOD__MAX ? method_names[m] : "other";
}

const char *
request_header(const struct request *rq, const char *name)
{
	size_t n = strlen(name);

	assert(rq->env != NULL && n > 0);
	for (char *const *p = rq->env; *p != NULL; p++) {
		if (strncmp(*p, name, n) == 0 && (*p)[n] == '=')
			return *p + n + 1;
	}
	return NULL;
}

bool
request_is_type(const struct request *rq, const char *type)
{
	const char *given = request_header(rq, "CONTENT_TYPE");
	size_t n = strlen(type);

	return given != NULL && strncasecmp(given, type, n) == 0 &&
	       (given[n] == '\0' || given[n] == ';' || given[n] == ' ');
}

/* Whether the caller's request id may be used as it is: short, and harmless in any log. */
static bool
is_sane_id(const char *id)
{
	size_t n = strlen(id);

	return n > 0 && n <= REQUEST_ID_MAX &&
	       strspn(id, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-_.") == n;
}

static const char *
choose_id(const struct request *rq)
{
	const char *id = request_header(rq, "HTTP_X_REQUEST_ID");
	char text[UUID_TEXT];
	struct uuid u;

	if (id != NULL && is_sane_id(id))
		return id;
	u = uuid_random();
	return talloc_strdup(rq->ctx, uuid_text(&u, text));
}

static enum method
find_method(const char *name)
{
	int m = 0;

	while (m < METHOD__MAX && strcmp(method_name((enum method)m), name) != 0)
		m++;
	return (enum method)m;
}

void
request_begin(struct request *rq, TALLOC_CTX *ctx, char *const *env)
{
	const char *target, *method;

	assert(ctx != NULL && env != NULL);
	memset(rq, 0, sizeof(*rq));
	rq->ctx = ctx;
	rq->env = env;
	rq->began_us = clock_mono_us();
	rq->id = choose_id(rq);
	target = request_header(rq, "REQUEST_URI");
	method = request_header(rq, "REQUEST_METHOD");
	rq->method = find_method(method == NULL ? "" : method);
	request_split(rq, target == NULL ? "" : target);
}

/* The value of a hexadecimal digit, or -1. */
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
	assert(p <= out + n);
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

	assert(target != NULL && rq->n_parts == 0);
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

	assert(p != NULL);
	while (*p != '\0') {
		size_t n = strcspn(p, "&"), key = strcspn(p, "=&");

		if (key == strlen(name) && strncmp(p, name, key) == 0)
			return decode(rq->ctx, p + key + (key < n), n - key - (key < n), true);
		p += n + (p[n] == '&');
	}
	return NULL;
}

int
response_head(const struct request *rq, const struct response *rs, long length,
              char out[RESPONSE_HEAD])
{
	int n;

	assert(rs->status >= 200 && rs->status <= 599 && rq->id != NULL);
	if (rs->status == 304) /* has no body and describes none */
		return snprintf(out, RESPONSE_HEAD, "Status: 304\r\nX-Request-Id: %s\r\n", rq->id);
	n = snprintf(out, RESPONSE_HEAD, "Status: %d\r\nContent-Type: %s\r\nX-Request-Id: %s\r\n",
	             rs->status, rs->content_type == NULL ? "application/json" : rs->content_type,
	             rq->id);
	if (length >= 0)
		n += snprintf(out + n, RESPONSE_HEAD - (size_t)n, "Content-Length: %ld\r\n",
		              length);
	assert(n < RESPONSE_HEAD); /* ids and content types are short */
	return n;
}

void
response_header(const struct request *rq, struct response *rs, const char *name, const char *value)
{
	assert(*name != '\0' && strpbrk(name, "\r\n:") == NULL);
	assert(strpbrk(value, "\r\n") == NULL);
	if (rs->headers == NULL)
		rs->headers = talloc_strdup(rq->ctx, "");
	rs->headers = talloc_asprintf_append_buffer(rs->headers, "%s: %s\r\n", name, value);
}

void
response_json(struct response *rs, int status, struct jsonw *w)
{
	assert(status >= 200 && status <= 599);
	rs->status = status;
	rs->body = jsonw_text(w);
	rs->body_len = w->used;
}
