/*
 * The least that a FastCGI program can do: reads the request, answers a constant. What
 * rowlock-api is measured against, with the same number of threads and processes behind the
 * same web server, so that the ratio is what our own work costs.
 *
 * Usage: constant [THREADS], with the listening socket as descriptor 0 (spawn-fcgi).
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#define MAX_THREADS 256

static const char answer[] = "Status: 200 OK\r\n"
			     "Content-Type: application/json\r\n"
			     "Content-Length: 34\r\n"
			     "\r\n"
			     "{\"success\":true,\"data\":\"constant\"}";

/* A socket closed with the request unread would be reset, and lighttpd would answer 500. */
static void
read_all(FCGX_Stream *in)
{
	char buf[4096];

	while (FCGX_GetStr(buf, sizeof(buf), in) > 0)
		;
}

static void *
serve(void *unused)
{
	FCGX_Request req;

	(void)unused;
	if (FCGX_InitRequest(&req, 0, 0) != 0)
		abort();
	while (FCGX_Accept_r(&req) == 0) {
		read_all(req.in);
		FCGX_PutStr(answer, (int)sizeof(answer) - 1, req.out);
		FCGX_Finish_r(&req);
	}
	return NULL;
}

int
main(int argc, char **argv)
{
	long threads = argc > 1 ? strtol(argv[1], NULL, 10) : 32;
	pthread_t id;

	if (threads < 1 || threads > MAX_THREADS) {
		fprintf(stderr, "usage: constant [THREADS]\n");
		return 2;
	}
	if (FCGX_Init() != 0)
		return 1;
	/* FCGX_Init makes SIGTERM a request to finish, which a thread in accept() never sees. */
	signal(SIGTERM, SIG_DFL);
	for (long i = 1; i < threads; i++)
		if (pthread_create(&id, NULL, serve, NULL) != 0)
			return 1;
	serve(NULL);
	return 0;
}
