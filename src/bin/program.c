#include "bin/program.h"

#include <stdlib.h>

#include "base/log.h"

static void
out_of_memory(const char *reason)
{
	log_line(LOG_ERROR, "aborting", "reason", reason, NULL);
	abort();
}

const struct config *
program_settings(TALLOC_CTX *ctx)
{
	const struct config *config;
	const char *why;

	talloc_set_abort_fn(out_of_memory);
	if (config_load(ctx, &config, &why) == ERR_OK) {
		if (log_set_level(config->log_level) == 0)
			return config;
		why = "ROWLOCK_LOG_LEVEL: no such level";
	}
	log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
	return NULL;
}

const char *
program_database(TALLOC_CTX *ctx, const struct config *config, bool needs_tokens)
{
	const char *database = config_database(ctx, config);

	if (database != NULL && (!needs_tokens || *config->jwt_secret != '\0'))
		return database;
	log_line(LOG_ERROR, "a setting is missing", "key", database == NULL ? "DATABASE_URL" : "JWT_SECRET",
	         NULL);
	return NULL;
}
