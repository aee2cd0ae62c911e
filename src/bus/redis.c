/* Addresses of Redis, and connections that wait for answers. */
#include "bus/redis.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 6379

/* Copies n bytes as a string; false when they do not fit. */
static bool
take(char out[REDIS_PART], const char *from, size_t n)
{
	if (n >= REDIS_PART)
		return false;
	memcpy(out, from, n);
	out[n] = '\0';
	return true;
}

static bool
parse_host(const char *text, struct redis_address *out)
{
	size_t n = strcspn(text, ":/");

	out->port = DEFAULT_PORT;
	if (text[n] == ':')
		out->port = atoi(text + n + 1);
	return n > 0 && take(out->host, text, n) && out->port > 0 && out->port < 65536;
}

/* The part of a URL behind redis:// */
static bool
parse_network(const char *url, struct redis_address *out)
{
	const char *at, *colon;

	at = strrchr(url, '@');
	if (at == NULL)
		return parse_host(url, out);
	colon = memchr(url, ':', (size_t)(at - url));
	if (colon == NULL || !take(out->user, url, (size_t)(colon - url)) ||
	    !take(out->password, colon + 1, (size_t)(at - colon - 1)))
		return false;
	return parse_host(at + 1, out);
}

enum err
redis_parse(const char *url, struct redis_address *out)
{
	bool good = false;

	memset(out, 0, sizeof(*out));
	if (strncmp(url, "unix:", 5) == 0)
		good = url[5] != '\0' && take(out->path, url + 5, strlen(url + 5));
	else if (strncmp(url, "redis://", 8) == 0)
		good = parse_network(url + 8, out);
	return good ? ERR_OK : ERR_VALIDATION_ERROR;
}

/* Whether a command succeeded; frees its reply. */
static bool
succeeds(redisReply *reply)
{
	bool ok = reply != NULL && reply->type != REDIS_REPLY_ERROR;

	freeReplyObject(reply);
	return ok;
}

enum err
redis_connect(const char *url, int wait_ms, struct redisContext **out)
{
	const struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
	struct redis_address to;
	redisContext *c;
	enum err e;
	bool ok;

	assert(wait_ms > 0);
	if ((e = redis_parse(url, &to)) != ERR_OK)
		return e;
	c = to.path[0] != '\0' ? redisConnectUnixWithTimeout(to.path, wait)
	                       : redisConnectWithTimeout(to.host, to.port, wait);
	ok = c != NULL && c->err == 0 && redisSetTimeout(c, wait) == REDIS_OK;
	if (ok && to.user[0] != '\0')
		ok = succeeds(redisCommand(c, "AUTH %s %s", to.user, to.password));
	else if (ok && to.password[0] != '\0')
		ok = succeeds(redisCommand(c, "AUTH %s", to.password));
	if (!ok && c != NULL)
		redisFree(c);
	*out = ok ? c : NULL;
	return ok ? ERR_OK : ERR_UNAVAILABLE;
}

enum err
redis_ping(const char *url, int wait_ms)
{
	redisContext *c;
	enum err e;

	if ((e = redis_connect(url, wait_ms, &c)) != ERR_OK)
		return e;
	e = succeeds(redisCommand(c, "PING")) ? ERR_OK : ERR_UNAVAILABLE;
	redisFree(c);
	return e;
}
