#ifndef ROWLOCK_BUS_KAFKA_H
#define ROWLOCK_BUS_KAFKA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What producer, consumer and topic_browser share: a client of librdkafka, and its state. */

#define KAFKA_WHY 160 /* room for a reason, with its end */

struct rd_kafka_s;         /* librdkafka's client */
struct rd_kafka_message_s; /* and its message */

struct kafka {
	struct rd_kafka_s *client;
	const char *name;        /* for logs and for the broker; a constant */
	char trouble[KAFKA_WHY]; /* why Kafka cannot be used at present; "" when it can */
	bool fatal;              /* the client can do nothing more */
	int64_t probed_us;       /* monotonic: the last kafka_probe */
};

enum kafka_kind { KAFKA_PRODUCER, KAFKA_CONSUMER };

/* Called once for each message sent, from a poll: what became of it. opaque: the struct kafka. */
typedef void (*kafka_report)(struct rd_kafka_s *, const struct rd_kafka_message_s *, void *opaque);

/*
 * Makes a client. It connects by itself, again and again, in threads of its own.
 *
 * k		first member of the caller's own struct, which the callbacks get; k->name is set
 * broker	KAFKA_BROKER
 * settings	pairs of name and value, closed by NULL
 * report	producers only; else NULL
 *
 * Errors: INTERNAL (a setting that librdkafka does not take), logged.
 */
enum err kafka_open(struct kafka *k, enum kafka_kind kind, const char *broker,
                    const char *const (*settings)[2], kafka_report report) MUST_CHECK;

/* Notes that Kafka cannot be used and why, for people; logs it where that is news. */
void kafka_note_trouble(struct kafka *k, const char *why);

/* Notes that Kafka can be used, and logs it where that is news. */
void kafka_note_recovery(struct kafka *k);

/*
 * Asks the brokers for a sign of life, every 2 s at most and for half a second, and notes what
 * came of it. For times in which no message tells whether Kafka can be used.
 */
void kafka_probe(struct kafka *k);

#endif
