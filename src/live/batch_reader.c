/*
 * A thread that reads from the database for an event loop, and the queues of questions that it
 * answers batch by batch.
 */
#include "live/batch_reader.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"
#include "store/transact.h"

#define STACK_BYTES (512 * 1024)

/* Batches in order; what comes in goes behind. */
struct batch_list {
	struct read_batch *first, **last;
};

struct batch_reader {
	pthread_t thread;
	pthread_mutex_t mutex; /* guards todo, done and stop; the rest is the loop's */
	pthread_cond_t more;
	struct batch_list todo, done;
	bool stop;
	int wake_fd; /* eventfd: something is done */
	struct event *wake;
	struct event_base *base;
	struct db *db; /* the thread's */
};

struct read_queue {
	struct batch_reader *reader;
	size_t most;
	read_queue_answer answer;
	read_queue_take take;
	void *arg;
	struct batch_list gathered; /* in order; the last one may be filled further */
	bool out;                   /* a batch is with the thread */
	struct event *send;
};

static void
put(struct batch_list *l, struct read_batch *b)
{
	b->next = NULL;
	if (l->first == NULL)
		l->last = &l->first;
	*l->last = b;
	l->last = &b->next;
}

static struct read_batch *
get(struct batch_list *l)
{
	struct read_batch *b = l->first;

	if (b != NULL)
		l->first = b->next;
	return b;
}

/* --- The thread. --- */

static enum err
answer_once(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct read_batch *b = arg;

	(void)ctx;
	return b->queue->answer(db, b);
}

static void
answer(struct batch_reader *r, struct read_batch *b)
{
	const struct transaction t = { .run = answer_once, .arg = b };

	assert(b->n > 0 && b->queue->out);
	b->err = transact_on(r->db, b, &t);
}

static void *
read_thread(void *arg)
{
	const uint64_t one = 1;
	struct batch_reader *r = arg;
	struct read_batch *b;

	if (db_ready(r->db) != ERR_OK) /* opened now, so that the first question need not wait */
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
		if (write(r->wake_fd, &one, sizeof(one)) != sizeof(one))
			abort();
	}
	pthread_mutex_unlock(&r->mutex);
	return NULL;
}

/* --- The loop. --- */

/* Hands the next batch of a queue over, unless one is out. */
static void
send_next(struct read_queue *q)
{
	struct batch_reader *r = q->reader;
	struct read_batch *b;

	if (q->out || (b = get(&q->gathered)) == NULL)
		return;
	assert(b->queue == q && b->n > 0);
	q->out = true;
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
on_wake(evutil_socket_t fd, short what, void *arg)
{
	struct batch_reader *r = arg;
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
		assert(b->queue->out);
		b->queue->out = false;
		b->queue->take(b->queue->arg, b);
		send_next(b->queue);
		talloc_free(b);
	}
}

void *
read_queue_ask(struct read_queue *q, size_t size, TALLOC_CTX **ctx)
{
	struct read_batch *b = q->gathered.first;

	while (b != NULL && b->next != NULL)
		b = b->next;
	if (b == NULL || b->n == q->most) {
		b = talloc_zero(NULL, struct read_batch);
		b->asks = talloc_array(b, void *, (unsigned)q->most);
		b->queue = q;
		put(&q->gathered, b);
	}
	if (!q->out)
		event_active(q->send, EV_TIMEOUT, 1);
	if (ctx != NULL)
		*ctx = b;
	assert(b->queue == q && b->n < q->most);
	b->asks[b->n] = talloc_zero_size(b, size);
	return b->asks[b->n++];
}

bool
read_queue_is_busy(const struct read_queue *q)
{
	return q->out || q->gathered.first != NULL;
}

static void
drop_all(struct batch_list *q)
{
	struct read_batch *b;

	while ((b = get(q)) != NULL)
		talloc_free(b);
}

static int
read_queue_free(struct read_queue *q)
{
	event_free(q->send);
	drop_all(&q->gathered);
	return 0;
}

struct read_queue *
read_queue_new(struct batch_reader *reader, size_t most, read_queue_answer answer_batch,
               read_queue_take take, void *arg)
{
	struct read_queue *q = talloc_zero(reader, struct read_queue);

	assert(most > 0 && most <= BATCH_MOST && answer_batch != NULL && take != NULL);
	q->reader = reader;
	q->most = most;
	q->answer = answer_batch;
	q->take = take;
	q->arg = arg;
	q->send = event_new(reader->base, -1, 0, on_send, q);
	talloc_set_destructor(q, read_queue_free);
	return q;
}

static int
batch_reader_free(struct batch_reader *r)
{
	pthread_mutex_lock(&r->mutex);
	r->stop = true;
	pthread_cond_signal(&r->more);
	pthread_mutex_unlock(&r->mutex);
	pthread_join(r->thread, NULL);
	drop_all(&r->todo);
	drop_all(&r->done);
	event_free(r->wake);
	close(r->wake_fd);
	talloc_free(r->db);
	pthread_cond_destroy(&r->more);
	pthread_mutex_destroy(&r->mutex);
	return 0;
}

/* Starts the thread, with all signals blocked: they are the loop's. */
static void
start(struct batch_reader *r)
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

struct batch_reader *
batch_reader_new(TALLOC_CTX *ctx, struct event_base *base, const char *conninfo)
{
	struct batch_reader *r = talloc_zero(ctx, struct batch_reader);

	assert(base != NULL && conninfo != NULL);
	pthread_mutex_init(&r->mutex, NULL);
	pthread_cond_init(&r->more, NULL);
	r->base = base;
	r->db = db_new(NULL, conninfo);
	r->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	if (r->wake_fd < 0)
		abort();
	r->wake = event_new(base, r->wake_fd, EV_READ | EV_PERSIST, on_wake, r);
	event_add(r->wake, NULL);
	start(r);
	talloc_set_destructor(r, batch_reader_free);
	return r;
}
