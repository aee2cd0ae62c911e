/*
 * The queue in which the threads of a process wait, and the hand-over of the right to serve it:
 * see combiner.h. Which thread serves is decided under one mutex; nothing else is done under it.
 */
#include "store/combiner.h"

#include <assert.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <string.h>

/* An item in the queue, or in a batch. Lives on the stack of the thread that submitted it. */
struct submission {
	void *item;
	struct submission *next;
	sem_t called; /* posted for each of `calls`, and a last time when served */
	int calls;    /* how often its thread was called to serve; guarded by the mutex */
	atomic_bool served;
};

struct combiner {
	pthread_mutex_t mutex; /* guards busy, head, tail, waiting, idle and n_idle */
	bool busy;             /* a batch is being served and has not passed on */
	struct submission *head, *tail;
	size_t waiting; /* from head to tail */
	struct db *idle[COMBINER_CONNECTIONS];
	int n_idle, connections;
	combiner_serve serve;
	void *arg;
};

static int
combiner_free(struct combiner *c)
{
	assert(c->n_idle == c->connections && !c->busy && c->head == NULL);
	while (c->n_idle > 0)
		talloc_free(c->idle[--c->n_idle]);
	pthread_mutex_destroy(&c->mutex);
	return 0;
}

struct combiner *
combiner_new(TALLOC_CTX *ctx, const char *conninfo, int connections, combiner_serve serve,
             void *arg)
{
	struct combiner *c = talloc_zero(ctx, struct combiner);

	assert(serve != NULL);
	assert(connections >= 1 && connections <= COMBINER_CONNECTIONS);
	pthread_mutex_init(&c->mutex, NULL);
	c->serve = serve;
	c->arg = arg;
	c->connections = connections;
	/* Each connection is a talloc tree of its own: it is used from many threads in turn. */
	for (; c->n_idle < connections; c->n_idle++)
		c->idle[c->n_idle] = db_new(NULL, conninfo);
	talloc_set_destructor(c, combiner_free);
	return c;
}

/* Whether an item waits, and may be served; the mutex is held. */
static bool
may_serve(const struct combiner *c)
{
	assert((c->head == NULL) == (c->waiting == 0));
	return !c->busy && c->head != NULL && c->n_idle > 0;
}

/* Calls the first thread in the queue to serve, if it may; the mutex is held. */
static void
call_next(struct combiner *c)
{
	if (!may_serve(c))
		return;
	c->head->calls++;
	sem_post(&c->head->called);
}

void
combiner_pass_on(struct combiner_batch *batch)
{
	struct combiner *c = batch->combiner;

	if (batch->passed_on)
		return;
	assert(c != NULL);
	batch->passed_on = true;
	pthread_mutex_lock(&c->mutex);
	assert(c->busy);
	c->busy = false;
	call_next(c);
	pthread_mutex_unlock(&c->mutex);
}

size_t
combiner_waiting(struct combiner *c)
{
	size_t n;

	pthread_mutex_lock(&c->mutex);
	n = c->waiting;
	pthread_mutex_unlock(&c->mutex);
	return n;
}

/* Takes up to COMBINER_MOST off the queue; the mutex is held. */
static size_t
take_batch(struct combiner *c, struct submission **taken, void **items)
{
	size_t n = 0;

	for (; c->head != NULL && n < COMBINER_MOST; c->head = c->head->next) {
		items[n] = c->head->item;
		taken[n++] = c->head;
	}
	if (c->head == NULL)
		c->tail = NULL;
	assert(n > 0 && n <= c->waiting);
	c->waiting -= n;
	return n;
}

/*
 * Serves one batch; the mutex is held, before and after. The threads of the batch are woken
 * without it, so that each goes on at once instead of queueing for the mutex. The last post is
 * the last touch of a submission: its thread waits for it, and leaves after it.
 */
static void
serve_batch(struct combiner *c)
{
	struct submission *taken[COMBINER_MOST];
	void *items[COMBINER_MOST];

	assert(may_serve(c));
	struct combiner_batch batch = {
		.combiner = c, .db = c->idle[--c->n_idle], .arg = c->arg, .items = items
	};
	const size_t n = batch.n = take_batch(c, taken, items);

	c->busy = true;
	pthread_mutex_unlock(&c->mutex);
	c->serve(&batch);
	combiner_pass_on(&batch);
	pthread_mutex_lock(&c->mutex);
	assert(c->n_idle < c->connections);
	c->idle[c->n_idle++] = batch.db;
	call_next(c);
	pthread_mutex_unlock(&c->mutex);
	for (size_t i = 0; i < n; i++) {
		atomic_store(&taken[i]->served, true);
		sem_post(&taken[i]->called);
	}
	pthread_mutex_lock(&c->mutex);
}

/* Waits for a post; returns whether the item has been served. */
static bool
wait_called(struct submission *self, int *heard)
{
	while (sem_wait(&self->called) != 0)
		; /* a signal */
	(*heard)++;
	return atomic_load(&self->served);
}

/* Joins the queue; the mutex is held. */
static void
join_queue(struct combiner *c, struct submission *self)
{
	assert((c->tail == NULL) == (c->head == NULL));
	if (c->tail == NULL)
		c->head = self;
	else
		c->tail->next = self;
	c->tail = self;
	c->waiting++;
}

void
combiner_submit(struct combiner *c, void *item)
{
	struct submission self = { .item = item };
	bool served = false;
	int heard = 0;

	assert(c != NULL && item != NULL);
	sem_init(&self.called, 0, 0);
	pthread_mutex_lock(&c->mutex);
	join_queue(c, &self);
	while (!served) {
		if (may_serve(c))
			serve_batch(c);
		pthread_mutex_unlock(&c->mutex);
		served = wait_called(&self, &heard);
		if (!served)
			pthread_mutex_lock(&c->mutex);
	}
	while (heard < self.calls + 1) /* until the last post has been made */
		wait_called(&self, &heard);
	sem_destroy(&self.called);
}
