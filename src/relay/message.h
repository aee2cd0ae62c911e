#ifndef ROWLOCK_RELAY_MESSAGE_H
#define ROWLOCK_RELAY_MESSAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "base/ids.h"
#include "store/journal_feed.h"

/*
 * The messages of a journal row, as rowlockd(8) describes them. Nothing is read but the row, so
 * the same row gives the same messages, with the same ids, however often.
 *
 * A row of a type that is not known here gives what is common to all rows. So does a row with a
 * payload that cannot be read, with whatever of it can be: `readable` is then set to false.
 */

#define MESSAGES_REDIS 2 /* most that one row gives */
#define MESSAGES_KAFKA 3

struct message_redis {
	const char *channel, *text; /* text is a JSON object */
	size_t len;                 /* of text */
};

/*
 * The messages for Redis: of the booking, if it moved, and of the seats.
 *
 * row	with its type; its payload may be anything
 * out	the first entries are set; what they point to is on ctx
 * readable	set: whether all of the payload could be read
 *
 * Returns how many there are, 1 or more.
 */
size_t message_for_redis(TALLOC_CTX *ctx, const struct journal_row *row,
                         struct message_redis out[MESSAGES_REDIS], bool *readable);

struct message_kafka {
	struct uuid id;      /* uuid_of_message: of the row's number and the message's index */
	const char *topic;   /* without KAFKA_TOPIC_PREFIX */
	char key[UUID_TEXT]; /* the booking's id, or of its event */
	const char *value;   /* a JSON object */
	size_t len;          /* of value */
};

/*
 * The messages for Kafka, in the order in which they are sent: the envelope, the envelope under
 * another type if the type has one, and the domain event of a booking that came through
 * /api/booking. Arguments and result as for message_for_redis.
 */
size_t message_for_kafka(TALLOC_CTX *ctx, const struct journal_row *row,
                         struct message_kafka out[MESSAGES_KAFKA], bool *readable);

#endif
