/*
 * Taking messages from Kafka as a member of a group: places are committed behind effects, never
 * before, and a message that can have none becomes a dead letter.
 */
#include "bus/consumer.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/dead_letter.h"
#include "bus/kafka.h"
#include "bus/producer.h"

#define SEEK_WAIT_MS 10000
#define BURY_WAIT_MS 5000
#define BURY_STEP_MS 10
#define BURY_MOST    900000 /* bytes of a dead letter's value: brokers take a million in all … */
#define BURY_KEY     32768  /* … of its key, and of the headers that it came with */
#define BURY_HEADERS 32768

/* Places are stored by consumer_done alone; the client commits what is stored. */
static const char *const settings[][2] = {
	{ "enable.auto.offset.store", "false" },
	{ "enable.auto.commit", "true" },
	{ "auto.commit.interval.ms", "1000" },
	{ "auto.offset.reset", "earliest" },
	{ "partition.assignment.strategy", "range" },
	{ "session.timeout.ms", "10000" }, /* so long do messages of a dead member wait */
	{ "allow.auto.create.topics", "true" },
	{ "fetch.wait.max.ms", "50" }, /* some brokers do not answer before, though messages came */
	{ NULL, NULL },
};

struct consumer {
	struct kafka kafka; /* first: the callbacks get it */
	const char *broker, *topic, *dead_letter_topic;
	bool missing;             /* the topic is not there, and that has been logged */
	struct producer *burying; /* sends the dead letters; NULL until there is one */
	uint64_t burials, buried; /* dead letters sent, and the last that was acknowledged */
	int32_t partition;        /* of the message that is being buried */
	int64_t offset;
};

static int
consumer_free(struct consumer *c)
{
	talloc_free(c->burying);
	rd_kafka_consumer_close(c->kafka.client);
	rd_kafka_destroy(c->kafka.client);
	return 0;
}

static bool
subscribe(struct consumer *c)
{
	rd_kafka_topic_partition_list_t *topics = rd_kafka_topic_partition_list_new(1);
	rd_kafka_resp_err_t e;

	rd_kafka_topic_partition_list_add(topics, c->topic, RD_KAFKA_PARTITION_UA);
	e = rd_kafka_poll_set_consumer(c->kafka.client);
	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		e = rd_kafka_subscribe(c->kafka.client, topics);
	rd_kafka_topic_partition_list_destroy(topics);
	if (e != RD_KAFKA_RESP_ERR_NO_ERROR)
		log_line(LOG_ERROR, "no Kafka consumer", "topic", c->topic, "error",
		         rd_kafka_err2name(e), NULL);
	return e == RD_KAFKA_RESP_ERR_NO_ERROR;
}

struct consumer *
consumer_new(TALLOC_CTX *ctx, const char *broker, const char *group, const char *topic)
{
	struct consumer *c = talloc_zero(ctx, struct consumer);
	const char *own[sizeof(settings) / sizeof(settings[0]) + 1][2] = { { "group.id", group } };

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		own[i + 1][0] = settings[i][0];
		own[i + 1][1] = settings[i][1];
	}
	c->kafka.name = "rowlock-consumer";
	c->broker = talloc_strdup(c, broker);
	c->topic = talloc_strdup(c, topic);
	c->dead_letter_topic = talloc_asprintf(c, "%s" DEAD_LETTER_SUFFIX, topic);
	if (kafka_open(&c->kafka, KAFKA_CONSUMER, broker, (const char *const(*)[2])own, NULL) ==
	    ERR_OK) {
		talloc_set_destructor(c, consumer_free);
		if (subscribe(c))
			return c;
	}
	talloc_free(c);
	return NULL;
}

/* What librdkafka says in place of a message. */
static void
note_error(struct consumer *c, const rd_kafka_message_t *m)
{
	if (m->err != RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART &&
	    m->err != RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC) {
		kafka_note_trouble(&c->kafka, rd_kafka_message_errstr(m));
	} else if (!c->missing) {
		log_line(LOG_INFO, "topic is not there yet", "topic", c->topic, NULL);
		c->missing = true;
	}
}

enum err
consumer_take(struct consumer *c, struct consumer_message *out, size_t most, int wait_ms, size_t *n)
{
	assert(out != NULL && most > 0 && wait_ms >= 0);
	*n = 0;
	if (c->kafka.fatal)
		return ERR_INTERNAL;
	while (*n < most) {
		rd_kafka_message_t *m = rd_kafka_consumer_poll(c->kafka.client,
		                                               *n == 0 ? wait_ms : 0);

		if (m == NULL)
			break;
		if (m->err != RD_KAFKA_RESP_ERR_NO_ERROR) {
			note_error(c, m);
			rd_kafka_message_destroy(m);
			break;
		}
		out[(*n)++] = (struct consumer_message){ m->payload == NULL ? "" : m->payload,
			                                 m->key,
			                                 m->len,
			                                 m->key_len,
			                                 m->partition,
			                                 m->offset,
			                                 m };
	}
	if (*n > 0) {
		c->missing = false;
		kafka_note_recovery(&c->kafka);
	} else if (c->kafka.trouble[0] != '\0') {
		kafka_probe(&c->kafka);
	}
	return c->kafka.fatal && *n == 0 ? ERR_INTERNAL : ERR_OK;
}

/* For each partition the place before its first message, or behind its last. */
static rd_kafka_topic_partition_list_t *
places(const struct consumer *c, const struct consumer_message *messages, size_t n, bool behind)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(8);

	for (size_t i = 0; i < n; i++) {
		const struct consumer_message *m = &messages[i];
		rd_kafka_topic_partition_t *at = rd_kafka_topic_partition_list_find(list, c->topic,
		                                                                    m->partition);

		if (at == NULL) {
			at = rd_kafka_topic_partition_list_add(list, c->topic, m->partition);
			at->offset = m->offset + behind;
		} else if (behind ? m->offset >= at->offset : m->offset < at->offset) {
			at->offset = m->offset + behind;
		}
	}
	return list;
}

static void
free_all(const struct consumer_message *messages, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert(messages[i].raw != NULL);
		rd_kafka_message_destroy(messages[i].raw);
	}
}

/* A partition that has gone to another member is no error: its messages are taken there again. */
void
consumer_done(struct consumer *c, const struct consumer_message *messages, size_t n)
{
	rd_kafka_topic_partition_list_t *list = places(c, messages, n, true);

	if (n > 0)
		rd_kafka_offsets_store(c->kafka.client, list);
	rd_kafka_topic_partition_list_destroy(list);
	free_all(messages, n);
}

/* Why a partition did not go back to its place; NULL when it did, or is another member's now. */
static const char *
seek_trouble(const rd_kafka_topic_partition_list_t *list)
{
	for (int i = 0; i < list->cnt; i++) {
		const rd_kafka_resp_err_t e = list->elems[i].err;

		if (e != RD_KAFKA_RESP_ERR_NO_ERROR && e != RD_KAFKA_RESP_ERR__STATE &&
		    e != RD_KAFKA_RESP_ERR__PREV_IN_PROGRESS &&
		    e != RD_KAFKA_RESP_ERR__UNKNOWN_PARTITION)
			return rd_kafka_err2name(e);
	}
	return NULL;
}

/* When the place cannot be set back, this member must end: it would go on behind the messages. */
void
consumer_back(struct consumer *c, const struct consumer_message *messages, size_t n)
{
	rd_kafka_topic_partition_list_t *list = places(c, messages, n, false);
	rd_kafka_error_t *e = NULL;
	const char *why = NULL;

	if (n > 0) {
		e = rd_kafka_seek_partitions(c->kafka.client, list, SEEK_WAIT_MS);
		why = e != NULL ? rd_kafka_error_string(e) : seek_trouble(list);
	}
	if (why != NULL) {
		log_line(LOG_ERROR, "messages cannot be given back", "topic", c->topic, "reason",
		         why, NULL);
		c->kafka.fatal = true;
	}
	if (e != NULL)
		rd_kafka_error_destroy(e);
	rd_kafka_topic_partition_list_destroy(list);
	free_all(messages, n);
}

_Static_assert(DEAD_LETTER_HEADERS <= PRODUCER_HEADERS, "a dead letter has room for its own");

static void
on_buried(void *arg, uint64_t tag)
{
	struct consumer *c = arg;

	c->buried = tag > c->buried ? tag : c->buried;
}

/* A copy of the headers that a message came with; NULL when they are too long to be kept. */
static rd_kafka_headers_t *
own_headers(const struct consumer_message *m)
{
	rd_kafka_headers_t *headers;
	const char *name;
	const void *value;
	size_t size, bytes = 0;

	if (rd_kafka_message_headers(m->raw, &headers) != RD_KAFKA_RESP_ERR_NO_ERROR)
		return NULL;
	for (size_t i = 0; rd_kafka_header_get_all(headers, i, &name, &value, &size) == 0; i++)
		bytes += strlen(name) + size;
	return bytes <= BURY_HEADERS ? rd_kafka_headers_copy(headers) : NULL;
}

/* Puts a dead letter in line; a key or headers that are too long are left out. */
static enum err
send_dead(struct consumer *c, const struct consumer_message *m, const char *reason, int attempts)
{
	struct producer_message dead = { .topic = c->dead_letter_topic,
		                         .key = m->key,
		                         .key_len = m->key_len,
		                         .value = m->value,
		                         .len = m->len < BURY_MOST ? m->len : BURY_MOST,
		                         .tag = ++c->burials,
		                         .more = own_headers(m) };
	char partition[24], offset[24], tries[24], bytes[24];
	const char *const values[DEAD_LETTER_HEADERS] = {
		[DEAD_LETTER_REASON] = reason,       [DEAD_LETTER_TOPIC] = c->topic,
		[DEAD_LETTER_PARTITION] = partition, [DEAD_LETTER_OFFSET] = offset,
		[DEAD_LETTER_ATTEMPTS] = tries,      [DEAD_LETTER_BYTES] = bytes,
	};

	assert(c->burying != NULL && c->buried < c->burials);
	if (m->key_len > BURY_KEY) {
		dead.key = NULL;
		dead.key_len = 0;
	}
	snprintf(partition, sizeof(partition), "%d", (int)m->partition);
	snprintf(offset, sizeof(offset), "%lld", (long long)m->offset);
	snprintf(tries, sizeof(tries), "%d", attempts);
	snprintf(bytes, sizeof(bytes), "%zu", m->len);
	for (size_t i = 0; i < DEAD_LETTER_HEADERS - (m->len > BURY_MOST ? 0 : 1); i++) {
		dead.header[i].name = dead_letter_headers[i];
		dead.header[i].value = values[i];
	}
	c->partition = m->partition;
	c->offset = m->offset;
	return producer_send(c->burying, &dead);
}

enum err
consumer_bury(struct consumer *c, const struct consumer_message *m, const char *reason,
              int attempts)
{
	const int64_t until_us = clock_mono_us() + BURY_WAIT_MS * INT64_C(1000);
	enum err e = ERR_OK;
	const bool again = c->buried < c->burials && c->partition == m->partition &&
	                   c->offset == m->offset;

	assert(reason != NULL && attempts >= 0);
	if (c->burying == NULL)
		c->burying = producer_new(NULL, c->broker, "rowlock-dead-letters", on_buried, c);
	if (c->burying == NULL)
		return ERR_UNAVAILABLE;
	if (!again) /* else it is on its way already */
		e = send_dead(c, m, reason, attempts);
	while (e == ERR_OK && c->buried < c->burials && clock_mono_us() < until_us)
		e = producer_poll(c->burying, BURY_STEP_MS);
	if (e != ERR_OK) { /* the next try has a new producer */
		talloc_free(c->burying);
		c->burying = NULL;
		c->buried = c->burials;
	}
	if (e != ERR_OK || c->buried < c->burials)
		return ERR_UNAVAILABLE;
	log_line(LOG_WARN, "message buried", "topic", c->dead_letter_topic, "partition",
	         log_int(m->partition), "offset", log_int(m->offset), "reason", reason, NULL);
	return ERR_OK;
}

const char *
consumer_trouble(const struct consumer *c)
{
	return c->kafka.trouble[0] == '\0' ? NULL : c->kafka.trouble;
}
