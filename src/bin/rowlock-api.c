/*
 * rowlock-api: a worker process of the HTTP API, started by spawn-fcgi with its socket on
 * descriptor 0. It builds what all requests share, and serves with a number of threads until a
 * signal.
 */

#include <assert.h>
#include <malloc.h>
#include <stdio.h>

#include "api/app.h"
#include "api/dispatch.h"
#include "api/routes.h"
#include "api/v1/seats.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "bin/program.h"
#include "core/booking/booking_lookup.h"
#include "core/inventory/seat_map.h"
#include "core/inventory/seat_map_file.h"
#include "core/payment/checkout.h"
#include "core/reserve/clerk.h"
#include "http/server.h"

#define MAP_ROOM_BYTES (4 * 1024 * 1024) /* rendered seat maps that are kept */
#define INVENTORY_ROOM 500000            /* seats that are kept to choose from */
#define ARENAS         2                 /* of malloc: few, to stay small with many threads */

static void
usage(FILE *out)
{
	fputs("usage: spawn-fcgi -n -s SOCKET -- rowlock-api\n"
	      "Serves Rowlock's HTTP API as a FastCGI responder on the socket at descriptor 0.\n"
	      "Settings come from the environment or rowlock.conf; see rowlock-api(8) and\n"
	      "`rowlockctl config`.\n",
	      out);
}

/* Gives each route its name in the metrics; the last one stands for all that fit none. */
static void
name_routes(void)
{
	size_t n;
	const struct route *routes = api_routes(&n);

	for (size_t i = 0; i < n; i++)
		metrics_name_route((unsigned)i,
		                   talloc_asprintf(NULL, "%s %s", method_name(routes[i].key.method),
		                                   routes[i].key.pattern));
	assert(n < METRICS_ROUTES);
	metrics_name_route(METRICS_ROUTES - 1, "none");
}

/*
 * How payment sessions are opened, at the gateway that the settings name. Of the threads, three
 * quarters at the most wait for it at once: the others go on selling while it is slow.
 */
static struct checkout *
make_checkout(TALLOC_CTX *ctx, const struct app *app)
{
	struct checkout *checkout = talloc(ctx, struct checkout);
	const struct config *c = app->config;

	assert(app->pool != NULL && app->lookup != NULL && app->policy != NULL);
	*checkout = (struct checkout){ app->pool,
		                       app->lookup,
		                       app->policy,
		                       &pay_gateway_http,
		                       { c->gateway_url, c->webhook_secret },
		                       (int)(c->threads + 1) * 3 / 4 };
	return checkout;
}

/*
 * Builds what all requests share; policy outlives it. Of the connections that the settings allow,
 * the clerk has CLERK_CONNECTIONS and the lookup one; the rest is the pool's.
 */
static struct app *
build(const struct program *p, const struct policy *policy)
{
	struct app *app = talloc_zero(p->ctx, struct app);
	const struct config *c = p->config;

	assert(p->config != NULL && p->database != NULL);
	app->config = c;
	app->policy = policy;
	app->tokens = (struct token_rules){ c->jwt_secret, c->jwt_issuer, c->jwt_audience,
		                            c->jwt_role_claim };
	app->pool = pool_new(app, p->database, (int)c->db_connections - CLERK_CONNECTIONS - 1);
	app->inventories = inventory_cache_new(app, app->pool, INVENTORY_ROOM);
	app->clerk = clerk_new(app, p->database, policy, app->inventories);
	app->lookup = booking_lookup_new(app, p->database);
	app->checkout = make_checkout(app, app);
	app->immediate = &pay_instant;
	app->maps = seat_map_cache_new(app, app->pool, MAP_ROOM_BYTES, v1_seats_render);
	return app;
}

int
main(int argc, char **argv)
{
	struct program p = { .usage = usage, .needs_tokens = true };
	struct policy policy;
	int status;

	mallopt(M_ARENA_MAX, ARENAS);
	if (!program_begin(&p, argc, argv, &status))
		return status;
	if (policy_read(p.config, &policy) != ERR_OK)
		return PROGRAM_MISUSED;
	/* Before any thread is made: each inherits the mask. */
	server_block_signals();
	shared_open(p.config->shm_file, p.config->map_dir);
	seat_map_file_clean();
	metrics_init();
	name_routes();
	status = server_run((int)p.config->threads, api_serve, build(&p, &policy));
	if (status != 0)
		program_leave(status);
	talloc_free(p.ctx);
	return 0;
}
