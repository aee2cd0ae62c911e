/*
 * rowlock-sse: serves event streams, started by spawn-fcgi with its socket on descriptor 0. One
 * thread serves all of them from an event loop; after a signal it takes no more, ends those that
 * are open, and waits a while for what their clients have yet to read.
 */

#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <sys/resource.h>
#include <sys/socket.h>

#include "api/stream/stream.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "bin/program.h"

#define LISTEN_FD 0
#define DRAIN_US  (10 * US_PER_S) /* for what waits to be read by clients */
#define LOOK_US   20000           /* between looks whether all streams have ended */
#define ARENAS    2               /* of malloc: few, to stay small */

/* What the event loop serves, until all streams have ended or the time for that is over. */
struct serving {
	struct event_base *base;
	struct stream_app *app;
	struct event *looking; /* after a signal: whether all streams have ended */
	int64_t until_us;      /* monotonic; after a signal: when the rest is cut off */
};

static void
usage(FILE *out)
{
	fputs(
	    "usage: spawn-fcgi -n -s SOCKET -- rowlock-sse\n"
	    "Serves Rowlock's event streams (SSE) as a FastCGI responder on the socket at\n"
	    "descriptor 0. Settings come from the environment or rowlock.conf; see rowlock-sse(8)\n"
	    "and `rowlockctl config`.\n",
	    out);
}

/* Whether a descriptor is a socket that connections can be taken from. */
static bool
is_listening(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes != 0;
}

/* Each stream needs a descriptor: allows as many as the system lets this process have. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

/* Every LOOK_US after a signal. */
static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct serving *s = arg;

	(void)fd;
	(void)what;
	if (stream_app_count(s->app) == 0 || clock_mono_us() > s->until_us)
		event_base_loopbreak(s->base);
}

/* Begins to end: a second signal does so again, and gives DRAIN_US anew. */
static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	const struct timeval look = { .tv_usec = LOOK_US };
	struct serving *s = arg;

	(void)what;
	log_line(LOG_INFO, "draining", "signal", log_int(number), "streams",
	         log_int((int64_t)stream_app_count(s->app)), NULL);
	s->until_us = clock_mono_us() + DRAIN_US;
	stream_app_close(s->app);
	event_add(s->looking, &look);
}

/* Serves until a signal; the exit status of the process. */
static int
serve(const struct program *p)
{
	struct serving s = { .base = event_base_new() };
	struct event *term = evsignal_new(s.base, SIGTERM, on_signal, &s);
	struct event *intr = evsignal_new(s.base, SIGINT, on_signal, &s);

	s.looking = event_new(s.base, -1, EV_PERSIST, on_look, &s);
	s.app = stream_app_new(p->ctx, s.base, LISTEN_FD, p->config, p->database);
	event_add(term, NULL);
	event_add(intr, NULL);
	log_line(LOG_INFO, "ready", NULL);
	event_base_dispatch(s.base);
	if (stream_app_is_busy(s.app)) /* a database that does not answer is not waited for */
		program_leave(0);
	talloc_free(s.app);
	event_free(term);
	event_free(intr);
	event_free(s.looking);
	event_base_free(s.base);
	return 0;
}

int
main(int argc, char **argv)
{
	struct program p = { .usage = usage, .needs_tokens = true };
	int status;

	mallopt(M_ARENA_MAX, ARENAS);
	signal(SIGPIPE, SIG_IGN);
	if (!program_begin(&p, argc, argv, &status))
		return status;
	if (!is_listening(LISTEN_FD)) {
		log_line(LOG_ERROR, "descriptor 0 is no socket: start this program by spawn-fcgi",
		         NULL);
		return 1;
	}
	shared_open(p.config->shm_file, p.config->map_dir);
	metrics_init();
	raise_limit();
	return serve(&p);
}
