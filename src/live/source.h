#ifndef ROWLOCK_LIVE_SOURCE_H
#define ROWLOCK_LIVE_SOURCE_H

#include <event2/event.h>

#include "live/batch_reader.h"
#include "live/topic.h"

/*
 * Where news comes from: Redis, as long as it and the relay can be relied on; else the journal,
 * which is polled. It tells topics through their kinds. For the loop's thread.
 */
struct live_source;

/*
 * topics	told of everything new; need not be wired yet
 * reader	polls the journal
 * redis_url	see redis_parse; "": the journal is polled for good
 *
 * Returns it, a child of ctx; nothing is told before the loop runs.
 */
struct live_source *source_new(TALLOC_CTX *ctx, struct event_base *base, struct topics *topics,
                               struct batch_reader *reader, const char *redis_url);

/* What the registry of topics has to know of it. */
struct topic_source source_for_topics(struct live_source *s);

/* To be called once a second: looks how it is with the relay. */
void source_check(struct live_source *s);

/* Whether news comes from Redis at the moment. */
bool source_is_redis(const struct live_source *s);

/* Whether something is being read. */
bool source_is_busy(const struct live_source *s);

#endif
