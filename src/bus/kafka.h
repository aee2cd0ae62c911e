#ifndef ROWLOCK_KAFKA_H
#define ROWLOCK_KAFKA_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

/* What producer.c and consumer.c share: a client of librdkafka, and how it is with Kafka. */

#define KAFKA_WHY 160 /* room for a reason, with its end */

struct rd_kafka_s;         /* librdkafka's client */
struct rd_kafka_message_s; /* and its message */

struct kafka {
	struct rd_kafka_s *client;
	const char *name;        /* for logs and for the broker; a constant */
	char trouble[KAFKA_WHY]; /* why Kafka cannot be used at present; "" when it can */
	bool fatal;              /* the client can do nothing more */
	int64_t asked_us;        /* monotonic: the last kafka_probe */
};

enum kafka_kind { KAFKA_PRODUCER, KAFKA_CONSUMER };

/* Called with the opaque of kafka_open once for each message sent: what became of it. */
typedef void (*kafka_report)(struct rd_kafka_s *, const struct rd_kafka_message_s *, void *opaque);

/*
 * Makes a client. It connects by itself and for ever. Never before a fork: it has threads.
 *
 * k	first member of the caller's own struct, which the callbacks get; k->name is set
 * broker	KAFKA_BROKER
 * settings	pairs of name and value, closed by NULL
 * report	producers only; else NULL
 *
 * Errors: INTERNAL (a setting that librdkafka does not take), logged.
 */
enum err kafka_open(struct kafka *k, enum kafka_kind kind, const char *broker,
                    const char *const (*settings)[2], kafka_report report) MUST_CHECK;

/* Notes that Kafka cannot be used, and logs it where that is news. */
void kafka_complain(struct kafka *k, const char *why);

/* Notes that it can. */
void kafka_praise(struct kafka *k);

/*
 * Asks the brokers for a sign of life, every 2 s at most and for half a second: praises or
 * complains. For times in which there is nothing else to tell by.
 */
void kafka_probe(struct kafka *k);

#endif
