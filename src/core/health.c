#include "core/health.h"

#include <stdatomic.h>

#include "base/clock.h"
#include "bus/redis.h"

#define REDIS_WAIT_MS 200

const char *
check_name(enum check c)
{
	static const char *const names[] = { "ok", "down", "disabled" };

	return names[c];
}

/* Asks Redis at most once a second, and by one thread at a time. */
static enum check
check_redis(const char *url)
{
	static atomic_flag asking = ATOMIC_FLAG_INIT;
	static atomic_int last = CHECK_OK;
	static _Atomic int64_t good_until;

	if (*url == '\0')
		return CHECK_DISABLED;
	if (clock_mono_us() >= atomic_load(&good_until) && !atomic_flag_test_and_set(&asking)) {
		atomic_store(&last, redis_ping(url, REDIS_WAIT_MS) == ERR_OK ? CHECK_OK : CHECK_DOWN);
		atomic_store(&good_until, clock_mono_us() + US_PER_S);
		atomic_flag_clear(&asking);
	}
	return (enum check)atomic_load(&last);
}

void
health_check(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url, struct health *out)
{
	const struct call ping = { .stmt = STMT_PING };
	int64_t began = clock_mono_us();

	out->database = pool_read(pool, ctx, &ping, 1, NULL) == ERR_OK ? CHECK_OK : CHECK_DOWN;
	out->database_us = out->database == CHECK_OK ? clock_mono_us() - began : -1;
	out->redis = check_redis(redis_url);
}
