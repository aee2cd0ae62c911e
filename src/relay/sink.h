#ifndef ROWLOCK_RELAY_SINK_H
#define ROWLOCK_RELAY_SINK_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/config.h"
#include "base/metrics.h"
#include "relay/in_flight.h"
#include "store/journal_feed.h"

/* A time of being the active relay; shared by its threads. */
struct leadership {
	atomic_bool over; /* the sinks must end */
	/* Monotonic: until then no other relay can be the active one. */
	_Atomic int64_t safe_until_us;
	atomic_int running; /* sinks at work */
	atomic_bool failed; /* a sink cannot go on: the process must be started anew */
};

/*
 * A destination of the journal's rows: what the sinks differ in. sink.c calls all of it in one
 * thread; `self` is what `open` returned.
 */
struct sink_kind {
	enum sink_id id;
	bool oldest;   /* without a cursor it begins at the oldest row, else with what comes */
	size_t window; /* rows on their way at once */
	int busy_ms;   /* between two reads while rows come: larger reads are less work */

	/* Makes it, on ctx; acknowledges to in_flight. NULL when it cannot be had, logged. */
	void *(*open)(TALLOC_CTX *ctx, const struct config *config, struct in_flight *in_flight);
	/* UNAVAILABLE: it takes nothing at the moment, and none of the following may be called. */
	enum err (*ready)(void *self);
	/* Whether it has enough on its way. */
	bool (*full)(const void *self);
	/* Sends a row; not while it is full. INTERNAL: the row can never be sent, logged. */
	enum err (*send)(void *self, TALLOC_CTX *ctx, const struct journal_row *row);
	/*
	 * Takes acknowledgements, for wait_ms at most. UNAVAILABLE: those that are missing will not
	 * come, and what is on its way must be sent again. INTERNAL: it can never go on.
	 */
	enum err (*collect)(void *self, int wait_ms);
	/* Why it takes nothing at present, for people; NULL when it does. */
	const char *(*trouble)(const void *self);
};

extern const struct sink_kind sink_redis, sink_kafka;

/* What one thread does; lives as long as the thread. */
struct sink_job {
	const struct sink_kind *kind;
	const struct config *config;
	struct leadership *leadership;
};

/*
 * Sends the journal to one sink, in a thread of its own with a database connection of its own,
 * until the leadership is over or the process is asked to stop; then what is on its way is
 * waited for, and the cursor stored. For pthread_create: arg is a struct sink_job; returns NULL.
 */
void *sink_run(void *arg);

/* Logs that a row's payload cannot be read. */
void sink_unreadable(const struct sink_kind *kind, const struct journal_row *row);

#endif
