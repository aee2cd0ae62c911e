#ifndef ROWLOCK_RELAY_MESSAGE_H
#define ROWLOCK_RELAY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "base/ids.h"
#include "store/journal_feed.h"

/*
 * What a row of the journal means to the world: the messages of messages.md. Nothing is read
 * but the row, so the same row gives the same messages, with the same ids, however often.
 *
 * A row of a type that is not known here is told as what is common to all rows. So is one with
 * a payload that cannot be read, with whatever of it can be: `readable` is then set to false.
 */

#define MESSAGES_REDIS 2 /* most that one row gives */
#define MESSAGES_KAFKA 3

struct message_redis {
	const char *channel, *text; /* text is a JSON object */
	size_t len;                 /* of text */
};

/* The messages for Redis: of the booking that moved, and of the seats. On ctx; returns how many. */
size_t message_for_redis(TALLOC_CTX *ctx, const struct journal_row *row,
                         struct message_redis out[MESSAGES_REDIS], bool *readable);

struct message_kafka {
	struct uuid id;    /* uuid_of_message */
	const char *topic; /* without KAFKA_TOPIC_PREFIX */
	char key[UUID_TEXT];
	const char *value; /* a JSON object */
	size_t len;        /* of value */
};

/* The messages for Kafka, in the order in which they are sent. On ctx; returns how many. */
size_t message_for_kafka(TALLOC_CTX *ctx, const struct journal_row *row,
                         struct message_kafka out[MESSAGES_KAFKA], bool *readable);

#endif
