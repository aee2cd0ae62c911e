#ifndef ROWLOCK_BUS_PRODUCER_H
#define ROWLOCK_BUS_PRODUCER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

/*
 * Sends messages to Kafka: idempotent, acks=all, tried again for as long as the process
 * lives. For one thread at a time.
 */
struct producer;

#define PRODUCER_HEADERS 8

struct rd_kafka_headers_s;

struct producer_message {
	const char *topic;
	const char *key; /* decides about the partition, as Java's clients do it; may be NULL */
	const char *value;
	size_t key_len, len;
	uint64_t tag; /* given back when it is acknowledged; at most UINTPTR_MAX */
	struct {
		const char *name, *value;
	} header[PRODUCER_HEADERS];      /* up to the first without a name */
	struct rd_kafka_headers_s *more; /* in front of those; taken over; or NULL */
};

/*
 * Makes a producer.
 *
 * name		of the client, for logs and brokers; a constant
 * acknowledged	called from producer_poll with arg and the message's tag, in any order
 *
 * Returns it, a child of ctx, or NULL when librdkafka gives no client, logged. When it is freed,
 * messages that are still on their way may or may not arrive.
 */
struct producer *producer_new(TALLOC_CTX *ctx, const char *broker, const char *name,
                              void (*acknowledged)(void *arg, uint64_t tag), void *arg);

/*
 * Whether as much is on its way as shall be (20,000 messages or 16 MiB): poll before sending
 * more. So memory stays as it is while Kafka is away.
 */
bool producer_full(const struct producer *p);

/*
 * Puts a message in line; all but `more` is copied. Errors: INTERNAL (it can never be sent, and
 * this producer sends nothing more), logged.
 */
enum err producer_send(struct producer *p, const struct producer_message *m) MUST_CHECK;

/*
 * Takes acknowledgements for wait_ms. Errors: INTERNAL: a message was refused for good, or
 * the client has failed; logged. This producer sends nothing more.
 */
enum err producer_poll(struct producer *p, int wait_ms) MUST_CHECK;

/* Why Kafka takes nothing at present, for people; NULL when it does, as far as is known. */
const char *producer_trouble(const struct producer *p);

#endif
