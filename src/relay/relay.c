/*
 * Which of the relays is the active one, and the threads of the active one: a thread here keeps
 * the lock, and each sink has a thread of its own.
 */
#include "relay/relay.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"
#include "relay/sink.h"

#define TRY_EVERY_MS    500
#define SILENCE_MS      1200 /* after which the server ends the connection that holds the lock */
#define PING_EVERY_US   INT64_C(300000)
#define STEP_MS         50   /* at which the end of the sinks is noticed */
#define RESTART_WAIT_MS 1000 /* before a process that cannot go on ends: another takes over */
#define LAST_US         (5 * US_PER_S) /* for the other sinks, when one has failed for good */

/* The active relay's threads, one for each sink. */
struct leader {
	struct leadership leadership;
	struct sink_job jobs[SINKS];
	pthread_t threads[SINKS];
	int n;
};

static void
start(struct leader *l, const struct sink_kind *kind, const struct config *config)
{
	struct sink_job *job = &l->jobs[l->n];

	assert(l->n < SINKS);
	*job = (struct sink_job){ kind, config, &l->leadership };
	atomic_fetch_add(&l->leadership.running, 1);
	if (pthread_create(&l->threads[l->n], NULL, sink_run, job) != 0) {
		log_line(LOG_ERROR, "no more threads to be had", NULL);
		abort();
	}
	l->n++;
}

/*
 * Ends the leadership when a sink has failed for good: at once if it was the last, else after a
 * while: a row that one sink refuses at each start must not keep the others from going on.
 */
static void
end_after_failure(struct leadership *leadership, int64_t *failed_us)
{
	if (!atomic_load(&leadership->failed))
		return;
	if (*failed_us == 0)
		*failed_us = clock_mono_us();
	if (atomic_load(&leadership->running) == 0 || clock_mono_us() > *failed_us + LAST_US)
		atomic_store(&leadership->over, true);
}

/*
 * Makes sure that the lock is held, and until when it is at least: the server's wait begins when
 * it has the ping, which is not before it was sent.
 */
static void
keep_lock(struct leadership *leadership, struct db *db)
{
	const struct call ping = { .stmt = STMT_PING };
	const int64_t asked_us = clock_mono_us();

	if (db_query(db, NULL, ping, NULL) == ERR_OK) {
		atomic_store(&leadership->safe_until_us, asked_us + SILENCE_MS * INT64_C(1000));
		/* Again: another relay of this host may have set it. */
		metrics_set(METRIC_RELAY_LEADER, 0, 1);
	} else {
		atomic_store(&leadership->over, true);
	}
}

/*
 * Leads, from the moment the lock was asked for until it is lost, a sink has failed or the process
 * is asked to stop. False when the process must be started anew.
 */
static bool
lead(struct db *db, const struct config *config, int64_t since_us)
{
	struct leader l = { .n = 0 };
	int64_t asked_us = since_us, failed_us = 0;
	bool stopping = false;

	assert(since_us <= clock_mono_us());
	log_line(LOG_INFO, "leading", NULL);
	metrics_set(METRIC_RELAY_LEADER, 0, 1);
	atomic_store(&l.leadership.safe_until_us, since_us + SILENCE_MS * INT64_C(1000));
	if (*config->redis_url != '\0')
		start(&l, &sink_redis, config);
	if (*config->kafka_broker != '\0')
		start(&l, &sink_kafka, config);
	/* The lock is held until the last sink has finished. */
	while (atomic_load(&l.leadership.running) > 0 ||
	       (!stopping && !atomic_load(&l.leadership.over))) {
		if (stopping)
			nanosleep(&(struct timespec){ .tv_nsec = STEP_MS * 1000000 }, NULL);
		else
			stopping = stop_wait(STEP_MS);
		if (!atomic_load(&l.leadership.over) &&
		    clock_mono_us() >= asked_us + PING_EVERY_US) {
			asked_us = clock_mono_us();
			keep_lock(&l.leadership, db);
		}
		end_after_failure(&l.leadership, &failed_us);
	}
	for (int i = 0; i < l.n; i++)
		pthread_join(l.threads[i], NULL);
	metrics_set(METRIC_RELAY_LEADER, 0, 0);
	log_line(LOG_INFO, "no longer leading", NULL);
	return !atomic_load(&l.leadership.failed);
}

/*
 * Takes the lock if it is free. db_ready must not be called while it is held: a new connection
 * would not hold it.
 */
static bool
take_lock(struct db *db)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	bool got = false;

	if (db_ready(db) != ERR_OK || journal_feed_lead(db, ctx, SILENCE_MS, &got) != ERR_OK)
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
		log_line(LOG_WARN, "nothing to send to: neither REDIS_URL nor KAFKA_BROKER is set",
		         NULL);
	metrics_set(METRIC_RELAY_LEADER, 0, 0); /* a relay that was killed may have left 1 */
	db = db_new(ctx, database);
	do {
		const int64_t asked_us = clock_mono_us();

		if (take_lock(db)) {
			waiting = false;
			if (!lead(db, config, asked_us)) {
				stop_wait(RESTART_WAIT_MS);
				return 1;
			}
			db_drop(db); /* which frees the lock if it is still held */
		} else if (!waiting) {
			waiting = true;
			log_line(LOG_INFO, "standing by", NULL);
		}
	} while (!stop_wait(TRY_EVERY_MS));
	return 0;
}
