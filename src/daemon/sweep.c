#include "daemon/sweep.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "core/booking/booking_expire.h"
#include "core/event/event_cancel.h"
#include "core/reserve/hold.h"
#include "store/idempotency.h"
#include "store/param.h"

#define BATCH     1000
#define EVERY_MS  5000
#define GLANCE_MS 500 /* how often events that are being cancelled are looked for */

/* --- bookings --- */

static enum err
sweep_due(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, size_t *n)
{
	(void)policy;
	return booking_expire_due(db, ctx, BATCH, n);
}

static enum err
sweep_overdue(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, size_t *n)
{
	return booking_expire_overdue(db, ctx, BATCH, policy->paying_min, n);
}

static enum err
sweep_holds(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, size_t *n)
{
	(void)policy;
	return hold_sweep(db, ctx, BATCH, n);
}

/* --- what is kept for a while --- */

static enum err
sweep_keys(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, size_t *n)
{
	(void)policy;
	return idempotency_sweep(db, ctx, BATCH, n);
}

/* A batch of what a statement deletes. */
static enum err
drop(struct db *db, TALLOC_CTX *ctx, enum stmt stmt, size_t *n)
{
	const struct call call = { stmt, { param_int(ctx, BATCH) } };
	struct rows *rows;
	enum err e = db_query(db, ctx, call, &rows);

	*n = e == ERR_OK ? (size_t)rows_count(rows) : 0;
	return e;
}

static enum err
sweep_parked(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, size_t *n)
{
	(void)policy;
	return drop(db, ctx, STMT_DELETE_PARKED, n);
}

static enum err
sweep_processed(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, size_t *n)
{
	(void)policy;
	return drop(db, ctx, STMT_DELETE_PROCESSED, n);
}

/* --- a sweep --- */

typedef enum err (*sweep_batch)(struct db *db, TALLOC_CTX *ctx, const struct policy *policy,
                                size_t *n);

/* One batch; how many there were. */
static enum err
sweep_once(struct pool *pool, const struct policy *policy, sweep_batch batch, size_t *n)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct db *db;
	enum err e;

	*n = 0;
	if ((e = pool_take(pool, &db)) == ERR_OK) {
		e = batch(db, ctx, policy, n);
		pool_give(pool, db); /* which rolls back what is open */
	}
	talloc_free(ctx);
	return e;
}

/* Batch by batch until there is none; one that fails for a passing reason is tried again. */
static enum err
sweep_all(struct pool *pool, const struct policy *policy, sweep_batch batch, size_t *done)
{
	size_t n = 1;
	int failed = 0;
	enum err e = ERR_OK;

	while (n > 0 && !stop_wait(0)) {
		e = sweep_once(pool, policy, batch, &n);
		if (e == ERR_OK)
			*done += n;
		else if ((e != ERR_TX_RETRY && e != ERR_DB_LOST && e != ERR_DB_UNKNOWN) ||
		         ++failed == POOL_ATTEMPTS)
			return e;
		else
			n = 1;
	}
	return e;
}

/* One of those who sweep side by side. */
struct hand {
	pthread_t thread;
	struct pool *pool;
	const struct policy *policy;
	size_t done;
	enum err err;
};

static void *
lend_a_hand(void *arg)
{
	struct hand *h = arg;

	h->err = sweep_all(h->pool, h->policy, sweep_due, &h->done);
	return NULL;
}

/*
 * Those whose window has passed. After a rush that is not paid for there may be a hundred thousand
 * of them: then several sweep at once, each with a connection.
 */
static enum err
sweep_together(struct pool *pool, const struct policy *policy, size_t *done)
{
	struct hand hands[SWEEPER_HANDS];
	size_t n = 0, started = 0;
	enum err e = sweep_once(pool, policy, sweep_due, &n);

	*done += n;
	if (e != ERR_OK || n < BATCH)
		return e;
	for (; started < SWEEPER_HANDS; started++) {
		hands[started] = (struct hand){ .pool = pool, .policy = policy };
		if (pthread_create(&hands[started].thread, NULL, lend_a_hand, &hands[started]) != 0)
			break;
	}
	for (size_t i = 0; i < started; i++) {
		pthread_join(hands[i].thread, NULL);
		*done += hands[i].done;
		e = e == ERR_OK ? hands[i].err : e;
	}
	return e;
}

/* All but events. */
static enum err
tidy(struct pool *pool, const struct policy *policy, struct swept *out)
{
	const struct {
		sweep_batch batch;
		size_t *done;
	} parts[] = { { sweep_overdue, &out->bookings },
		      { sweep_holds, &out->holds },
		      { sweep_parked, &out->parked },
		      { sweep_keys, &out->keys },
		      { sweep_processed, &out->processed } };
	const int64_t began_us = clock_mono_us();
	enum err e, first;

	first = sweep_together(pool, policy, &out->bookings);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		if ((e = sweep_all(pool, policy, parts[i].batch, parts[i].done)) != ERR_OK &&
		    first == ERR_OK)
			first = e;
	}
	metrics_add(METRIC_SWEPT, 0, out->bookings);
	metrics_job(JOB_SWEEP, clock_mono_us() - began_us, first != ERR_OK);
	return first;
}

enum err
daemon_sweep_once(struct pool *pool, const struct policy *policy, struct swept *out)
{
	bool more = true;
	enum err e = ERR_OK, first;

	memset(out, 0, sizeof(*out));
	first = tidy(pool, policy, out);
	while (e == ERR_OK && more && !stop_wait(0))
		e = event_cancel_all(pool, &out->events, &more);
	return first == ERR_OK ? e : first;
}

/* Says what a sweep did, if it did anything. */
static void
report(const struct swept *s, enum err e, int64_t began_us)
{
	if (e == ERR_OK &&
	    s->bookings + s->holds + s->events + s->parked + s->keys + s->processed == 0)
		return;
	log_line(e == ERR_OK ? LOG_INFO : LOG_WARN, "swept", "bookings",
	         log_int((int64_t)s->bookings), "holds", log_int((int64_t)s->holds), "events",
	         log_int((int64_t)s->events), "parked", log_int((int64_t)s->parked), "keys",
	         log_int((int64_t)s->keys), "processed", log_int((int64_t)s->processed), "us",
	         log_int(clock_mono_us() - began_us), "error", e == ERR_OK ? NULL : err_name(e),
	         NULL);
}

int
daemon_sweep_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	struct pool *pool = pool_new(ctx, database, SWEEPER_HANDS);
	int64_t due_us = 0;
	struct policy policy;
	bool more = false;

	if (policy_read(config, &policy) != ERR_OK)
		return 1;
	while (!stop_wait(more ? 0 : GLANCE_MS)) {
		const int64_t began_us = clock_mono_us();
		struct swept swept = { 0 };
		enum err e, first = ERR_OK;

		if (began_us >= due_us) {
			first = tidy(pool, &policy, &swept);
			due_us = clock_mono_us() + EVERY_MS * 1000;
		}
		e = event_cancel_all(pool, &swept.events, &more);
		report(&swept, first == ERR_OK ? e : first, began_us);
	}
	return 0;
}
