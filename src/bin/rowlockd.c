/* rowlockd: one role of the service, in the foreground, until it is asked to stop. */

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "base/stop.h"
#include "core/reserver.h"

/* A role: runs until stop_wait says so, and returns the exit status. */
struct role {
	const char *name;
	int (*run)(TALLOC_CTX *ctx, const struct config *config, const char *database);
	const char *help;
};

static const struct role roles[] = {
	{ "reserve", reserver_run, "gives seats to bookings that were accepted through /api/booking" },
};

#define ROLES (sizeof(roles) / sizeof(roles[0]))

static void
usage(FILE *out)
{
	fputs("usage: rowlockd ROLE\n"
	      "Does one of the jobs behind Rowlock's API, until SIGTERM. Roles:\n",
	      out);
	for (size_t i = 0; i < ROLES; i++)
		fprintf(out, "  %-10s %s\n", roles[i].name, roles[i].help);
	fputs("Settings come from the environment or rowlock.conf; see rowlockd(8) and\n"
	      "`rowlockctl config`.\n",
	      out);
}

/* Running out of memory ends the program; the supervisor starts another. */
static void
out_of_memory(const char *reason)
{
	log_line(LOG_ERROR, "aborting", "reason", reason, NULL);
	abort();
}

static const struct role *
find_role(const char *name)
{
	for (size_t i = 0; i < ROLES; i++) {
		if (strcmp(roles[i].name, name) == 0)
			return &roles[i];
	}
	return NULL;
}

/* Reads the settings; NULL after saying what is wrong. */
static const struct config *
settings(TALLOC_CTX *ctx, const char **database)
{
	const struct config *config;
	const char *why;

	if (config_load(ctx, &config, &why) != ERR_OK) {
		log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
		return NULL;
	}
	if (log_set_level(config->log_level) != 0) {
		log_line(LOG_ERROR, "bad settings", "reason", "ROWLOCK_LOG_LEVEL: no such level", NULL);
		return NULL;
	}
	if ((*database = config_database(ctx, config)) == NULL) {
		log_line(LOG_ERROR, "a setting is missing", "key", "DATABASE_URL", NULL);
		return NULL;
	}
	return config;
}

int
main(int argc, char **argv)
{
	TALLOC_CTX *ctx = talloc_new(NULL); /* what lives as long as the process */
	const bool help = argc == 2 && strcmp(argv[1], "--help") == 0;
	const struct role *role = argc == 2 ? find_role(argv[1]) : NULL;
	const struct config *config;
	const char *database;
	int status;

	if (role == NULL) {
		if (!help && argc == 2)
			fprintf(stderr, "rowlockd: there is no role %s\n", argv[1]);
		usage(help ? stdout : stderr);
		return help ? 0 : 2;
	}
	talloc_set_abort_fn(out_of_memory);
	if ((config = settings(ctx, &database)) == NULL)
		return 2;
	stop_watch();
	shared_open(config->shm_file, config->map_dir);
	metrics_init();
	status = role->run(ctx, config, database);
	log_line(LOG_INFO, "ended", "role", role->name, NULL);
	talloc_free(ctx);
	return status;
}
