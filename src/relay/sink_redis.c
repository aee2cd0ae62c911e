/*
 * The sink Redis. Rows go in one pipeline, and are acknowledged in their order: all of a window,
 * or those before the failure.
 */
#include <assert.h>
#include <string.h>

#include "bus/publisher.h"
#include "relay/message.h"
#include "relay/sink.h"

#define WINDOW 500 /* rows: one round trip, and what is sent again when it fails */

struct redis_sink {
	struct publisher *publisher;
	struct in_flight *in_flight;
	size_t n;                              /* messages in the pipeline */
	uint64_t tag[WINDOW * MESSAGES_REDIS]; /* of each of them: its row's */
};

static void *
redis_open(TALLOC_CTX *ctx, const struct config *config, struct in_flight *in_flight)
{
	struct redis_sink *r = talloc_zero(ctx, struct redis_sink);

	r->publisher = publisher_new(r, config->redis_url);
	r->in_flight = in_flight;
	return r;
}

static enum err
redis_ready(void *self)
{
	return publisher_ready(((struct redis_sink *)self)->publisher);
}

static bool
redis_full(const void *self)
{
	return ((const struct redis_sink *)self)->n + MESSAGES_REDIS > WINDOW * MESSAGES_REDIS;
}

static enum err
redis_send(void *self, TALLOC_CTX *ctx, const struct journal_row *row)
{
	struct redis_sink *r = self;
	struct message_redis messages[MESSAGES_REDIS];
	bool readable;
	size_t n = message_for_redis(ctx, row, messages, &readable);
	uint64_t tag = in_flight_start(r->in_flight, row->at, (unsigned)n);

	assert(r->n + n <= sizeof(r->tag) / sizeof(r->tag[0])); /* it was not full */
	if (!readable)
		sink_unreadable(&sink_redis, row);
	for (size_t i = 0; i < n; i++) {
		publisher_send(r->publisher, messages[i].channel, strlen(messages[i].channel),
		               messages[i].text, messages[i].len);
		r->tag[r->n++] = tag;
	}
	return ERR_OK;
}

static enum err
redis_collect(void *self, int wait_ms)
{
	struct redis_sink *r = self;
	size_t taken = 0;
	enum err e = r->n == 0 ? ERR_OK : publisher_flush(r->publisher, &taken);

	(void)wait_ms; /* all of them are here, or will never be */
	assert(taken <= r->n && (e != ERR_OK || taken == r->n));
	for (size_t i = 0; i < taken; i++)
		in_flight_acknowledge(r->in_flight, r->tag[i]);
	r->n = 0;
	return e;
}

static const char *
redis_trouble(const void *self)
{
	return publisher_trouble(((const struct redis_sink *)self)->publisher);
}

const struct sink_kind sink_redis = {
	.id = SINK_REDIS,
	.oldest = false, /* streams read the past from the database */
	.window = WINDOW,
	.busy_ms = 20, /* it is part of the time from COMMIT to a browser */
	.open = redis_open,
	.ready = redis_ready,
	.full = redis_full,
	.send = redis_send,
	.collect = redis_collect,
	.trouble = redis_trouble,
};
