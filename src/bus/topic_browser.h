#ifndef ROWLOCK_BUS_TOPIC_BROWSER_H
#define ROWLOCK_BUS_TOPIC_BROWSER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

/*
 * Reads what lies in a topic of Kafka and takes nothing away: as a member of no group. For one
 * thread at a time.
 */
struct topic_browser;

struct rd_kafka_headers_s;
struct rd_kafka_message_s;

struct topic_browser_message {
	int32_t partition;
	int64_t offset, at_us;   /* at_us -1: not known */
	const char *value, *key; /* any bytes, no end; key may be NULL */
	size_t len, key_len, n_headers;
	struct rd_kafka_message_s *raw; /* librdkafka's own */
};

/* A client, a child of ctx. NULL when librdkafka gives none, logged. */
struct topic_browser *topic_browser_new(TALLOC_CTX *ctx, const char *broker);

/*
 * Sets the n names of all topics, on ctx.
 * Errors: UNAVAILABLE (no answer for 5 s, as in all of these).
 */
enum err topic_browser_topics(struct topic_browser *b, TALLOC_CTX *ctx, const char ***names,
                              size_t *n) MUST_CHECK;

/*
 * Turns to a topic, and notes where it begins and ends: what comes later is not read.
 * Errors: NOT_FOUND, UNAVAILABLE.
 */
enum err topic_browser_look(struct topic_browser *b, const char *topic) MUST_CHECK;

/*
 * Reads all messages of the topic, each partition's in their order.
 *
 * visit	returns whether it wants more; the message is there until then
 *
 * Errors: UNAVAILABLE (nothing came for 10 s).
 */
enum err topic_browser_walk(struct topic_browser *b,
                            bool (*visit)(void *arg, const struct topic_browser_message *),
                            void *arg) MUST_CHECK;

/* Reads the message at a place. Errors: NOT_FOUND (there is none), UNAVAILABLE. */
enum err topic_browser_visit(struct topic_browser *b, int32_t partition, int64_t offset,
                             bool (*visit)(void *arg, const struct topic_browser_message *),
                             void *arg) MUST_CHECK;

/* The name of header i of a message; *value is set to its len bytes, any, or NULL for none. */
const char *topic_browser_header(const struct topic_browser_message *m, size_t i,
                                 const char **value, size_t *len);

/* A copy of a message's first n headers, for producer_message.more; the caller's. */
struct rd_kafka_headers_s *topic_browser_headers(const struct topic_browser_message *m, size_t n);

#endif
