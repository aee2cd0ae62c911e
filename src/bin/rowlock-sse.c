/* rowlock-sse: serves streams; started by spawn-fcgi with its socket on descriptor 0. */

#include <event2/event.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
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
#define LOOK_US   20000           /* how often it is looked whether all have been served */
#define ARENAS    2               /* of malloc: few, to stay small */

struct program {
	struct event_base *base;
	struct stream_app *app;
	struct event *looking;
	int64_t until_us;
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

static bool
is_listening(int fd)
{
	int yes = 0;
	socklen_t size = sizeof(yes);

	return getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &yes, &size) == 0 && yes != 0;
}

/* A stream is a descriptor: takes as many as there are to be had. */
static void
raise_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
		return;
	limit.rlim_cur = limit.rlim_max;
	setrlimit(RLIMIT_NOFILE, &limit);
}

static void
on_look(evutil_socket_t fd, short what, void *arg)
{
	struct program *p = arg;

	(void)fd;
	(void)what;
	if (stream_app_count(p->app) == 0 || clock_mono_us() > p->until_us)
		event_base_loopbreak(p->base);
}

static void
on_signal(evutil_socket_t number, short what, void *arg)
{
	const struct timeval look = { .tv_usec = LOOK_US };
	struct program *p = arg;

	(void)what;
	log_line(LOG_INFO, "draining", "signal", log_int(number), "streams",
	         log_int((int64_t)stream_app_count(p->app)), NULL);
	p->until_us = clock_mono_us() + DRAIN_US;
	stream_app_close(p->app);
	event_add(p->looking, &look);
}

/* Serves until a signal; the exit status of the process. */
static int
serve(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	struct program p = { .base = event_base_new() };
	struct event *term = evsignal_new(p.base, SIGTERM, on_signal, &p);
	struct event *intr = evsignal_new(p.base, SIGINT, on_signal, &p);

	p.looking = event_new(p.base, -1, EV_PERSIST, on_look, &p);
	p.app = stream_app_new(ctx, p.base, LISTEN_FD, config, database);
	event_add(term, NULL);
	event_add(intr, NULL);
	log_line(LOG_INFO, "ready", NULL);
	event_base_dispatch(p.base);
	if (stream_app_is_busy(p.app)) /* a database that does not answer is not waited for */
		program_leave(0);
	talloc_free(p.app);
	event_free(term);
	event_free(intr);
	event_free(p.looking);
	event_base_free(p.base);
	return 0;
}

int
main(int argc, char **argv)
{
	TALLOC_CTX *ctx = talloc_new(NULL); /* what lives as long as the process */
	const struct config *config;
	const char *database;

	if (argc > 1) {
		bool help = strcmp(argv[1], "--help") == 0;

		usage(help ? stdout : stderr);
		return help ? 0 : PROGRAM_MISUSED;
	}
	mallopt(M_ARENA_MAX, ARENAS);
	signal(SIGPIPE, SIG_IGN);
	if ((config = program_settings(ctx)) == NULL ||
	    (database = program_database(ctx, config, true)) == NULL)
		return PROGRAM_MISUSED;
	if (!is_listening(LISTEN_FD)) {
		log_line(LOG_ERROR, "descriptor 0 is no socket: start me by spawn-fcgi", NULL);
		return 1;
	}
	shared_open(config->shm_file, config->map_dir);
	metrics_init();
	raise_limit();
	return serve(ctx, config, database);
}
