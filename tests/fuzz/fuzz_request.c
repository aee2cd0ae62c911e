/*
 * Any bytes as what a URL and headers say: the first line is the request's target, the second one
 * its Last-Event-ID, the rest its X-Request-Id. What is taken is clean, and stays the same when
 * it is written in another way.
 */

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "api/routes.h"
#include "base/cursor.h"
#include "base/utf8.h"
#include "http/route.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

/* Up to the end of the line; the rest moves on. */
static char *
take_line(TALLOC_CTX *ctx, const uint8_t **data, size_t *size)
{
	const uint8_t *end = *size == 0 ? NULL : memchr(*data, '\n', *size);
	size_t n = end == NULL ? *size : (size_t)(end - *data);
	char *line = talloc_strndup(ctx, (const char *)*data, n);

	n += end != NULL;
	*data += n;
	*size -= n;
	return line;
}

/* With every byte escaped. */
static char *
escaped(TALLOC_CTX *ctx, const char *text)
{
	char *out = talloc_strdup(ctx, "");

	for (; *text != '\0'; text++)
		out = talloc_asprintf_append_buffer(out, "%%%02x", (unsigned char)*text);
	return out;
}

static void
check_cursor(const char *text)
{
	char again[CURSOR_TEXT];
	struct cursor c;

	if (text == NULL || !cursor_parse(text, &c))
		return;
	must(c.xid <= INT64_MAX && c.seq >= 0);
	must(strcmp(cursor_text(&c, again), text) == 0);
}

static void
check_path(const struct request *rq)
{
	char *target = talloc_strdup(rq->ctx, "");
	struct request again = { .ctx = rq->ctx };

	must(*rq->target == '/' && rq->n_parts <= REQUEST_PARTS);
	for (size_t i = 0; i < rq->n_parts; i++) {
		const char *part = rq->part[i];

		must(*part != '\0' && utf8_is_clean(part) && strpbrk(part, "/\\") == NULL);
		must(strcmp(part, ".") != 0 && strcmp(part, "..") != 0);
		target = talloc_asprintf_append_buffer(target, "/%s", escaped(rq->ctx, part));
	}
	request_split(&again, rq->n_parts == 0 ? "/" : target);
	must(!again.bad_path && again.n_parts == rq->n_parts && *again.query == '\0');
	for (size_t i = 0; i < rq->n_parts; i++)
		must(strcmp(again.part[i], rq->part[i]) == 0);
}

static void
check_route(const struct request *rq)
{
	struct route_match m;
	size_t n;
	const struct route *table = api_routes(&n);

	route_find(table, n, sizeof(*table), rq, &m);
	must(m.index < (int)n && strlen(m.allow) < sizeof(m.allow));
	must(m.index >= 0 || m.path_known == (*m.allow != '\0'));
}

static void
check_query(const struct request *rq)
{
	static const char *const names[] = {
		"", "ticket", "lastEventId", "since", "page", "status"
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		const char *value = request_query(rq, names[i]);

		must(value == NULL || (utf8_is_clean(value) && strlen(value) <= strlen(rq->query)));
		check_cursor(value);
	}
}

/* A value between others is read as it was written, or the URL is refused. */
static void
check_value(TALLOC_CTX *ctx, const char *value)
{
	struct request rq = { .ctx = ctx };
	const char *found;

	request_split(&rq,
	              talloc_asprintf(ctx,
	                              "/a?lastEventI=1&lastEventId=%s&lastEventId=2#lastEventId=3",
	                              escaped(ctx, value)));
	found = request_query(&rq, "lastEventId");
	must(rq.bad_path == !utf8_is_clean(value));
	must(rq.bad_path ? found == NULL : strcmp(found, value) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	const char *target = take_line(ctx, &data, &size), *after = take_line(ctx, &data, &size);
	const char *id = talloc_strndup(ctx, (const char *)data, size);
	char *env[] = { "REQUEST_METHOD=GET", talloc_asprintf(ctx, "REQUEST_URI=%s", target),
		        talloc_asprintf(ctx, "HTTP_LAST_EVENT_ID=%s", after),
		        talloc_asprintf(ctx, "HTTP_X_REQUEST_ID=%s", id), NULL };
	struct request rq;

	request_begin(&rq, ctx, env);
	must(strcmp(rq.target, target) == 0 &&
	     strcmp(request_header(&rq, "HTTP_LAST_EVENT_ID"), after) == 0);
	must(*rq.id != '\0' && strlen(rq.id) <= REQUEST_ID_MAX && utf8_is_clean(rq.id));
	must(strpbrk(rq.id, " \"\\=%") == NULL);
	if (!rq.bad_path) {
		check_path(&rq);
		check_route(&rq);
		check_query(&rq);
	}
	check_value(ctx, after);
	check_cursor(after);
	talloc_free(ctx);
	return 0;
}
