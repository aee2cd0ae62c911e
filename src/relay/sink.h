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

/* A time of being the active relay; shared by its threads. */
struct leadership {
	atomic_bool over;
	_Atomic int64_t
	    safe_until_us;  /* monotonic: until then nobody else can be the active relay */
	atomic_int running; /* sinks at work */
	atomic_bool failed; /* a sink cannot go on: the process must be started anew */
};

/* Whoever is told what the journal says. `self` is what `open` returned. */
struct sink_kind {
	enum sink_id id;
	bool oldest;   /* without a cursor it begins at the oldest row, else with what comes */
	size_t window; /* rows on their way at once */
	int busy_ms; /* between two reads while rows come; less work for everybody if it is longer */

	/* Makes it, on ctx; acknowledgements go to the flight. NULL when it cannot be had, logged. */
	void *(*open)(TALLOC_CTX *ctx, const struct config *config, struct in_flight *flight);
	/* UNAVAILABLE: it takes nothing at the moment. Then come `settle` and `send`. */
	enum err (*ready)(void *self);
	/* Whether it has enough on its way. */
	bool (*full)(const void *self);
	/* Sends a row off. INTERNAL: it can never be sent. */
	enum err (*send)(void *self, TALLOC_CTX *ctx, const struct journal_row *row);
	/*
	 * Takes acknowledgements, for wait_ms at most. UNAVAILABLE: those that are missing will not
	 * come, and what is on its way must be sent again. INTERNAL: it can never go on.
	 */
	enum err (*settle)(void *self, int wait_ms);
	/* Why it takes nothing at present, for people; NULL when it does. */
	const char *(*trouble)(const void *self);
};

extern const struct sink_kind sink_redis, sink_kafka;

/* What one thread does. */
struct sink_job {
	const struct sink_kind *kind;
	const struct config *config;
	struct leadership *term;
};

/*
 * Tells one sink what the journal says, in a thread of its own with a database connection of
 * its own, until the term is over or the process is asked to stop; then what is in hand is
 * finished. For pthread_create: arg is a struct sink_job; returns NULL.
 */
void *sink_run(void *arg);

/* Logs that a row's payload cannot be read. */
void sink_unreadable(const struct sink_kind *kind, const struct journal_row *row);

#endif
