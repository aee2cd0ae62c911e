#ifndef ROWLOCK_OPS_HEALTH_H
#define ROWLOCK_OPS_HEALTH_H

#include "store/pool.h"

/* What a check found. DOWN also before there was an answer; DISABLED: it is not configured. */
enum health_state { HEALTH_DOWN, HEALTH_OK, HEALTH_DISABLED };

/* "ok", "down", "disabled"; a constant. */
const char *health_state_name(enum health_state c);

struct health {
	enum health_state database, redis;
	enum health_state kafka, journal; /* as the relay has stored it in the database */
	int64_t database_us;              /* time that it took to answer; -1 when it did not */
	int64_t lag_ms; /* age of the oldest journal row that some sink was not told */
};

/*
 * Checks everything that a worker needs. All answers but the database's own may be up to a second
 * old, so that a Redis that hangs does not hang every caller.
 *
 * redis_url, kafka_broker	as configured; "" when there is none
 * out	set, whatever is away
 *
 * kafka is DOWN when the relay has stored that it cannot be used, and with journal when no relay
 * was seen for 10 s, or ever. Without Redis and Kafka no relay reads the journal: DISABLED.
 */
void health_check(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url,
                  const char *kafka_broker, struct health *out);

/*
 * Sets the gauges that only the database knows: the process that they are about may be the one
 * that is away. They stay as they are while the database is away, or while another thread of this
 * process is asking: a database that hangs does not hang every caller. Arguments as above.
 */
void health_measure(struct pool *pool, TALLOC_CTX *ctx, const char *redis_url,
                    const char *kafka_broker);

#endif
