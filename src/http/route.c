/* Finding a request's route: literal segments and bound ones, in the order of the table. */
#include "http/route.h"

#include <assert.h>
#include <string.h>

/* Whether the path fits a pattern; binds its arguments. */
static bool
fits(const char *pattern, const struct request *rq, const char **arg)
{
	size_t part = 0, args = 0;

	assert(*pattern == '/');
	for (; *pattern == '/'; part++) {
		size_t n = strcspn(++pattern, "/");

		if (part == rq->n_parts)
			return false;
		assert(*pattern != '{' || args < ROUTE_ARGS);
		if (*pattern == '{')
			arg[args++] = rq->part[part];
		else if (strlen(rq->part[part]) != n || strncmp(pattern, rq->part[part], n) != 0)
			return false;
		pattern += n;
	}
	return part == rq->n_parts;
}

/* Adds a method to a list such as "GET, HEAD", once. */
static void
allow(struct route_match *out, const char *name)
{
	if (strstr(out->allow, name) != NULL)
		return;
	assert(strlen(out->allow) + strlen(name) + 2 < sizeof(out->allow));
	if (out->allow[0] != '\0')
		strcat(out->allow, ", ");
	strcat(out->allow, name);
}

void
route_find(const void *table, size_t n, size_t size, const struct request *rq,
           struct route_match *out)
{
	enum method wanted = rq->method == HEAD ? GET : rq->method;

	assert(table != NULL && size >= sizeof(struct route_key));
	assert(rq->n_parts <= REQUEST_PARTS);
	memset(out, 0, sizeof(*out));
	out->index = -1;
	for (size_t i = 0; i < n && !rq->bad_path; i++) {
		const struct route_key *key = (const void *)((const char *)table + i * size);

		if (!fits(key->pattern, rq, out->arg))
			continue;
		if (key->method == wanted) {
			out->index = (int)i;
			out->path_known = false;
			return;
		}
		out->path_known = true;
		allow(out, method_name(key->method));
		if (key->method == GET)
			allow(out, "HEAD");
	}
}
