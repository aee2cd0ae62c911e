/*
 * rowlock-gateway: the fake payment gateway, started by spawn-fcgi with its socket on descriptor 0.
 * A thread beside those that serve sends the call-backs.
 */

#include <stdio.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "bin/program.h"
#include "fake_gateway/callback_sender.h"
#include "fake_gateway/gateway.h"
#include "fake_gateway/gateway_dispatch.h"
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
serve(const struct program *p, struct gateway *g)
{
	int status;

	stop_watch();
	server_block_signals();
	metrics_init(); /* in memory of its own: the figures of /metrics are the workers' */
	if (!callback_sender_begin(g))
		return 1;
	status = server_run((int)p->config->threads, gateway_dispatch, g);
	stop_ask(); /* the sender of call-backs ends when no request can add one any more */
	if (!callback_sender_end() || status != 0)
		program_leave(status);
	talloc_free(p->ctx);
	return 0;
}

int
main(int argc, char **argv)
{
	struct program p = { .usage = usage };
	struct gateway *g;
	const char *why;
	int status;

	if (!program_begin(&p, argc, argv, &status))
		return status;
	if ((g = gateway_new(p.ctx, p.config, p.database, &why)) == NULL) {
		log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
		return PROGRAM_MISUSED;
	}
	return serve(&p, g);
}
