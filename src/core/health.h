#ifndef ROWLOCK_HEALTH_H
#define ROWLOCK_HEALTH_H

#include "store/pool.h"

/* What a check found. DISABLED: nothing is configured. */
enum check { CHECK_OK, CHECK_DOWN, CHECK_DISABLED };

const char *check_name(enum check c); /* "ok", "down", "disabled" */

struct health {
	enum check database, redis;
	int64_t database_us; /* time that it took to answer; -1 when it did not */
};

/*
 * Looks after everything that a worker leans on. The answer about Redis may be up to a
 * second old, so that a Redis that hangs does not hang every caller.
 *
 * redis_url	"" when there is none
 */
void health_check(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url, struct health *out);

#endif
