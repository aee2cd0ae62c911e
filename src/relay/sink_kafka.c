#include "bus/producer.h"
#include "relay/message.h"
#include "relay/sink.h"

#define WINDOW 20000 /* rows; the producer has limits of its own */

/* Kafka: rows are acknowledged in any order, and the client tries for ever. */
struct telling {
	struct producer *producer;
	struct in_flight *flight;
	const char *prefix;
};

static void
on_acknowledged(void *arg, uint64_t tag)
{
	in_flight_acknowledge(((struct telling *)arg)->flight, tag);
}

static void *
kafka_sink_open(TALLOC_CTX *ctx, const struct config *config, struct in_flight *flight)
{
	struct telling *t = talloc_zero(ctx, struct telling);

	t->flight = flight;
	t->prefix = config->kafka_prefix;
	t->producer = producer_new(t, config->kafka_broker, "rowlock-relay", on_acknowledged, t);
	return t->producer == NULL ? NULL : t;
}

static enum err
kafka_ready(void *self)
{
	(void)self; /* what is sent while Kafka is away waits in line */
	return ERR_OK;
}

static bool
kafka_full(const void *self)
{
	return producer_full(((const struct telling *)self)->producer);
}

static enum err
kafka_send(void *self, TALLOC_CTX *ctx, const struct journal_row *row)
{
	struct telling *t = self;
	struct message_kafka messages[MESSAGES_KAFKA];
	bool readable;
	size_t n = message_for_kafka(ctx, row, messages, &readable);
	uint64_t tag = in_flight_start(t->flight, row->at, (unsigned)n);
	char id[UUID_TEXT], place[CURSOR_TEXT];
	enum err e = ERR_OK;

	if (!readable)
		sink_unreadable(&sink_kafka, row);
	cursor_text(&row->at, place);
	for (size_t i = 0; i < n && e == ERR_OK; i++) {
		const struct message_kafka *m = &messages[i];
		const char *topic = *t->prefix == '\0'
		                        ? m->topic
		                        : talloc_asprintf(ctx, "%s%s", t->prefix, m->topic);
		const struct producer_message out = {
			.topic = topic,
			.key = m->key,
			.key_len = UUID_TEXT - 1,
			.value = m->value,
			.len = m->len,
			.tag = tag,
			.header = { { "eventId", uuid_text(&m->id, id) }, { "cursor", place } },
		};

		e = producer_send(t->producer, &out);
	}
	return e;
}

static enum err
kafka_settle(void *self, int wait_ms)
{
	return producer_poll(((struct telling *)self)->producer, wait_ms);
}

static const char *
kafka_trouble(const void *self)
{
	return producer_trouble(((const struct telling *)self)->producer);
}

const struct sink_kind sink_kafka = {
	.id = SINK_KAFKA,
	.oldest = true,
	.window = WINDOW,
	.busy_ms = 50, /* a request to the broker costs it more than the rows in it */
	.open = kafka_sink_open,
	.ready = kafka_ready,
	.full = kafka_full,
	.send = kafka_send,
	.settle = kafka_settle,
	.trouble = kafka_trouble,
};
