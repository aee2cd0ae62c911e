#include "relay/relay.h"

#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "relay/sink.h"

#define TRY_EVERY_MS     500
#define PATIENCE_MS      1200 /* the server's, with the connection that holds the lock */
#define REQUEST_EVERY_US INT64_C(300000)
#define STEP_MS          50   /* at which the end of the sinks is noticed */
#define REGRET_MS        1000 /* before a process that cannot go on makes way for another */
#define LAST_US          (5 * US_PER_S) /* for the other sinks, when one has failed for good */

/* The active relay's threads. */
struct leading {
	struct leadership term;
	struct sink_job jobs[SINKS];
	pthread_t threads[SINKS];
	int n;
};

static void
start(struct leading *l, const struct sink_kind *kind, const struct config *config)
{
	struct sink_job *job = &l->jobs[l->n];

	*job = (struct sink_job){ kind, config, &l->term };
	atomic_fetch_add(&l->term.running, 1);
	if (pthread_create(&l->threads[l->n], NULL, sink_run, job) != 0) {
		log_line(LOG_ERROR, "no more threads to be had", NULL);
		abort();
	}
	l->n++;
}

/*
 * Ends the term when a sink has failed for good: at once if it was the last, else after a while,
 * so that what one refuses whenever it starts does not keep the others from going on.
 */
static void
heed_failure(struct leadership *term, int64_t *failed_us)
{
	if (!atomic_load(&term->failed))
		return;
	if (*failed_us == 0)
		*failed_us = clock_mono_us();
	if (atomic_load(&term->running) == 0 || clock_mono_us() > *failed_us + LAST_US)
		atomic_store(&term->over, true);
}

/* Makes sure that the lock is still ours, and says until when. */
static void
hold(struct leadership *term, struct db *db)
{
	const struct call ping = { .stmt = STMT_PING };
	const int64_t asked_us = clock_mono_us();

	if (db_query(db, NULL, ping, NULL) == ERR_OK) {
		atomic_store(&term->safe_until_us, asked_us + PATIENCE_MS * INT64_C(1000));
		metrics_set(METRIC_RELAY_LEADER, 0,
		            1); /* again: another relay of this host may have set it */
	} else {
		atomic_store(&term->over, true);
	}
}

/* One term, from the moment the lock is ours; false when the process must be started anew. */
static bool
lead(struct db *db, const struct config *config, int64_t since_us)
{
	struct leading l = { .n = 0 };
	int64_t asked_us = since_us, failed_us = 0;
	bool stopping = false;

	log_line(LOG_INFO, "leading", NULL);
	metrics_set(METRIC_RELAY_LEADER, 0, 1);
	atomic_store(&l.term.safe_until_us, since_us + PATIENCE_MS * INT64_C(1000));
	if (*config->redis_url != '\0')
		start(&l, &sink_redis, config);
	if (*config->kafka_broker != '\0')
		start(&l, &sink_kafka, config);
	/* The lock is held until the last sink has finished. */
	while (atomic_load(&l.term.running) > 0 || (!stopping && !atomic_load(&l.term.over))) {
		if (stopping)
			nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000 }, NULL);
		else
			stopping = stop_wait(STEP_MS);
		if (!atomic_load(&l.term.over) && clock_mono_us() >= asked_us + REQUEST_EVERY_US) {
			asked_us = clock_mono_us();
			hold(&l.term, db);
		}
		heed_failure(&l.term, &failed_us);
	}
	for (int i = 0; i < l.n; i++)
		pthread_join(l.threads[i], NULL);
	metrics_set(METRIC_RELAY_LEADER, 0, 0);
	log_line(LOG_INFO, "no longer leading", NULL);
	return !atomic_load(&l.term.failed);
}

/* Whether the lock could be had; db_ready has not been asked since if it was. */
static bool
take_lock(struct db *db)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	bool got = false;

	if (db_ready(db) != ERR_OK || journal_feed_lead(db, ctx, PATIENCE_MS, &got) != ERR_OK)
		got = false;
	talloc_free(ctx);
	return got;
}

int
relay_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	bool waiting = false;
	struct db *db;

	if (*config->redis_url == '\0' && *config->kafka_broker == '\0')
		log_line(LOG_WARN, "nobody to tell: neither REDIS_URL nor KAFKA_BROKER is set",
		         NULL);
	metrics_set(METRIC_RELAY_LEADER, 0, 0); /* whatever one that was killed has left there */
	db = db_new(ctx, database);
	do {
		const int64_t asked_us = clock_mono_us();

		if (take_lock(db)) {
			waiting = false;
			if (!lead(db, config, asked_us)) {
				stop_wait(REGRET_MS);
				return 1;
			}
			db_drop(db); /* and with it the lock, if we still had it */
		} else if (!waiting) {
			waiting = true;
			log_line(LOG_INFO, "standing by", NULL);
		}
	} while (!stop_wait(TRY_EVERY_MS));
	return 0;
}
