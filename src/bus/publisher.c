/* Publishing on Redis: many messages a round trip, and a pause between tries after a failure. */
#include "bus/publisher.h"

#include <assert.h>
#include <hiredis/hiredis.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/redis.h"

#define WAIT_MS          1000
#define BACKOFF_FIRST_MS 50
#define BACKOFF_MOST_MS  1000

struct publisher {
	const char *url;
	redisContext *conn; /* NULL when there is none: a context is dead after any error */
	size_t in_line;
	int backoff_ms;
	int64_t retry_at_us; /* monotonic */
	char trouble[128];   /* "" when there is none */
};

static int
publisher_free(struct publisher *p)
{
	if (p->conn != NULL)
		redisFree(p->conn);
	return 0;
}

struct publisher *
publisher_new(TALLOC_CTX *ctx, const char *url)
{
	struct publisher *p = talloc_zero(ctx, struct publisher);

	p->url = talloc_strdup(p, url);
	talloc_set_destructor(p, publisher_free);
	return p;
}

const char *
publisher_trouble(const struct publisher *p)
{
	return p->trouble[0] == '\0' ? NULL : p->trouble;
}

/* Drops the connection, and says why where that is news. */
static enum err
fail(struct publisher *p, const char *why)
{
	char cut[sizeof(p->trouble)]; /* why may be of the connection that is dropped here */

	strncpy(cut, why, sizeof(cut) - 1);
	cut[sizeof(cut) - 1] = '\0';
	if (p->trouble[0] == '\0')
		log_line(LOG_WARN, "Redis takes no messages", "reason", cut, NULL);
	memcpy(p->trouble, cut, sizeof(cut));
	if (p->conn != NULL)
		redisFree(p->conn);
	p->conn = NULL;
	p->in_line = 0;
	p->backoff_ms = p->backoff_ms == 0 ? BACKOFF_FIRST_MS : p->backoff_ms * 2;
	if (p->backoff_ms > BACKOFF_MOST_MS)
		p->backoff_ms = BACKOFF_MOST_MS;
	p->retry_at_us = clock_mono_us() + p->backoff_ms * INT64_C(1000);
	metrics_count(METRIC_REDIS_FAILURES, 0);
	return ERR_UNAVAILABLE;
}

/* Redis has answered: there is no trouble any more. */
static void
recovered(struct publisher *p)
{
	if (p->trouble[0] != '\0')
		log_line(LOG_INFO, "Redis takes messages again", NULL);
	p->trouble[0] = '\0';
	p->backoff_ms = 0;
}

enum err
publisher_ready(struct publisher *p)
{
	redisReply *reply;
	bool good;

	if (p->conn != NULL)
		return ERR_OK;
	if (clock_mono_us() < p->retry_at_us)
		return ERR_UNAVAILABLE;
	if (redis_connect(p->url, WAIT_MS, &p->conn) != ERR_OK)
		return fail(p, "no connection");
	/* A server that is starting up takes the connection, and answers with an error. */
	reply = redisCommand(p->conn, "PING");
	good = reply != NULL && reply->type != REDIS_REPLY_ERROR;
	if (good)
		recovered(p);
	else
		fail(p, reply == NULL ? p->conn->errstr : reply->str);
	if (reply != NULL)
		freeReplyObject(reply);
	return good ? ERR_OK : ERR_UNAVAILABLE;
}

void
publisher_send(struct publisher *p, const char *channel, size_t channel_len, const char *text,
               size_t len)
{
	const char *argv[] = { "PUBLISH", channel, text };
	const size_t lens[] = { sizeof("PUBLISH") - 1, channel_len, len };

	assert(p->conn != NULL);
	if (redisAppendCommandArgv(p->conn, 3, argv, lens) == REDIS_OK)
		p->in_line++; /* else the context is dead, and publisher_flush finds it so */
}

enum err
publisher_flush(struct publisher *p, size_t *acknowledged)
{
	size_t sent = p->in_line;

	*acknowledged = 0;
	if (p->conn == NULL)
		return ERR_UNAVAILABLE;
	while (*acknowledged < sent) {
		redisReply *reply = NULL;
		enum err e = ERR_OK;

		if (p->conn->err != 0 || redisGetReply(p->conn, (void **)&reply) != REDIS_OK)
			return fail(p, p->conn->errstr);
		if (reply->type == REDIS_REPLY_ERROR)
			e = fail(p, reply->str);
		freeReplyObject(reply);
		if (e != ERR_OK)
			return e;
		++*acknowledged;
	}
	p->in_line = 0;
	return p->conn->err == 0 ? ERR_OK : fail(p, p->conn->errstr);
}
