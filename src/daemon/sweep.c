/*
 * The role `sweep`: tidies up what time alone has ended, batch by batch, and ends the bookings of
 * events that were cancelled.
 */
#include "daemon/sweep.h"

#include <assert.h>
#include <pthread.h>
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
#include "store/transact.h"

#define BATCH           1000 /* rows of a transaction */
#define EVERY_MS        5000 /* between two sweeps */
#define CANCEL_EVERY_MS 500  /* between two looks for events that are being cancelled */

/* Bookings whose payment has been under way for too long. */
static enum err
sweep_overdue(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, size_t *n)
{
	return booking_expire_overdue(db, ctx, BATCH, policy->paying_min, n);
}

/* Exactly one of these is set: it does a batch. */
struct sweep_kind {
	enum err (*batch)(struct db *db, TALLOC_CTX *ctx, int most, size_t *n);
	enum err (*by_policy)(struct db *db, TALLOC_CTX *ctx, const struct policy *policy,
	                      size_t *n);
	enum stmt deletion; /* of up to $1 rows; returns a row for each */
};

static const struct sweep_kind due_bookings = { .batch = booking_expire_due };

/* One batch, as a transaction. */
struct sweep_batch {
	const struct sweep_kind *kind;
	const struct policy *policy;
	size_t n; /* set: how many there were */
};

static enum err
run_batch(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct sweep_batch *b = arg;
	struct call call;
	struct rows *rows;
	enum err e;

	assert(b->kind->batch == NULL || b->kind->by_policy == NULL);
	b->n = 0;
	if (b->kind->batch != NULL)
		return b->kind->batch(db, ctx, BATCH, &b->n);
	if (b->kind->by_policy != NULL)
		return b->kind->by_policy(db, ctx, b->policy, &b->n);
	call = (struct call){ b->kind->deletion, { param_int(ctx, BATCH) } };
	e = db_query(db, ctx, call, &rows);
	b->n = e == ERR_OK ? (size_t)rows_count(rows) : 0;
	return e;
}

/*
 * One batch; *n is how many there were. One whose COMMIT was not answered is done again: what it
 * has ended is not found any more.
 */
static enum err
sweep_batch(struct pool *pool, const struct policy *policy, const struct sweep_kind *kind,
            size_t *n)
{
	struct sweep_batch b = { .kind = kind, .policy = policy };
	const struct transaction t = { .run = run_batch, .resolve = transact_again, .arg = &b };
	TALLOC_CTX *ctx = talloc_new(NULL);
	enum err e = transact(pool, ctx, &t);

	*n = e == ERR_OK ? b.n : 0;
	talloc_free(ctx);
	return e;
}

/* Batch by batch until there is none; *done is counted up. */
static enum err
sweep_all(struct pool *pool, const struct policy *policy, const struct sweep_kind *kind,
          size_t *done)
{
	size_t n = 1;
	enum err e = ERR_OK;

	while (e == ERR_OK && n > 0 && !stop_wait(0)) {
		e = sweep_batch(pool, policy, kind, &n);
		*done += n;
	}
	return e;
}

/* One of the threads that sweep side by side. */
struct sweep_thread {
	pthread_t thread;
	struct pool *pool;
	const struct policy *policy;
	size_t done;
	enum err err;
};

static void *
sweep_in_thread(void *arg)
{
	struct sweep_thread *t = arg;

	t->err = sweep_all(t->pool, t->policy, &due_bookings, &t->done);
	return NULL;
}

/*
 * Bookings whose window has passed. After a rush that is not paid for there may be a hundred
 * thousand of them: then several threads sweep at once, each with a connection.
 */
static enum err
sweep_together(struct pool *pool, const struct policy *policy, size_t *done)
{
	struct sweep_thread threads[SWEEP_THREADS];
	size_t n = 0, started = 0;
	enum err e = sweep_batch(pool, policy, &due_bookings, &n);

	*done += n;
	if (e != ERR_OK || n < BATCH)
		return e;
	for (; started < SWEEP_THREADS; started++) {
		struct sweep_thread *t = &threads[started];

		*t = (struct sweep_thread){ .pool = pool, .policy = policy };
		if (pthread_create(&t->thread, NULL, sweep_in_thread, t) != 0)
			break;
	}
	for (size_t i = 0; i < started; i++) {
		pthread_join(threads[i].thread, NULL);
		*done += threads[i].done;
		e = e == ERR_OK ? threads[i].err : e;
	}
	return e;
}

/* All but events. What fails does not keep the others from their turn; the first error. */
static enum err
sweep_kinds(struct pool *pool, const struct policy *policy, struct swept *out)
{
	const struct {
		struct sweep_kind kind;
		size_t *done;
	} parts[] = {
		{ { .by_policy = sweep_overdue }, &out->bookings },
		{ { .batch = hold_sweep }, &out->holds },
		{ { .deletion = STMT_DELETE_PARKED }, &out->parked },
		{ { .batch = idempotency_sweep }, &out->keys },
		{ { .deletion = STMT_DELETE_PROCESSED }, &out->processed },
	};
	const int64_t began_us = clock_mono_us();
	enum err e, first;

	first = sweep_together(pool, policy, &out->bookings);
	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		e = sweep_all(pool, policy, &parts[i].kind, parts[i].done);
		first = first == ERR_OK ? e : first;
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

	assert(pool != NULL && policy != NULL && out != NULL);
	memset(out, 0, sizeof(*out));
	first = sweep_kinds(pool, policy, out);
	while (e == ERR_OK && more && !stop_wait(0))
		e = event_cancel_all(pool, &out->events, &more);
	return first == ERR_OK ? e : first;
}

/* Logs what a sweep did, if it did anything. */
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
	struct pool *pool = pool_new(ctx, database, SWEEP_THREADS);
	int64_t due_us = 0;
	struct policy policy;
	bool more = false;

	if (policy_read(config, &policy) != ERR_OK)
		return 1;
	while (!stop_wait(more ? 0 : CANCEL_EVERY_MS)) {
		const int64_t began_us = clock_mono_us();
		struct swept swept = { 0 };
		enum err e, first = ERR_OK;

		if (began_us >= due_us) {
			first = sweep_kinds(pool, &policy, &swept);
			due_us = clock_mono_us() + EVERY_MS * 1000;
		}
		e = event_cancel_all(pool, &swept.events, &more);
		report(&swept, first == ERR_OK ? e : first, began_us);
	}
	return 0;
}
