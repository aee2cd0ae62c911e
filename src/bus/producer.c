/* Sending to Kafka: what is on its way is bounded, and every acknowledgement is told. */
#include "bus/producer.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/kafka.h"

#define MOST_MESSAGES 20000
#define MOST_BYTES    (16 * 1024 * 1024)
#define STALL_US      (3 * US_PER_S) /* without an acknowledgement: something is wrong */

/* The limits of the queue are above those of producer_full, so that they are never met. */
static const char *const settings[][2] = {
	{ "enable.idempotence", "true" },
	{ "acks", "all" },
	{ "message.timeout.ms", "0" },
	{ "linger.ms", "5" },
	{ "partitioner", "murmur2_random" },
	{ "queue.buffering.max.messages", "100000" },
	{ "queue.buffering.max.kbytes", "65536" },
	{ NULL, NULL },
};

struct producer {
	struct kafka kafka; /* first: the callbacks get it */
	void (*acknowledged)(void *arg, uint64_t tag);
	void *arg;
	size_t messages, bytes; /* on their way */
	int64_t moved_us; /* monotonic: of the last acknowledgement, or the first message since */
	bool moved;       /* since then */
	bool refused;
};

/* A message was refused, which nothing but a restart can answer. */
static void
note_refusal(struct producer *p, const rd_kafka_message_t *m)
{
	metrics_count(METRIC_KAFKA_FAILURES, 0);
	if (!p->refused)
		log_line(LOG_ERROR, "Kafka refused a message", "client", p->kafka.name, "topic",
		         rd_kafka_topic_name(m->rkt), "error", rd_kafka_err2name(m->err), NULL);
	p->refused = true;
}

static void
on_report(rd_kafka_t *client, const rd_kafka_message_t *m, void *opaque)
{
	struct producer *p = opaque;

	(void)client;
	assert(p->messages > 0 && p->bytes >= m->len);
	p->messages--;
	p->bytes -= m->len;
	p->moved = true;
	if (m->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		kafka_note_recovery(&p->kafka);
		p->acknowledged(p->arg, (uint64_t)(uintptr_t)m->_private);
	} else if (m->err != RD_KAFKA_RESP_ERR__PURGE_QUEUE &&
	           m->err != RD_KAFKA_RESP_ERR__PURGE_INFLIGHT) {
		note_refusal(p, m);
	}
}

static int
producer_free(struct producer *p)
{
	rd_kafka_purge(p->kafka.client, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	rd_kafka_destroy(p->kafka.client);
	return 0;
}

struct producer *
producer_new(TALLOC_CTX *ctx, const char *broker, const char *name,
             void (*acknowledged)(void *, uint64_t), void *arg)
{
	struct producer *p = talloc_zero(ctx, struct producer);

	assert(acknowledged != NULL);
	p->kafka.name = name;
	p->acknowledged = acknowledged;
	p->arg = arg;
	if (kafka_open(&p->kafka, KAFKA_PRODUCER, broker, settings, on_report) != ERR_OK) {
		talloc_free(p);
		return NULL;
	}
	talloc_set_destructor(p, producer_free);
	return p;
}

bool
producer_full(const struct producer *p)
{
	return p->messages >= MOST_MESSAGES || p->bytes >= MOST_BYTES;
}

enum err
producer_send(struct producer *p, const struct producer_message *m)
{
	rd_kafka_headers_t *headers = m->more != NULL ? m->more
	                                              : rd_kafka_headers_new(PRODUCER_HEADERS);
	rd_kafka_resp_err_t e;

	assert(m->topic != NULL && m->value != NULL && m->tag <= UINTPTR_MAX);
	for (size_t i = 0; i < PRODUCER_HEADERS && m->header[i].name != NULL; i++)
		rd_kafka_header_add(headers, m->header[i].name, -1, m->header[i].value, -1);
	e = rd_kafka_producev(p->kafka.client, RD_KAFKA_V_TOPIC(m->topic),
	                      RD_KAFKA_V_KEY(m->key, m->key_len),
	                      RD_KAFKA_V_VALUE((void *)(uintptr_t)m->value, m->len),
	                      RD_KAFKA_V_MSGFLAGS(RD_KAFKA_MSG_F_COPY), RD_KAFKA_V_HEADERS(headers),
	                      RD_KAFKA_V_OPAQUE((void *)(uintptr_t)m->tag), RD_KAFKA_V_END);
	if (e != RD_KAFKA_RESP_ERR_NO_ERROR) {
		rd_kafka_headers_destroy(headers);
		log_line(LOG_ERROR, "message cannot be sent", "client", p->kafka.name, "topic",
		         m->topic, "error", rd_kafka_err2name(e), NULL);
		metrics_count(METRIC_KAFKA_FAILURES, 0);
		p->refused = true;
		return ERR_INTERNAL;
	}
	if (p->messages++ == 0)
		p->moved_us = clock_mono_us();
	p->bytes += m->len;
	return ERR_OK;
}

enum err
producer_poll(struct producer *p, int wait_ms)
{
	const int64_t until_us = clock_mono_us() + wait_ms * INT64_C(1000);
	int64_t left_us = 0;

	assert(wait_ms >= 0);
	do {
		left_us = until_us - clock_mono_us();
		rd_kafka_poll(p->kafka.client, left_us > 0 ? (int)((left_us + 999) / 1000) : 0);
	} while (left_us > 0 && !p->refused && !p->kafka.fatal);
	if (p->moved)
		p->moved_us = clock_mono_us();
	p->moved = false;
	if (p->messages == 0)
		kafka_probe(&p->kafka);
	else if (p->kafka.trouble[0] == '\0' && clock_mono_us() > p->moved_us + STALL_US)
		kafka_note_trouble(&p->kafka, "messages are not acknowledged");
	return p->refused || p->kafka.fatal ? ERR_INTERNAL : ERR_OK;
}

const char *
producer_trouble(const struct producer *p)
{
	return p->kafka.trouble[0] == '\0' ? NULL : p->kafka.trouble;
}
