#ifndef ROWLOCK_BUS_CONSUMER_H
#define ROWLOCK_BUS_CONSUMER_H

#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

/*
 * Takes the messages of one Kafka topic, together with the other members of the group. For
 * one thread at a time.
 *
 *	consumer_take	some messages
 *	…		their effect, committed together with a note that it was done
 *	consumer_bury	each of them that can never have one: it becomes a dead letter
 *	consumer_done	all of them: only now the group goes past them
 *
 * A member that dies in between, or loses a partition to another one, leaves messages that are
 * taken again: an effect must be had once, however often its message comes. The group's place
 * is committed every second and at the end, and never goes past a message that is not done.
 */
struct consumer;

struct rd_kafka_message_s;

struct consumer_message {
	const char *value, *key; /* any bytes, no end; key may be NULL */
	size_t len, key_len;
	int32_t partition;
	int64_t offset;
	struct rd_kafka_message_s *raw; /* librdkafka's own */
};

/*
 * Joins a group. A new group begins with the oldest message. A topic is found
 * within 5 s of its making, a broker within 1 s of its return.
 *
 * broker	KAFKA_BROKER
 * group	KAFKA_GROUP_ID
 * topic	with its prefix
 *
 * Returns the consumer, a child of ctx, or NULL when librdkafka gives no client, logged. Freeing
 * it commits the place and leaves the group.
 */
struct consumer *consumer_new(TALLOC_CTX *ctx, const char *broker, const char *group,
                              const char *topic);

/*
 * Takes up to `most` messages; each partition's come in their order. Waits at most wait_ms
 * for the first, and for no other. Must be called at least every five minutes, or the group
 * gives this member's partitions to others.
 *
 * out	`most` entries; the messages are the caller's until consumer_done or consumer_back
 * n	set; 0 when none came, for instance because Kafka is away (logged once)
 *
 * Errors: INTERNAL: the client has failed for good; logged.
 */
enum err consumer_take(struct consumer *c, struct consumer_message *out, size_t most, int wait_ms,
                       size_t *n) MUST_CHECK;

/* Goes past messages, and frees them: all of the last take, or those left of it in front. */
void consumer_done(struct consumer *c, const struct consumer_message *messages, size_t n);

/*
 * Gives messages back, and frees them: the next take begins with them again. For an effect
 * that cannot be had at the moment: all behind the last that is done. Should the client fail at
 * it, the next consumer_take says so: the process must end, and begin at the group's place.
 */
void consumer_back(struct consumer *c, const struct consumer_message *messages, size_t n);

/*
 * Sends a message to its dead letters, <topic>.dlq, with key and headers as they were, and
 * reason (for people), topic, partition, offset and attempts (how often it was tried) in
 * headers of these names. A value is cut at 900,000 bytes, and header bytes then says how many
 * there were; a key or headers of more than 32 KiB are left out. Waits up to 5 s for the
 * acknowledgement.
 *
 * Errors: UNAVAILABLE: not acknowledged yet. The caller asks again, for the same message, or
 * gives it back; it must not call it done.
 */
enum err consumer_bury(struct consumer *c, const struct consumer_message *m, const char *reason,
                       int attempts) MUST_CHECK;

/* Why nothing can be taken at present, for people; NULL when there is no reason known. */
const char *consumer_trouble(const struct consumer *c);

#endif
