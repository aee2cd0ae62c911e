#include "core/clerk.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/batch.h"
#include "core/booking.h"

#define ATTEMPTS      5               /* of a batch or of a single ask, before it is told to come back */
#define PATIENCE_US   (10 * US_PER_S) /* how long an ask may be tried over and over */
#define RESOLVE_US    (4 * US_PER_S)  /* how long the fate of a lost COMMIT is looked for */
#define RESOLVE_PAUSE_MS 50

/* Somebody at the window. Lives on the stack of the thread that waits. */
struct waiter {
	struct ask *ask;
	struct answer *answer;
	struct waiter *next;
	sem_t called;     /* posted for each of `calls`, and a last time when settled */
	int calls;        /* how often it was called to be the next clerk */
	int64_t since_us; /* monotonic */
	atomic_bool settled;
};

struct clerk {
	pthread_mutex_t mutex; /* guards all below but policy */
	bool busy;             /* a batch is being locked, decided or written */
	struct waiter *head, *tail;
	struct db *idle[CLERK_CONNECTIONS];
	int n_idle;
	struct policy policy;
};

/* One batch on its way, and the connection it has. */
struct service {
	struct clerk *clerk;
	struct db *db;
	bool released; /* the next batch may be, or has been, begun */
};

static int
clerk_free(struct clerk *c)
{
	while (c->n_idle > 0)
		talloc_free(c->idle[--c->n_idle]);
	pthread_mutex_destroy(&c->mutex);
	return 0;
}

struct clerk *
clerk_new(TALLOC_CTX *ctx, const char *conninfo, const struct policy *policy)
{
	struct clerk *c = talloc_zero(ctx, struct clerk);

	pthread_mutex_init(&c->mutex, NULL);
	c->policy = *policy;
	/* Each connection is a talloc tree of its own: it is used from many threads in turn. */
	for (; c->n_idle < CLERK_CONNECTIONS; c->n_idle++)
		c->idle[c->n_idle] = db_new(NULL, conninfo);
	talloc_set_destructor(c, clerk_free);
	return c;
}

static void
pause_ms(int ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

/* Whether there is a batch to be served, and nobody before it; the mutex is held. */
static bool
may_serve(const struct clerk *c)
{
	return !c->busy && c->head != NULL && c->n_idle > 0;
}

/* Calls the first in the queue to the window, if it is free; the mutex is held. */
static void
call_next(struct clerk *c)
{
	if (!may_serve(c))
		return;
	c->head->calls++;
	sem_post(&c->head->called);
}

/* Lets the next batch begin: this one is written, or over. */
static void
release(void *arg)
{
	struct service *s = arg;

	if (s->released)
		return;
	s->released = true;
	pthread_mutex_lock(&s->clerk->mutex);
	s->clerk->busy = false;
	call_next(s->clerk);
	pthread_mutex_unlock(&s->clerk->mutex);
}

/* Looks for the fate of a batch whose COMMIT was cut off, until the database is back. */
static enum err
find_out(struct db *db, TALLOC_CTX *ctx, struct pending_commit *pending)
{
	int64_t until = clock_mono_us() + RESOLVE_US;
	enum err e;

	do {
		e = db_ready(db);
		if (e == ERR_OK)
			e = batch_resolve(db, ctx, pending);
		if (e == ERR_OK || e == ERR_TX_RETRY)
			return e;
		pause_ms(RESOLVE_PAUSE_MS);
	} while (clock_mono_us() < until);
	log_line(LOG_ERROR, "the fate of a COMMIT is not known, the database stays away", NULL);
	return ERR_DB_UNKNOWN;
}

static void
answer_everyone(struct waiter *const *waiters, size_t n, enum err e)
{
	for (size_t i = 0; i < n; i++) {
		memset(waiters[i]->answer, 0, sizeof(*waiters[i]->answer));
		waiters[i]->answer->err = e;
	}
}

/*
 * One transaction for n waiters. ERR_OK: all have an answer, except those whose answer says
 * TX_RETRY (their seats' former owners have been expired since).
 */
static enum err
settle_once(struct service *s, struct waiter *const *waiters, size_t n)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct ask *asks[BATCH_MAX];
	struct answer *answers[BATCH_MAX];
	struct batch batch = { asks, answers, n, release, s, NULL, 0, NULL };
	enum err e;

	for (size_t i = 0; i < n; i++) {
		asks[i] = waiters[i]->ask;
		answers[i] = waiters[i]->answer;
	}
	e = db_ready(s->db);
	if (e == ERR_OK) {
		e = batch_settle(s->db, ctx, &s->clerk->policy, &batch);
		if (e == ERR_DB_UNKNOWN)
			e = find_out(s->db, ctx, batch.pending);
	}
	if (e == ERR_OK && batch.n_lapsed > 0 && db_ready(s->db) == ERR_OK &&
	    booking_expire(s->db, ctx, batch.lapsed, batch.n_lapsed) != ERR_OK)
		log_line(LOG_WARN, "lapsed bookings were not expired, their seats are tried again", NULL);
	talloc_free(ctx);
	return e;
}

/* Keeps those whose answer says "again" at the front; returns how many. */
static size_t
keep_unsettled(struct waiter **waiters, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (waiters[i]->answer->err == ERR_TX_RETRY)
			waiters[kept++] = waiters[i];
	}
	return kept;
}

/* Settles n waiters together, again and again while only lapsed seats or a retry stand in the way. */
static enum err
settle_together(struct service *s, struct waiter **waiters, size_t *n, int attempts)
{
	enum err e = ERR_OK;

	for (int i = 0; i < attempts && *n > 0; i++) {
		if (i > 0)
			metrics_count(METRIC_CLERK_RETRIES, 0);
		e = settle_once(s, waiters, *n);
		if (e == ERR_OK)
			*n = keep_unsettled(waiters, *n);
		else if (e != ERR_TX_RETRY && e != ERR_DB_LOST)
			return e;
		if (*n > 0 && i > 0)
			pause_ms(1 << i);
	}
	return e;
}

/* An error as the asker should see it once there is no further try. */
static enum err
last_word(enum err e)
{
	return e == ERR_INTERNAL ? ERR_INTERNAL : ERR_UNAVAILABLE;
}

/*
 * Settles a batch. One that fails as a whole (a deadlock with foreign SQL, a seat somebody
 * sits on, one bad ask) is settled one by one, so that no one suffers for a neighbour.
 */
static void
settle(struct service *s, struct waiter **waiters, size_t n)
{
	enum err e = settle_together(s, waiters, &n, 2);

	if (n == 0)
		return;
	if (e == ERR_DB_UNKNOWN || (e == ERR_UNAVAILABLE && db_ready(s->db) != ERR_OK)) {
		answer_everyone(waiters, n, ERR_UNAVAILABLE);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct waiter *one = waiters[i];
		size_t left = 1;

		e = ERR_UNAVAILABLE;
		if (clock_mono_us() - one->since_us < PATIENCE_US)
			e = settle_together(s, &one, &left, ATTEMPTS);
		if (left > 0 && e == ERR_OK)
			one->answer->err = ERR_SEAT_ALREADY_RESERVED; /* lapsed, yet somebody is at it */
		else if (left > 0)
			answer_everyone(&one, 1, last_word(e));
	}
}

/* Takes up to BATCH_MAX off the queue; the mutex is held. */
static size_t
take_batch(struct clerk *c, struct waiter **batch)
{
	size_t n = 0;

	for (; c->head != NULL && n < BATCH_MAX; c->head = c->head->next)
		batch[n++] = c->head;
	if (c->head == NULL)
		c->tail = NULL;
	return n;
}

/*
 * Is the clerk for one batch; the mutex is held, before and after. The waiters are woken
 * without it, so that each goes its way at once instead of queueing for the mutex. The last
 * post is the last touch: the waiter is gone after it, and not before.
 */
static void
serve(struct clerk *c)
{
	struct waiter *batch[BATCH_MAX], *work[BATCH_MAX];
	struct service s = { .clerk = c, .db = c->idle[--c->n_idle] };
	size_t n = take_batch(c, batch);

	c->busy = true;
	memcpy(work, batch, n * sizeof(batch[0]));
	pthread_mutex_unlock(&c->mutex);
	settle(&s, work, n);
	release(&s);
	pthread_mutex_lock(&c->mutex);
	c->idle[c->n_idle++] = s.db;
	call_next(c);
	pthread_mutex_unlock(&c->mutex);
	for (size_t i = 0; i < n; i++) {
		atomic_store(&batch[i]->settled, true);
		sem_post(&batch[i]->called);
	}
	pthread_mutex_lock(&c->mutex);
}

/* Waits to be called; returns whether it has been settled. */
static bool
wait_called(struct waiter *self, int *heard)
{
	while (sem_wait(&self->called) != 0)
		; /* a signal */
	(*heard)++;
	return atomic_load(&self->settled);
}

/* Joins the queue, serves while it is this thread's turn, and leaves when settled. */
static void
queue_up(struct clerk *c, struct waiter *self)
{
	bool settled = false;
	int heard = 0;

	pthread_mutex_lock(&c->mutex);
	if (c->tail == NULL)
		c->head = self;
	else
		c->tail->next = self;
	c->tail = self;
	while (!settled) {
		if (may_serve(c))
			serve(c);
		pthread_mutex_unlock(&c->mutex);
		settled = wait_called(self, &heard);
		if (!settled)
			pthread_mutex_lock(&c->mutex);
	}
	while (heard < self->calls + 1) /* until the last post has been made */
		wait_called(self, &heard);
}

enum err
clerk_book(struct clerk *c, struct ask *ask, struct answer *out)
{
	struct waiter self = { .ask = ask, .answer = out, .since_us = clock_mono_us() };

	memset(out, 0, sizeof(*out));
	sem_init(&self.called, 0, 0);
	queue_up(c, &self);
	sem_destroy(&self.called);
	metrics_count(METRIC_BOOKINGS, out->err);
	return out->err;
}
