/*
 * The threads of a worker: each takes a request from libfcgi, has it answered and sends the
 * answer; and the end of them all when a signal says so.
 */
#include "http/server.h"

#include <assert.h>
#include <errno.h>
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/accept_backlog.h"
#include "http/request_body.h"

#define LISTEN_FD   0
#define DRAIN_S     10
#define ACCEPT_S    1 /* how often a thread at rest looks whether it should leave */
#define STACK_BYTES (512 * 1024)
#define CTX_BYTES   (32 * 1024) /* what most requests need, in one piece */

struct server {
	server_handler handler;
	void *arg;
	struct accept_backlog *backlog; /* connections that wait here, or NULL */
	atomic_bool stopping;
	atomic_int running; /* threads */
};

/*
 * Gives libfcgi a connection that waits in the backlog; returns false when none does, and libfcgi
 * accepts one itself. It takes one that is there already if keepConnection says that it was left
 * open on purpose.
 */
static bool
offer_connection(struct server *s, FCGX_Request *fcgi)
{
	fcgi->ipcFd = accept_backlog_take(s->backlog);
	fcgi->keepConnection = fcgi->ipcFd >= 0;
	if (fcgi->ipcFd >= 0)
		request_body_bound_reads(fcgi->ipcFd);
	return fcgi->ipcFd >= 0;
}

static void
send_response(const struct request *rq, const struct response *rs, FCGX_Stream *out)
{
	char head[RESPONSE_HEAD];
	int n = response_head(rq, rs, (long)rs->body_len, head);

	assert(n > 0 && (rs->body_len == 0 || rs->body != NULL));
	FCGX_PutStr(head, n, out);
	if (rs->headers != NULL)
		FCGX_PutS(rs->headers, out);
	FCGX_PutS("\r\n", out);
	if (rq->method != HEAD && rs->status != 304)
		FCGX_PutStr(rs->body, (int)rs->body_len, out);
}

static void
serve_one(struct server *s, FCGX_Request *fcgi, TALLOC_CTX *pool)
{
	struct response rs = { .status = 200 };
	struct request rq;

	assert(talloc_total_blocks(pool) == 1);
	request_begin(&rq, talloc_new(pool), fcgi->envp);
	rq.fcgi = fcgi;
	s->handler(&rq, &rs, s->arg);
	send_response(&rq, &rs, fcgi->out);
	FCGX_Finish_r(fcgi);
	metrics_status(rs.status);
	talloc_free(rq.ctx);
}

static void *
serve_thread(void *arg)
{
	TALLOC_CTX *pool = talloc_pool(NULL, CTX_BYTES); /* empty again after each request */
	struct server *s = arg;
	FCGX_Request fcgi;
	int rc;

	FCGX_InitRequest(&fcgi, LISTEN_FD, FCGI_FAIL_ACCEPT_ON_INTR);
	while (offer_connection(s, &fcgi) || !atomic_load(&s->stopping)) {
		rc = FCGX_Accept_r(&fcgi);
		if (rc == 0) {
			serve_one(s, &fcgi, pool);
		} else if (rc != -EAGAIN && rc != -EINTR) {
			/* EMFILE, ENFILE, ENOBUFS … pass; do not spin while they last */
			log_line(LOG_WARN, "accept failed", "reason", strerror(-rc), NULL);
			nanosleep(&(struct timespec){ .tv_nsec = 20000000 }, NULL);
		}
	}
	FCGX_Free(&fcgi, 1);
	talloc_free(pool);
	atomic_fetch_sub(&s->running, 1);
	return NULL;
}

void
server_block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

/* Waits for SIGTERM or SIGINT. */
static void
wait_for_signal(void)
{
	sigset_t set;
	int got;

	sigemptyset(&set);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGINT);
	sigwait(&set, &got);
	log_line(LOG_INFO, "draining", "signal", log_int(got), NULL);
}

/* Waits until every thread has left, or the time is over. */
static int
drain(struct server *s)
{
	int64_t until = clock_mono_us() + DRAIN_S * US_PER_S;

	while (atomic_load(&s->running) > 0 && clock_mono_us() < until)
		nanosleep(&(struct timespec){ .tv_nsec = 10000000 }, NULL);
	return atomic_load(&s->running) == 0 ? 0 : 1;
}

/* Prepares the socket that spawn-fcgi left on descriptor 0. */
static int
prepare_socket(void)
{
	const struct timeval tv = { .tv_sec = ACCEPT_S };

	if (setsockopt(LISTEN_FD, SOL_SOCKET, SO_RCVTIMEO, &tv, sizeof(tv)) != 0 ||
	    FCGX_Init() != 0) {
		log_line(LOG_ERROR, "descriptor 0 is no socket: start this program by spawn-fcgi",
		         NULL);
		return -1;
	}
	server_block_signals(); /* again: FCGX_Init has put handlers of its own */
	return 0;
}

int
server_run(int threads, server_handler handler, void *arg)
{
	struct server s = { .handler = handler, .arg = arg };
	pthread_attr_t attr;

	assert(threads >= 1 && threads <= 256 && handler != NULL);
	if (prepare_socket() != 0)
		return 1;
	s.backlog = accept_backlog_watch(LISTEN_FD);
	pthread_attr_init(&attr);
	pthread_attr_setstacksize(&attr, STACK_BYTES);
	pthread_attr_setdetachstate(&attr, PTHREAD_CREATE_DETACHED);
	for (int i = 0; i < threads; i++) {
		pthread_t thread;

		atomic_fetch_add(&s.running, 1);
		if (pthread_create(&thread, &attr, serve_thread, &s) != 0) {
			log_line(LOG_ERROR, "no more threads to be had", "started", log_int(i),
			         NULL);
			return 1;
		}
	}
	pthread_attr_destroy(&attr);
	log_line(LOG_INFO, "ready", "threads", log_int(threads), NULL);
	wait_for_signal();
	accept_backlog_end(s.backlog);
	atomic_store(&s.stopping, true);
	return drain(&s);
}
