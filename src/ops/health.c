/*
 * Whether what a worker needs is there: the database, Redis, Kafka, the readers of the journal. No
 * caller waits for another one's question, and no dependency is asked more than once a second.
 */
#include "ops/health.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "bus/redis.h"
#include "store/param.h"
#include "store/transact.h"

#define REDIS_WAIT_MS 200
#define RELAY_SEEN_MS 10000  /* a relay that lives stores its cursor every 2 s */
#define COUNT_MOST    100000 /* requests that wait: while no role seats them there may be more */

const char *
health_state_name(enum health_state c)
{
	static const char *const names[] = { "down", "ok", "disabled" };

	assert((size_t)c < sizeof(names) / sizeof(names[0]));
	return names[c];
}

/* Asks Redis once a second at most, and in one thread at a time: the others get the last answer. */
static enum health_state
check_redis(const char *url)
{
	static atomic_flag asking = ATOMIC_FLAG_INIT;
	static atomic_int last = HEALTH_DOWN;
	static _Atomic int64_t good_until;

	if (*url == '\0')
		return HEALTH_DISABLED;
	if (clock_mono_us() >= atomic_load(&good_until) && !atomic_flag_test_and_set(&asking)) {
		atomic_store(&last,
		             redis_ping(url, REDIS_WAIT_MS) == ERR_OK ? HEALTH_OK : HEALTH_DOWN);
		atomic_store(&good_until, clock_mono_us() + US_PER_S);
		atomic_flag_clear(&asking);
	}
	return (enum health_state)atomic_load(&last);
}

/* What is known of the readers of the journal, in this process; DOWN until there is an answer. */
static struct {
	atomic_flag asking;
	_Atomic int64_t good_until;
	atomic_int kafka, journal;
	_Atomic int64_t lag_ms;
} readers = { .asking = ATOMIC_FLAG_INIT };

/* Whose cursor a row of LIST_CURSORS is. */
static enum sink_id
sink_of(const struct rows *rows, int r)
{
	return strcmp(row_text(rows, r, LIST_CURSORS_NAME), sink_name(SINK_KAFKA)) == 0
	           ? SINK_KAFKA
	           : SINK_REDIS;
}

/* Keeps what the rows of LIST_CURSORS say about the sinks that are configured. */
static void
keep_readers(const struct rows *rows, const bool configured[SINKS])
{
	bool seen[SINKS] = { false }, troubled[SINKS] = { false };
	bool all_seen = true;
	int64_t lag_ms = 0;

	for (int r = 0; r < rows_count(rows); r++) {
		const enum sink_id sink = sink_of(rows, r);

		troubled[sink] = !row_null(rows, r, LIST_CURSORS_TROUBLE);
		seen[sink] = row_i64(rows, r, LIST_CURSORS_SEEN_MS) < RELAY_SEEN_MS;
		lag_ms = row_i64(rows, r, LIST_CURSORS_LAG_MS) > lag_ms
		             ? row_i64(rows, r, LIST_CURSORS_LAG_MS)
		             : lag_ms;
	}
	for (int s = 0; s < SINKS; s++)
		all_seen = all_seen && (seen[s] || !configured[s]);
	atomic_store(&readers.journal, all_seen ? HEALTH_OK : HEALTH_DOWN);
	atomic_store(&readers.lag_ms, lag_ms);
	atomic_store(&readers.kafka,
	             seen[SINK_KAFKA] && !troubled[SINK_KAFKA] ? HEALTH_OK : HEALTH_DOWN);
}

/* The names of the sinks that are configured, as an array of SQL. */
static const char *
sink_names(TALLOC_CTX *ctx, const bool configured[SINKS])
{
	struct array names;

	array_init(&names, ctx);
	for (int s = 0; s < SINKS; s++) {
		if (configured[s])
			array_text(&names, sink_name((enum sink_id)s));
	}
	return array_done(&names);
}

/* Asks whether the database is there, and once a second what the journal's readers say. */
static enum err
ask_database(struct pool *pool, TALLOC_CTX *ctx, const bool configured[SINKS])
{
	const struct call calls[] = { { .stmt = STMT_PING },
		                      { STMT_LIST_CURSORS, { sink_names(ctx, configured) } } };
	struct rows *rows[2];
	enum err e;
	const bool ask = clock_mono_us() >= atomic_load(&readers.good_until) &&
	                 !atomic_flag_test_and_set(&readers.asking);

	e = transact_read(pool, ctx, calls, ask ? 2 : 1, rows);
	if (ask) {
		if (e == ERR_OK)
			keep_readers(rows[1], configured);
		atomic_store(&readers.good_until, clock_mono_us() + US_PER_S);
		atomic_flag_clear(&readers.asking);
	}
	return e;
}

void
health_check(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url, const char *kafka_broker,
             struct health *out)
{
	const bool configured[SINKS] = {
		[SINK_REDIS] = *redis_url != '\0', [SINK_KAFKA] = *kafka_broker != '\0'
	};
	const int64_t began_us = clock_mono_us();

	assert(pool != NULL && redis_url != NULL && kafka_broker != NULL && out != NULL);
	out->database = ask_database(pool, ctx, configured) == ERR_OK ? HEALTH_OK : HEALTH_DOWN;
	out->database_us = out->database == HEALTH_OK ? clock_mono_us() - began_us : -1;
	out->redis = check_redis(redis_url);
	out->kafka = configured[SINK_KAFKA] ? (enum health_state)atomic_load(&readers.kafka)
	                                    : HEALTH_DISABLED;
	out->journal = configured[SINK_REDIS] || configured[SINK_KAFKA]
	                   ? (enum health_state)atomic_load(&readers.journal)
	                   : HEALTH_DISABLED;
	out->lag_ms = atomic_load(&readers.lag_ms);
}

void
health_measure(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url, const char *kafka_broker)
{
	static atomic_flag asking = ATOMIC_FLAG_INIT;
	const bool configured[SINKS] = {
		[SINK_REDIS] = *redis_url != '\0', [SINK_KAFKA] = *kafka_broker != '\0'
	};
	const struct call calls[] = { { STMT_LIST_CURSORS, { sink_names(ctx, configured) } },
		                      { STMT_WAITING_REQUESTS, { param_int(ctx, COUNT_MOST) } } };
	int64_t lag_ms[SINKS] = { 0 };
	struct rows *rows[2];

	assert(pool != NULL && redis_url != NULL && kafka_broker != NULL);
	if (atomic_flag_test_and_set(&asking))
		return;
	if (transact_read(pool, ctx, calls, 2, rows) == ERR_OK) {
		for (int r = 0; r < rows_count(rows[0]); r++)
			lag_ms[sink_of(rows[0], r)] = row_i64(rows[0], r, LIST_CURSORS_LAG_MS);
		for (int s = 0; s < SINKS; s++)
			metrics_set(METRIC_JOURNAL_LAG, (unsigned)s, lag_ms[s]);
		metrics_set(METRIC_REQUESTED, 0, row_i64(rows[1], 0, WAITING_REQUESTS_COUNT));
		metrics_set(METRIC_REQUESTED_AGE, 0, row_i64(rows[1], 0, WAITING_REQUESTS_AGE_MS));
	}
	atomic_flag_clear(&asking);
}
