#include "bus/redis.h"

#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_PORT 6379
#define PART_MAX     256

/* A Redis URL, taken apart. */
struct address {
	char host[PART_MAX], password[PART_MAX], path[PART_MAX];
	int port;
};

/* Copies n bytes as a string; false when they do not fit. */
static bool
take(char out[PART_MAX], const char *from, size_t n)
{
	if (n >= PART_MAX)
		return false;
	memcpy(out, from, n);
	out[n] = '\0';
	return true;
}

static bool
parse_host(const char *text, struct address *out)
{
	size_t n = strcspn(text, ":/");

	out->port = DEFAULT_PORT;
	if (text[n] == ':')
		out->port = atoi(text + n + 1);
	return n > 0 && take(out->host, text, n) && out->port > 0 && out->port < 65536;
}

static bool
parse(const char *url, struct address *out)
{
	const char *at, *colon;

	memset(out, 0, sizeof(*out));
	if (strncmp(url, "unix:", 5) == 0)
		return url[5] != '\0' && take(out->path, url + 5, strlen(url + 5));
	if (strncmp(url, "redis://", 8) != 0)
		return false;
	url += 8;
	at = strrchr(url, '@');
	if (at == NULL)
		return parse_host(url, out);
	colon = memchr(url, ':', (size_t)(at - url));
	if (colon != NULL && !take(out->password, colon + 1, (size_t)(at - colon - 1)))
		return false;
	return parse_host(at + 1, out);
}

static bool
succeeds(redisReply *reply)
{
	bool ok = reply != NULL && reply->type != REDIS_REPLY_ERROR;

	freeReplyObject(reply);
	return ok;
}

enum err
redis_ping(const char *url, int wait_ms)
{
	const struct timeval wait = { .tv_sec = wait_ms / 1000, .tv_usec = wait_ms % 1000 * 1000 };
	struct address to;
	redisContext *c;
	bool ok;

	if (!parse(url, &to))
		return ERR_VALIDATION_ERROR;
	c = to.path[0] != '\0' ? redisConnectUnixWithTimeout(to.path, wait)
	                       : redisConnectWithTimeout(to.host, to.port, wait);
	ok = c != NULL && c->err == 0 && redisSetTimeout(c, wait) == REDIS_OK;
	if (ok && to.password[0] != '\0')
		ok = succeeds(redisCommand(c, "AUTH %s", to.password));
	ok = ok && succeeds(redisCommand(c, "PING"));
	if (c != NULL)
		redisFree(c);
	return ok ? ERR_OK : ERR_UNAVAILABLE;
}
