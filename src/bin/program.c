#include "bin/program.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "bus/redis.h"
#include "core/booking/policy.h"

#define TOPIC_PREFIX_MOST 100 /* bytes; a topic's name may have 249 */

static void
out_of_memory(const char *reason)
{
	log_line(LOG_ERROR, "aborting", "reason", reason, NULL);
	abort();
}

const char *
program_fault(const struct config *c)
{
	const size_t prefix = strspn(c->kafka_prefix, "abcdefghijklmnopqrstuvwxyz"
	                                              "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-");
	struct redis_address address;
	struct refund_tiers tiers;

	if (log_set_level(c->log_level) != 0)
		return "ROWLOCK_LOG_LEVEL: no such level";
	if (*c->redis_url != '\0' && redis_parse(c->redis_url, &address) != ERR_OK)
		return "REDIS_URL: must be redis://[[user]:password@]host[:port][/db] or "
		       "unix:/path";
	if (c->kafka_prefix[prefix] != '\0' || prefix > TOPIC_PREFIX_MOST)
		return "KAFKA_TOPIC_PREFIX: must be up to 100 letters, digits, dots, underscores "
		       "and dashes";
	if (!refund_tiers_parse(c->refund_tiers, &tiers))
		return "REFUND_TIERS: must be hours:percent, comma-separated, such as 72:100,24:50";
	return NULL;
}

const struct config *
program_settings(TALLOC_CTX *ctx)
{
	const struct config *config;
	const char *why;

	talloc_set_abort_fn(out_of_memory);
	if (config_load(ctx, &config, &why) == ERR_OK && (why = program_fault(config)) == NULL)
		return config;
	log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
	return NULL;
}

const char *
program_database(TALLOC_CTX *ctx, const struct config *config, bool needs_tokens)
{
	const char *database = config_database(ctx, config);

	if (database != NULL && (!needs_tokens || *config->jwt_secret != '\0'))
		return database;
	log_line(LOG_ERROR, "a setting is missing", "key",
	         database == NULL ? "DATABASE_URL" : "JWT_SECRET", NULL);
	return NULL;
}

void
program_leave(int status)
{
	_exit(status);
}
