#ifndef ROWLOCK_SHELF_H
#define ROWLOCK_SHELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

/*
 * Reads what lies in a topic of Kafka, for somebody who looks at it and takes nothing away: as a
 * member of no group. For one thread at a time.
 */
struct shelf;

struct rd_kafka_headers_s;
struct rd_kafka_message_s;

struct shelf_message {
	int32_t partition;
	int64_t offset, at_us;   /* at_us -1: not known */
	const char *value, *key; /* any bytes, no end; key may be NULL */
	size_t len, key_len, n_headers;
	struct rd_kafka_message_s *raw; /* librdkafka's own */
};

/* A client; not before a fork. NULL when librdkafka cannot be had, logged. */
struct shelf *shelf_new(TALLOC_CTX *ctx, const char *broker);

/* The names of all topics, on ctx. Errors: UNAVAILABLE (no answer for 5 s, as in all of these). */
enum err shelf_topics(struct shelf *s, TALLOC_CTX *ctx, const char ***names, size_t *n) MUST_CHECK;

/*
 * Turns to a topic, and notes where it begins and ends: what comes later is not read.
 * Errors: NOT_FOUND, UNAVAILABLE.
 */
enum err shelf_look(struct shelf *s, const char *topic) MUST_CHECK;

/*
 * Reads all messages, each partition's in their order, for as long as visit wants more: each is
 * there until it returns. Errors: UNAVAILABLE (nothing came for 10 s).
 */
enum err shelf_walk(struct shelf *s, bool (*visit)(void *arg, const struct shelf_message *),
                    void *arg) MUST_CHECK;

/* Reads one message. Errors: NOT_FOUND (there is none at this place), UNAVAILABLE. */
enum err shelf_visit(struct shelf *s, int32_t partition, int64_t offset,
                     bool (*visit)(void *arg, const struct shelf_message *), void *arg) MUST_CHECK;

/* Header i of a message: *value is any len bytes, and NULL for none. */
const char *shelf_header(const struct shelf_message *m, size_t i, const char **value, size_t *len);

/* A copy of a message's first n headers, for producer_message. */
struct rd_kafka_headers_s *shelf_headers(const struct shelf_message *m, size_t n);

#endif
