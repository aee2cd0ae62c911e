#include "live/batch_reader.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

#define ATTEMPTS    3
#define STACK_BYTES (512 * 1024)

/* Batches in order; what comes in goes behind. */
struct queue {
	struct read_batch *first, **last;
};

struct reader {
	pthread_t thread;
	pthread_mutex_t mutex; /* guards todo, done and stop */
	pthread_cond_t more;
	struct queue todo, done;
	bool stop;
	int bell; /* eventfd: something is done */
	struct event *rung;
	struct event_base *base;
	struct db *db; /* the thread's */
};

struct read_queue {
	struct reader *reader;
	size_t most;
	read_queue_answer answer;
	read_queue_take take;
	void *arg;
	struct queue gathered; /* full batches first; the last one may be filled further */
	bool out;              /* a batch is with the thread */
	struct event *send;
};

static void
put(struct queue *q, struct read_batch *b)
{
	b->next = NULL;
	if (q->first == NULL)
		q->last = &q->first;
	*q->last = b;
	q->last = &b->next;
}

static struct read_batch *
get(struct queue *q)
{
	struct read_batch *b = q->first;

	if (b != NULL)
		q->first = b->next;
	return b;
}

/* --- The thread. --- */

static void
answer(struct reader *r, struct read_batch *b)
{
	for (int i = 0; i < ATTEMPTS; i++) {
		if ((b->err = db_ready(r->db)) != ERR_OK)
			return;
		b->err = b->desk->answer(r->db, b);
		db_rollback(r->db);
		if (b->err != ERR_DB_LOST && b->err != ERR_TX_RETRY)
			return;
	}
}

static void *
read_thread(void *arg)
{
	const uint64_t one = 1;
	struct reader *r = arg;
	struct read_batch *b;

	if (db_ready(r->db) !=
	    ERR_OK) /* opened before anybody waits for it; logged if it cannot be */
		log_line(LOG_WARN, "streams wait for the database", NULL);
	pthread_mutex_lock(&r->mutex);
	while (!r->stop) {
		if ((b = get(&r->todo)) == NULL) {
			pthread_cond_wait(&r->more, &r->mutex);
			continue;
		}
		pthread_mutex_unlock(&r->mutex);
		answer(r, b);
		pthread_mutex_lock(&r->mutex);
		put(&r->done, b);
		if (write(r->bell, &one, sizeof(one)) != sizeof(one))
			abort();
	}
	pthread_mutex_unlock(&r->mutex);
	return NULL;
}

/* --- The loop. --- */

/* Hands the next batch of a desk over, unless one is out. */
static void
send_next(struct read_queue *d)
{
	struct reader *r = d->reader;
	struct read_batch *b;

	if (d->out || (b = get(&d->gathered)) == NULL)
		return;
	d->out = true;
	pthread_mutex_lock(&r->mutex);
	put(&r->todo, b);
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->mutex);
}

static void
on_send(evutil_socket_t fd, short what, void *arg)
{
	(void)fd;
	(void)what;
	send_next(arg);
}

static void
on_rung(evutil_socket_t fd, short what, void *arg)
{
	struct reader *r = arg;
	struct read_batch *b;
	uint64_t n;

	(void)what;
	if (read(fd, &n, sizeof(n)) < 0)
		return;
	for (;;) {
		pthread_mutex_lock(&r->mutex);
		b = get(&r->done);
		pthread_mutex_unlock(&r->mutex);
		if (b == NULL)
			return;
		b->desk->out = false;
		b->desk->take(b->desk->arg, b);
		send_next(b->desk);
		talloc_free(b);
	}
}

void *
read_queue_ask(struct read_queue *d, size_t size, TALLOC_CTX **ctx)
{
	struct read_batch *b = d->gathered.first;

	while (b != NULL && b->next != NULL)
		b = b->next;
	if (b == NULL || b->n == d->most) {
		b = talloc_zero(NULL, struct read_batch);
		b->asks = talloc_array(b, void *, (unsigned)d->most);
		b->desk = d;
		put(&d->gathered, b);
	}
	if (!d->out)
		event_active(d->send, EV_TIMEOUT, 1);
	if (ctx != NULL)
		*ctx = b;
	b->asks[b->n] = talloc_zero_size(b, size);
	return b->asks[b->n++];
}

bool
read_queue_is_busy(const struct read_queue *d)
{
	return d->out || d->gathered.first != NULL;
}

static void
drop_all(struct queue *q)
{
	struct read_batch *b;

	while ((b = get(q)) != NULL)
		talloc_free(b);
}

static int
read_queue_free(struct read_queue *d)
{
	event_free(d->send);
	drop_all(&d->gathered);
	return 0;
}

struct read_queue *
read_queue_new(struct reader *reader, size_t most, read_queue_answer answer_batch,
               read_queue_take take, void *arg)
{
	struct read_queue *d = talloc_zero(reader, struct read_queue);

	assert(most > 0 && most <= BATCH_MOST);
	d->reader = reader;
	d->most = most;
	d->answer = answer_batch;
	d->take = take;
	d->arg = arg;
	d->send = event_new(reader->base, -1, 0, on_send, d);
	talloc_set_destructor(d, read_queue_free);
	return d;
}

static int
reader_free(struct reader *r)
{
	pthread_mutex_lock(&r->mutex);
	r->stop = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	drop_all(&r->todo);
	drop_all(&r->done);
	event_free(r->rung);
	close(r->bell);
	talloc_free(r->db);
	pthread_cond_destroy(&r->more);
	pthread_mutex_destroy(&r->mutex);
	return 0;
}

/* Starts the thread without signals: they are the loop's. */
static void
start(struct reader *r)
{
	sigset_t all, before;
	pthread_attr_t attr;

	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	if (pthread_create(&r->thread, &attr, read_thread, r) != 0) {
		log_line(LOG_ERROR, "no thread to be had", NULL);
		abort();
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
}

struct reader *
reader_new(TALLOC_CTX *ctx, struct event_base *base, const char *conninfo)
{
	struct reader *r = talloc_zero(ctx, struct reader);

	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->more, NULL);
	r->base = base;
	r->db = db_new(NULL, conninfo);
	r->bell = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->bell < 0)
		abort();
	r->rung = event_new(base, r->bell, EV_READ | EV_PERSIST, on_rung, r);
	event_add(r->rung, NULL);
	start(r);
	talloc_set_destructor(r, reader_free);
	return r;
}
