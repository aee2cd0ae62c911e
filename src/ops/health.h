#ifndef ROWLOCK_OPS_HEALTH_H
#define ROWLOCK_OPS_HEALTH_H

#include "store/pool.h"

/* What a check found. DOWN also before there was any answer; DISABLED: nothing is configured. */
enum check { CHECK_DOWN, CHECK_OK, CHECK_DISABLED };

const char *check_name(enum check c); /* "ok", "down", "disabled" */

struct health {
	enum check database, redis;
	enum check kafka, journal; /* as the relay has left word in the database */
	int64_t database_us;       /* time that it took to answer; -1 when it did not */
	int64_t lag_ms;            /* age of the oldest journal row that some sink was not told */
};

/*
 * Looks after everything that a worker leans on. All answers but the database's own may be up
 * to a second old, so that a Redis that hangs does not hang every caller.
 *
 * redis_url, kafka_broker	"" when there is none
 *
 * kafka is DOWN when the relay says that it cannot be used, and with journal when no relay was
 * seen for 10 s, or ever. Without Redis and Kafka nobody reads the journal: DISABLED.
 */
void health_check(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url,
                  const char *kafka_broker, struct health *out);

/*
 * Sets the gauges that only the database knows: whoever should set them himself may be the one
 * that is away. They stay as they are while the database is away, or while another thread of this
 * process is asking: a database that hangs does not hang every caller.
 */
void health_measure(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url,
                    const char *kafka_broker);

#endif
