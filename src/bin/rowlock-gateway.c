/* rowlock-gateway: the fake payment gateway; started by spawn-fcgi, its socket on descriptor 0. */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "bin/program.h"
#include "fake_gateway/callback_sender.h"
#include "fake_gateway/gateway.h"
#include "http/server.h"

static void
usage(FILE *out)
{
	fputs(
	    "usage: spawn-fcgi -n -s SOCKET -- rowlock-gateway\n"
	    "A payment gateway for trying things out, as a FastCGI responder on the socket at\n"
	    "descriptor 0: it takes no money. Settings come from the environment or rowlock.conf;\n"
	    "see rowlock-gateway(8) and `rowlockctl config`.\n",
	    out);
}

/* Serves until a signal; the exit status of the process. */
static int
serve(TALLOC_CTX *ctx, struct gateway *g, int threads)
{
	int status;

	stop_watch();
	server_block_signals();
	metrics_init(); /* in memory of its own: the figures of /metrics are the workers' */
	if (!callback_sender_begin(g))
		return 1;
	status = server_run(threads, gateway_serve, g);
	stop_ask();
	if (!callback_sender_end() || status != 0)
		program_leave(status);
	talloc_free(ctx);
	return 0;
}

int
main(int argc, char **argv)
{
	TALLOC_CTX *ctx = talloc_new(NULL); /* what lives as long as the process */
	const struct config *config;
	const char *database, *why;
	struct gateway *g;

	if (argc > 1) {
		bool help = strcmp(argv[1], "--help") == 0;

		usage(help ? stdout : stderr);
		return help ? 0 : PROGRAM_MISUSED;
	}
	if ((config = program_settings(ctx)) == NULL ||
	    (database = program_database(ctx, config, false)) == NULL)
		return PROGRAM_MISUSED;
	if ((g = gateway_new(ctx, config, database, &why)) == NULL) {
		log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
		return PROGRAM_MISUSED;
	}
	return serve(ctx, g, (int)config->threads);
}
