/*
 * The sink Kafka. Rows are acknowledged in any order, and the client tries to send for as long as
 * the process lives.
 */
#include <assert.h>

#include "bus/producer.h"
#include "relay/message.h"
#include "relay/sink.h"

#define WINDOW 20000 /* rows; the producer has limits of its own */

struct kafka_sink {
	struct producer *producer;
	struct in_flight *in_flight;
	const char *prefix; /* of topics, or "" */
};

static void
on_acknowledged(void *arg, uint64_t tag)
{
	in_flight_acknowledge(((struct kafka_sink *)arg)->in_flight, tag);
}

static void *
kafka_open(TALLOC_CTX *ctx, const struct config *config, struct in_flight *in_flight)
{
	struct kafka_sink *k = talloc_zero(ctx, struct kafka_sink);

	k->in_flight = in_flight;
	k->prefix = config->kafka_prefix;
	k->producer = producer_new(k, config->kafka_broker, "rowlock-relay", on_acknowledged, k);
	return k->producer == NULL ? NULL : k;
}

static enum err
kafka_ready(void *self)
{
	(void)self; /* while Kafka is away, the producer keeps what is sent until it is full */
	return ERR_OK;
}

static bool
kafka_full(const void *self)
{
	return producer_full(((const struct kafka_sink *)self)->producer);
}

static enum err
kafka_send(void *self, TALLOC_CTX *ctx, const struct journal_row *row)
{
	struct kafka_sink *k = self;
	struct message_kafka messages[MESSAGES_KAFKA];
	bool readable;
	size_t n = message_for_kafka(ctx, row, messages, &readable);
	uint64_t tag = in_flight_start(k->in_flight, row->at, (unsigned)n);
	char id[UUID_TEXT], place[CURSOR_TEXT];
	enum err e = ERR_OK;

	assert(n <= MESSAGES_KAFKA);
	if (!readable)
		sink_unreadable(&sink_kafka, row);
	cursor_text(&row->at, place);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct message_kafka *m = &messages[i];
		const char *topic = *k->prefix == '\0'
		                        ? m->topic
		                        : talloc_asprintf(ctx, "%s%s", k->prefix, m->topic);
		const struct producer_message out = {
			.topic = topic,
			.key = m->key,
			.key_len = UUID_TEXT - 1,
			.value = m->value,
			.len = m->len,
			.tag = tag,
			.header = { { "eventId", uuid_text(&m->id, id) }, { "cursor", place } },
		};

		e = producer_send(k->producer, &out);
	}
	return e;
}

static enum err
kafka_collect(void *self, int wait_ms)
{
	return producer_poll(((struct kafka_sink *)self)->producer, wait_ms);
}

static const char *
kafka_trouble(const void *self)
{
	return producer_trouble(((const struct kafka_sink *)self)->producer);
}

const struct sink_kind sink_kafka = {
	.id = SINK_KAFKA,
	.oldest = true,
	.window = WINDOW,
	.busy_ms = 50, /* a request to the broker costs it more than the rows in it */
	.open = kafka_open,
	.ready = kafka_ready,
	.full = kafka_full,
	.send = kafka_send,
	.collect = kafka_collect,
	.trouble = kafka_trouble,
};
