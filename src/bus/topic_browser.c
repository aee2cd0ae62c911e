/* Reading what lies in a topic of Kafka: from where it began to where it ended, and no further. */
#include "bus/topic_browser.h"

#include <assert.h>
#include <librdkafka/rdkafka.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "bus/kafka.h"

#define ANSWER_MS 5000
#define STEP_MS   200
#define SILENT_US (10 * US_PER_S)

/* No place is ever stored; the group is only a name that librdkafka insists on. */
static const char *const settings[][2] = {
	{ "group.id", "rowlock-topic-browser" },
	{ "enable.auto.commit", "false" },
	{ "enable.auto.offset.store", "false" },
	{ "enable.partition.eof", "true" },
	{ "auto.offset.reset", "earliest" },
	{ "fetch.wait.max.ms", "50" },
	{ NULL, NULL },
};

/* A partition: where it began and ended at topic_browser_look. */
struct partition {
	int32_t partition;
	int64_t from, to; /* to: behind the last message */
	bool done;
};

struct topic_browser {
	struct kafka kafka; /* first: the callbacks get it */
	const char *topic;
	struct partition *partitions;
	size_t n;
};

static int
topic_browser_free(struct topic_browser *b)
{
	rd_kafka_consumer_close(b->kafka.client);
	rd_kafka_destroy(b->kafka.client);
	return 0;
}

struct topic_browser *
topic_browser_new(TALLOC_CTX *ctx, const char *broker)
{
	struct topic_browser *b = talloc_zero(ctx, struct topic_browser);

	b->kafka.name = "rowlock-topic-browser";
	if (kafka_open(&b->kafka, KAFKA_CONSUMER, broker, settings, NULL) != ERR_OK) {
		talloc_free(b);
		return NULL;
	}
	talloc_set_destructor(b, topic_browser_free);
	rd_kafka_poll_set_consumer(b->kafka.client);
	return b;
}

/* What topics the brokers have; freed by the caller. */
static enum err
ask_brokers(struct topic_browser *b, const struct rd_kafka_metadata **found)
{
	rd_kafka_resp_err_t e = rd_kafka_metadata(b->kafka.client, 1, NULL, found, ANSWER_MS);

	if (e == RD_KAFKA_RESP_ERR_NO_ERROR)
		return ERR_OK;
	log_line(LOG_INFO, "no answer from Kafka", "error", rd_kafka_err2name(e), NULL);
	return ERR_UNAVAILABLE;
}

enum err
topic_browser_topics(struct topic_browser *b, TALLOC_CTX *ctx, const char ***names, size_t *n)
{
	const struct rd_kafka_metadata *found;
	enum err e = ask_brokers(b, &found);

	if (e != ERR_OK)
		return e;
	*n = (size_t)found->topic_cnt;
	*names = talloc_array(ctx, const char *, (unsigned)*n);
	for (size_t i = 0; i < *n; i++)
		(*names)[i] = talloc_strdup(*names, found->topics[i].topic);
	rd_kafka_metadata_destroy(found);
	return ERR_OK;
}

enum err
topic_browser_look(struct topic_browser *b, const char *topic)
{
	const struct rd_kafka_metadata *found;
	enum err e = ask_brokers(b, &found);

	if (e != ERR_OK)
		return e;
	b->topic = talloc_strdup(b, topic);
	b->n = 0;
	for (int i = 0; i < found->topic_cnt; i++) {
		const struct rd_kafka_metadata_topic *t = &found->topics[i];

		if (strcmp(t->topic, topic) != 0)
			continue;
		b->n = (size_t)t->partition_cnt;
		b->partitions = talloc_zero_array(b, struct partition, (unsigned)b->n);
		for (size_t k = 0; k < b->n; k++)
			b->partitions[k].partition = t->partitions[k].id;
	}
	rd_kafka_metadata_destroy(found);
	for (size_t k = 0; k < b->n; k++) {
		struct partition *p = &b->partitions[k];

		if (rd_kafka_query_watermark_offsets(b->kafka.client, topic, p->partition, &p->from,
		                                     &p->to,
		                                     ANSWER_MS) != RD_KAFKA_RESP_ERR_NO_ERROR)
			return ERR_UNAVAILABLE;
	}
	return b->n == 0 ? ERR_NOT_FOUND : ERR_OK;
}

/* How many partitions are still read. With `begin` librdkafka is told to read them. */
static size_t
open_partitions(struct topic_browser *b, bool begin)
{
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new((int)b->n);
	size_t n = 0;

	assert(b->topic != NULL);
	for (size_t i = 0; i < b->n; i++) {
		const struct partition *p = &b->partitions[i];

		if (!p->done)
			rd_kafka_topic_partition_list_add(list, b->topic, p->partition)->offset =
			    p->from;
		n += p->done ? 0 : 1;
	}
	if (begin)
		rd_kafka_assign(b->kafka.client, list);
	rd_kafka_topic_partition_list_destroy(list);
	return n;
}

static struct partition *
partition_of(struct topic_browser *b, int32_t partition)
{
	for (size_t i = 0; i < b->n; i++) {
		if (b->partitions[i].partition == partition)
			return &b->partitions[i];
	}
	return NULL;
}

static struct topic_browser_message
describe(rd_kafka_message_t *raw)
{
	rd_kafka_timestamp_type_t type;
	const int64_t at_ms = rd_kafka_message_timestamp(raw, &type);
	struct topic_browser_message m = { raw->partition,
		                           raw->offset,
		                           at_ms < 0 ? -1 : at_ms * 1000,
		                           raw->payload == NULL ? "" : raw->payload,
		                           raw->key,
		                           raw->len,
		                           raw->key_len,
		                           0,
		                           raw };
	rd_kafka_headers_t *headers;

	if (rd_kafka_message_headers(raw, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
		m.n_headers = rd_kafka_header_cnt(headers);
	return m;
}

/* Takes what librdkafka has received; whether visit wants more. */
static bool
take(struct topic_browser *b, rd_kafka_message_t *raw,
     bool (*visit)(void *, const struct topic_browser_message *), void *arg)
{
	struct partition *p = partition_of(b, raw->partition);
	bool more = true;

	if (p == NULL || p->done)
		return true;
	if (raw->err == RD_KAFKA_RESP_ERR__PARTITION_EOF) {
		p->done = raw->offset >= p->to;
	} else if (raw->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
		if (raw->offset < p->to) {
			const struct topic_browser_message m = describe(raw);

			more = visit(arg, &m);
		}
		p->done = raw->offset + 1 >= p->to;
	}
	return more;
}

/* Reads the partitions that are not done. */
static enum err
read_partitions(struct topic_browser *b,
                bool (*visit)(void *, const struct topic_browser_message *), void *arg)
{
	int64_t heard_us = clock_mono_us();
	bool more = true;

	open_partitions(b, true);
	while (more && open_partitions(b, false) > 0 && clock_mono_us() < heard_us + SILENT_US) {
		rd_kafka_message_t *raw = rd_kafka_consumer_poll(b->kafka.client, STEP_MS);

		if (raw == NULL)
			continue;
		if (raw->err == RD_KAFKA_RESP_ERR_NO_ERROR)
			heard_us = clock_mono_us();
		more = take(b, raw, visit, arg);
		rd_kafka_message_destroy(raw);
	}
	rd_kafka_assign(b->kafka.client, NULL);
	return !more || open_partitions(b, false) == 0 ? ERR_OK : ERR_UNAVAILABLE;
}

enum err
topic_browser_walk(struct topic_browser *b,
                   bool (*visit)(void *, const struct topic_browser_message *), void *arg)
{
	for (size_t i = 0; i < b->n; i++)
		b->partitions[i].done = b->partitions[i].from >= b->partitions[i].to;
	return read_partitions(b, visit, arg);
}

/* The one message that is looked for. */
struct wanted_message {
	int64_t offset;
	bool found;
	bool (*visit)(void *arg, const struct topic_browser_message *);
	void *arg;
};

static bool
take_wanted(void *arg, const struct topic_browser_message *m)
{
	struct wanted_message *w = arg;

	w->found = m->offset == w->offset;
	if (w->found)
		w->visit(w->arg, m);
	return false;
}

enum err
topic_browser_visit(struct topic_browser *b, int32_t partition, int64_t offset,
                    bool (*visit)(void *, const struct topic_browser_message *), void *arg)
{
	struct wanted_message w = { offset, false, visit, arg };
	struct partition *p = partition_of(b, partition);
	int64_t from;
	enum err e;

	if (p == NULL || offset < p->from || offset >= p->to)
		return ERR_NOT_FOUND;
	for (size_t i = 0; i < b->n; i++)
		b->partitions[i].done = &b->partitions[i] != p;
	from = p->from;
	p->from = offset;
	e = read_partitions(b, take_wanted, &w);
	p->from = from;
	return e == ERR_OK && !w.found ? ERR_NOT_FOUND : e;
}

const char *
topic_browser_header(const struct topic_browser_message *m, size_t i, const char **value,
                     size_t *len)
{
	const char *name = "";
	const void *bytes = NULL;
	rd_kafka_headers_t *headers;

	*len = 0;
	if (rd_kafka_message_headers(m->raw, &headers) == RD_KAFKA_RESP_ERR_NO_ERROR)
		rd_kafka_header_get_all(headers, i, &name, &bytes, len);
	*value = bytes;
	return name;
}

struct rd_kafka_headers_s *
topic_browser_headers(const struct topic_browser_message *m, size_t n)
{
	rd_kafka_headers_t *copy = rd_kafka_headers_new(n);

	for (size_t i = 0; i < n; i++) {
		const char *value, *name;
		size_t len;

		name = topic_browser_header(m, i, &value, &len);
		rd_kafka_header_add(copy, name, -1, value, (ssize_t)len);
	}
	return copy;
}
