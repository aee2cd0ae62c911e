#include "ops/health.h"

#include <stdatomic.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "bus/redis.h"
#include "store/param.h"
#include "store/transact.h"

#define REDIS_WAIT_MS 200
#define RELAY_SEEN_MS 10000  /* a relay that lives says so every 2 s */
#define COUNT_MOST    100000 /* requests that wait: when nobody seats them there may be any number */

const char *
check_name(enum check c)
{
	static const char *const names[] = { "down", "ok", "disabled" };

	return names[c];
}

/* Asks Redis at most once a second, and by one thread at a time. */
static enum check
check_redis(const char *url)
{
	static atomic_flag asking = ATOMIC_FLAG_INIT;
	static atomic_int last = CHECK_DOWN;
	static _Atomic int64_t good_until;

	if (*url == '\0')
		return CHECK_DISABLED;
	if (clock_mono_us() >= atomic_load(&good_until) && !atomic_flag_test_and_set(&asking)) {
		atomic_store(&last,
		             redis_ping(url, REDIS_WAIT_MS) == ERR_OK ? CHECK_OK : CHECK_DOWN);
		atomic_store(&good_until, clock_mono_us() + US_PER_S);
		atomic_flag_clear(&asking);
	}
	return (enum check)atomic_load(&last);
}

/* What is known of the readers of the journal; nothing is at first, and that is DOWN. */
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
	return strcmp(row_text(rows, r, 0), sink_name(SINK_KAFKA)) == 0 ? SINK_KAFKA : SINK_REDIS;
}

/* Keeps what LIST_CURSORS says about the sinks that are configured. */
static void
keep_readers(const struct rows *rows, const bool configured[SINKS])
{
	bool seen[SINKS] = { false }, troubled[SINKS] = { false };
	bool all_seen = true;
	int64_t lag_ms = 0;

	for (int r = 0; r < rows_count(rows); r++) {
		const enum sink_id sink = sink_of(rows, r);

		troubled[sink] = !row_null(rows, r, 1);
		seen[sink] = row_i64(rows, r, 2) < RELAY_SEEN_MS;
		lag_ms = row_i64(rows, r, 3) > lag_ms ? row_i64(rows, r, 3) : lag_ms;
	}
	for (int s = 0; s < SINKS; s++)
		all_seen = all_seen && (seen[s] || !configured[s]);
	atomic_store(&readers.journal, all_seen ? CHECK_OK : CHECK_DOWN);
	atomic_store(&readers.lag_ms, lag_ms);
	atomic_store(&readers.kafka,
	             seen[SINK_KAFKA] && !troubled[SINK_KAFKA] ? CHECK_OK : CHECK_DOWN);
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

/* Asks the database whether it is there, and once a second also after the journal's readers. */
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
	int64_t began = clock_mono_us();

	out->database = ask_database(pool, ctx, configured) == ERR_OK ? CHECK_OK : CHECK_DOWN;
	out->database_us = out->database == CHECK_OK ? clock_mono_us() - began : -1;
	out->redis = check_redis(redis_url);
	out->kafka = configured[SINK_KAFKA] ? (enum check)atomic_load(&readers.kafka)
	                                    : CHECK_DISABLED;
	out->journal = configured[SINK_REDIS] || configured[SINK_KAFKA]
	                   ? (enum check)atomic_load(&readers.journal)
	                   : CHECK_DISABLED;
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

	if (atomic_flag_test_and_set(&asking))
		return;
	if (transact_read(pool, ctx, calls, 2, rows) == ERR_OK) {
		for (int r = 0; r < rows_count(rows[0]); r++)
			lag_ms[sink_of(rows[0], r)] = row_i64(rows[0], r, 3);
		for (int s = 0; s < SINKS; s++)
			metrics_set(METRIC_JOURNAL_LAG, (unsigned)s, lag_ms[s]);
		metrics_set(METRIC_REQUESTED, 0, row_i64(rows[1], 0, 0));
		metrics_set(METRIC_REQUESTED_AGE, 0, row_i64(rows[1], 0, 1));
	}
	atomic_flag_clear(&asking);
}
