#include "store/combiner.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

/* Somebody at the window. Lives on the stack of the thread that waits. */
struct queued_request {
	void *item;
	struct queued_request *next;
	sem_t called; /* posted for each of `calls`, and a last time when served */
	int calls;    /* how often it was called to serve */
	atomic_bool served;
};

struct combiner {
	pthread_mutex_t mutex; /* guards busy, head, tail, idle and n_idle */
	bool busy;             /* a turn is under way and not over */
	struct queued_request *head, *tail;
	struct db *idle[COMBINER_CONNECTIONS];
	int n_idle;
	window_serve serve;
	void *arg;
};

static int
combiner_free(struct combiner *w)
{
	while (w->n_idle > 0)
		talloc_free(w->idle[--w->n_idle]);
	pthread_mutex_destroy(&w->mutex);
	return 0;
}

struct combiner *
combiner_new(TALLOC_CTX *ctx, const char *conninfo, int connections, window_serve serve, void *arg)
{
	struct combiner *w = talloc_zero(ctx, struct combiner);

	pthread_mutex_init(&w->mutex, NULL);
	w->serve = serve;
	w->arg = arg;
	/* Each connection is a talloc tree of its own: it is used from many threads in turn. */
	for (; w->n_idle < connections; w->n_idle++)
		w->idle[w->n_idle] = db_new(NULL, conninfo);
	talloc_set_destructor(w, combiner_free);
	return w;
}

/* Whether somebody waits, and may be served; the mutex is held. */
static bool
may_serve(const struct combiner *w)
{
	return !w->busy && w->head != NULL && w->n_idle > 0;
}

/* Calls the first in the queue to serve, if it may; the mutex is held. */
static void
call_next(struct combiner *w)
{
	if (!may_serve(w))
		return;
	w->head->calls++;
	sem_post(&w->head->called);
}

void
combiner_pass_on(struct turn *turn)
{
	struct combiner *w = turn->window;

	if (turn->over)
		return;
	turn->over = true;
	pthread_mutex_lock(&w->mutex);
	w->busy = false;
	call_next(w);
	pthread_mutex_unlock(&w->mutex);
}

/* Takes up to COMBINER_MOST off the queue; the mutex is held. */
static size_t
take_batch(struct combiner *w, struct queued_request **batch, void **items)
{
	size_t n = 0;

	for (; w->head != NULL && n < COMBINER_MOST; w->head = w->head->next) {
		items[n] = w->head->item;
		batch[n++] = w->head;
	}
	if (w->head == NULL)
		w->tail = NULL;
	return n;
}

/*
 * Serves one batch; the mutex is held, before and after. The waiters are woken without it, so
 * that each goes its way at once instead of queueing for the mutex. The last post is the last
 * touch: the waiter is gone after it, and not before.
 */
static void
serve(struct combiner *w)
{
	struct queued_request *batch[COMBINER_MOST];
	void *items[COMBINER_MOST];
	struct turn turn = {
		.window = w, .db = w->idle[--w->n_idle], .arg = w->arg, .items = items
	};

	turn.n = take_batch(w, batch, items);
	const size_t n = turn.n;

	w->busy = true;
	pthread_mutex_unlock(&w->mutex);
	w->serve(&turn);
	combiner_pass_on(&turn);
	pthread_mutex_lock(&w->mutex);
	w->idle[w->n_idle++] = turn.db;
	call_next(w);
	pthread_mutex_unlock(&w->mutex);
	for (size_t i = 0; i < n; i++) {
		atomic_store(&batch[i]->served, true);
		sem_post(&batch[i]->called);
	}
	pthread_mutex_lock(&w->mutex);
}

/* Waits to be called; returns whether it has been served. */
static bool
wait_called(struct queued_request *self, int *heard)
{
	while (sem_wait(&self->called) != 0)
		; /* a signal */
	(*heard)++;
	return atomic_load(&self->served);
}

/* Joins the queue, serves while it is this thread's turn, and leaves when served. */
static void
queue_up(struct combiner *w, struct queued_request *self)
{
	bool served = false;
	int heard = 0;

	pthread_mutex_lock(&w->mutex);
	if (w->tail == NULL)
		w->head = self;
	else
		w->tail->next = self;
	w->tail = self;
	while (!served) {
		if (may_serve(w))
			serve(w);
		pthread_mutex_unlock(&w->mutex);
		served = wait_called(self, &heard);
		if (!served)
			pthread_mutex_lock(&w->mutex);
	}
	while (heard < self->calls + 1) /* until the last post has been made */
		wait_called(self, &heard);
}

void
combiner_submit(struct combiner *w, void *item)
{
	struct queued_request self = { .item = item };

	sem_init(&self.called, 0, 0);
	queue_up(w, &self);
	sem_destroy(&self.called);
}
