/* What programs in the background have in common: usage, settings, the end. */

#include "bin/program.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "bus/redis.h"
#include "core/booking/policy.h"

#define TOPIC_PREFIX_MOST 100 /* bytes; a topic's name may have 249 */

/* Called by talloc: request code checks no allocation, so the process ends here. */
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

	assert(c != NULL);
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

bool
program_load(struct program *p)
{
	const char *why;

	assert(p->ctx == NULL);
	p->ctx = talloc_new(NULL);
	talloc_set_abort_fn(out_of_memory);
	if (config_load(p->ctx, &p->config, &why) != ERR_OK ||
	    (why = program_fault(p->config)) != NULL) {
		log_line(LOG_ERROR, "bad settings", "reason", why, NULL);
		return false;
	}
	p->database = config_database(p->ctx, p->config);
	if (p->database != NULL && (!p->needs_tokens || *p->config->jwt_secret != '\0'))
		return true;
	log_line(LOG_ERROR, "a setting is missing", "key",
	         p->database == NULL ? "DATABASE_URL" : "JWT_SECRET", NULL);
	return false;
}

int
program_help(program_usage usage, bool asked)
{
	usage(asked ? stdout : stderr);
	return asked ? 0 : PROGRAM_MISUSED;
}

bool
program_begin(struct program *p, int argc, char **argv, int *status)
{
	assert(p->usage != NULL);
	if (argc > 1) {
		*status = program_help(p->usage, strcmp(argv[1], "--help") == 0);
		return false;
	}
	*status = PROGRAM_MISUSED;
	return program_load(p);
}

void
program_leave(int status)
{
	_exit(status);
}
