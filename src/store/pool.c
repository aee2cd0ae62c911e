/* A pool: a stack of idle connections behind a mutex and a condition variable. */
#include "store/pool.h"

#include <assert.h>
#include <pthread.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"

struct pool {
	pthread_mutex_t mutex; /* guards idle and n_idle */
	pthread_cond_t given;
	struct db **idle; /* a stack: the one used last goes out first */
	int n_idle, size;
};

static int
pool_free(struct pool *pool)
{
	assert(pool->n_idle == pool->size);
	while (pool->n_idle > 0)
		talloc_free(pool->idle[--pool->n_idle]);
	pthread_cond_destroy(&pool->given);
	pthread_mutex_destroy(&pool->mutex);
	return 0;
}

struct pool *
pool_new(TALLOC_CTX *ctx, const char *conninfo, int size)
{
	struct pool *pool = talloc_zero(ctx, struct pool);
	pthread_condattr_t attr;

	assert(size >= 1 && size <= POOL_MOST);
	pthread_mutex_init(&pool->mutex, NULL);
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&pool->given, &attr);
	pthread_condattr_destroy(&attr);
	pool->idle = talloc_array(pool, struct db *, (unsigned)size);
	pool->size = size;
	/* Each connection allocates in the thread that uses it: a talloc tree of its own. */
	for (; pool->n_idle < size; pool->n_idle++)
		pool->idle[pool->n_idle] = db_new(NULL, conninfo);
	talloc_set_destructor(pool, pool_free);
	return pool;
}

/* Waits until a connection is idle; false when that takes too long. The mutex is held. */
static bool
wait_idle(struct pool *pool)
{
	int64_t began = clock_mono_us(), until_us = began + POOL_WAIT_MS * 1000;
	struct timespec until = { .tv_sec = until_us / US_PER_S,
		                  .tv_nsec = until_us % US_PER_S * 1000 };
	int rc = 0;

	while (pool->n_idle == 0 && rc == 0)
		rc = pthread_cond_timedwait(&pool->given, &pool->mutex, &until);
	metrics_observe(METRIC_POOL_WAIT, 0, clock_mono_us() - began);
	return pool->n_idle > 0;
}

enum err
pool_take(struct pool *pool, struct db **db)
{
	enum err e;

	assert(pool != NULL);
	*db = NULL;
	pthread_mutex_lock(&pool->mutex);
	if (pool->n_idle > 0 || wait_idle(pool))
		*db = pool->idle[--pool->n_idle];
	pthread_mutex_unlock(&pool->mutex);
	if (*db == NULL) {
		log_line(LOG_WARN, "all database connections are busy", NULL);
		return ERR_UNAVAILABLE;
	}
	e = db_ready(*db);
	if (e != ERR_OK) {
		pool_give(pool, *db);
		*db = NULL;
	}
	return e;
}

void
pool_give(struct pool *pool, struct db *db)
{
	if (db == NULL)
		return;
	db_rollback(db);
	pthread_mutex_lock(&pool->mutex);
	assert(pool->n_idle < pool->size);
	pool->idle[pool->n_idle++] = db;
	pthread_cond_signal(&pool->given);
	pthread_mutex_unlock(&pool->mutex);
}
