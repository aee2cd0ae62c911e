/* rowlock-api: a worker process, started by spawn-fcgi with its socket on descriptor 0. */

#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "api/api.h"
#include "api/handlers.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "core/lookup.h"
#include "core/mapfile.h"
#include "http/server.h"

#define MAP_ROOM_BYTES (4 * 1024 * 1024) /* rendered seat maps that are kept */
#define HOUSE_ROOM   500000              /* seats that are kept to choose from */
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

/* Running out of memory ends the worker; the supervisor starts another. */
static void
out_of_memory(const char *reason)
{
	log_line(LOG_ERROR, "aborting", "reason", reason, NULL);
	abort();
}

static void
name_routes(void)
{
	size_t n;
	const struct route *routes = api_routes(&n);

	for (size_t i = 0; i < n; i++)
		metrics_name_route((unsigned)i, talloc_asprintf(NULL, "%s %s",
		                                                method_name(routes[i].key.method),
		                                                routes[i].key.pattern));
	metrics_name_route(METRICS_ROUTES - 1, "none");
}

/* Builds what all requests share; NULL when a setting is missing, and says which. */
static struct app *
build(TALLOC_CTX *ctx, const struct config *c)
{
	struct app *app = talloc_zero(ctx, struct app);
	const char *database = config_database(app, c);

	if (database == NULL || *c->jwt_secret == '\0') {
		log_line(LOG_ERROR, "a setting is missing", "key",
		         database == NULL ? "DATABASE_URL" : "JWT_SECRET", NULL);
		return NULL;
	}
	app->config = c;
	app->tokens = (struct token_rules){ c->jwt_secret, c->jwt_issuer, c->jwt_audience,
		                                c->jwt_role_claim };
	app->policy = (struct policy){ (int32_t)c->max_seats, (int32_t)c->window_min,
		                           (int32_t)c->max_pending };
	app->pool = pool_new(app, database, (int)c->db_connections - CLERK_CONNECTIONS - 1);
	app->houses = houses_new(app, app->pool, HOUSE_ROOM);
	app->clerk = clerk_new(app, database, &app->policy, app->houses);
	app->lookup = lookup_new(app, database);
	app->maps = seatmap_cache_new(app, app->pool, MAP_ROOM_BYTES, v1_seatmap_render);
	return app;
}

int
main(int argc, char **argv)
{
	TALLOC_CTX *ctx = talloc_new(NULL); /* what lives as long as the process */
	const struct config *config;
	const char *why;
	struct app *app;
	int status;

	if (argc > 1) {
		bool help = strcmp(argv[1], "--help") == 0;

		usage(help ? stdout : stderr);
		return help ? 0 : 2;
	}
	talloc_set_abort_fn(out_of_memory);
	mallopt(M_ARENA_MAX, ARENAS);
	if (config_load(ctx, &config, &why) != ERR_OK) {
		log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
		return 2;
	}
	if (log_set_level(config->log_level) != 0) {
		log_line(LOG_ERROR, "bad settings", "reason", "ROWLOCK_LOG_LEVEL: no such level", NULL);
		return 2;
	}
	server_block_signals();
	shared_open(config->shm_file, config->map_dir);
	mapfile_clean();
	metrics_init();
	name_routes();
	if ((app = build(ctx, config)) == NULL)
		return 2;
	status = server_run((int)config->threads, api_serve, app);
	if (status == 0) /* else threads are still at work */
		talloc_free(ctx);
	return status;
}
