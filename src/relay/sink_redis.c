#include <string.h>

#include "bus/publisher.h"
#include "relay/message.h"
#include "relay/sink.h"

#define WINDOW 500 /* rows: one round trip, and what is sent again when it fails */

/* Redis: rows go in one pipeline, and are acknowledged in their order. */
struct telling {
	struct publisher *publisher;
	struct in_flight *flight;
	size_t n;
	uint64_t tag[WINDOW * MESSAGES_REDIS]; /* whose message each one in line is */
};

static void *
redis_open(TALLOC_CTX *ctx, const struct config *config, struct in_flight *flight)
{
	struct telling *t = talloc_zero(ctx, struct telling);

	t->publisher = publisher_new(t, config->redis_url);
	t->flight = flight;
	return t;
}

static enum err
redis_ready(void *self)
{
	return publisher_ready(((struct telling *)self)->publisher);
}

static bool
redis_full(const void *self)
{
	return ((const struct telling *)self)->n + MESSAGES_REDIS > WINDOW * MESSAGES_REDIS;
}

static enum err
redis_send(void *self, TALLOC_CTX *ctx, const struct journal_row *row)
{
	struct telling *t = self;
	struct message_redis messages[MESSAGES_REDIS];
	bool readable;
	size_t n = message_for_redis(ctx, row, messages, &readable);
	uint64_t tag = in_flight_start(t->flight, row->at, (unsigned)n);

	if (!readable)
		sink_unreadable(&sink_redis, row);
	for (size_t i = 0; i < n; i++) {
		publisher_send(t->publisher, messages[i].channel, strlen(messages[i].channel),
		               messages[i].text, messages[i].len);
		t->tag[t->n++] = tag;
	}
	return ERR_OK;
}

static enum err
redis_settle(void *self, int wait_ms)
{
	struct telling *t = self;
	size_t taken = 0;
	enum err e = t->n == 0 ? ERR_OK : publisher_flush(t->publisher, &taken);

	(void)wait_ms; /* all of them are here, or will never be */
	for (size_t i = 0; i < taken; i++)
		in_flight_acknowledge(t->flight, t->tag[i]);
	t->n = 0;
	return e;
}

static const char *
redis_trouble(const void *self)
{
	return publisher_trouble(((const struct telling *)self)->publisher);
}

const struct sink_kind sink_redis = {
	.id = SINK_REDIS,
	.oldest = false, /* nobody listens to the past */
	.window = WINDOW,
	.busy_ms = 20, /* people are watching */
	.open = redis_open,
	.ready = redis_ready,
	.full = redis_full,
	.send = redis_send,
	.settle = redis_settle,
	.trouble = redis_trouble,
};
