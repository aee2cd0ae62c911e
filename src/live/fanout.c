/*
 * Puts the parts of the room together: two readers, the registry of topics, the two kinds of
 * topic, and the source of news; and what is done once a second.
 */
#include "live/fanout.h"

#include <assert.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "live/batch_reader.h"
#include "live/follow_bookings.h"
#include "live/follow_seats.h"
#include "live/source.h"
#include "live/topic.h"

#define PATIENCE_US (5 * US_PER_S) /* until a follower that cannot begin is refused */

struct fanout {
	struct batch_reader *begins, *news; /* one for beginners, one for what is new */
	struct topics *topics;
	const struct follow_kind *kinds[FOLLOW__MAX];
	struct live_source *source;
	struct event *second; /* timer */
};

void
fanout_follow(struct fanout *fanout, struct follower *f)
{
	assert(f->topic == NULL);
	topic_enter(fanout->topics, f);
}

void
fanout_leave(struct follower *f)
{
	topic_leave(f);
}

struct batch_reader *
fanout_reader(struct fanout *fanout)
{
	return fanout->begins;
}

bool
fanout_is_busy(const struct fanout *fanout)
{
	bool busy = source_is_busy(fanout->source);

	for (int k = 0; k < FOLLOW__MAX; k++)
		busy = busy || fanout->kinds[k]->is_busy(fanout->kinds[k]);
	return busy;
}

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	struct fanout *fanout = arg;

	(void)fd;
	(void)what;
	topics_refuse_before(fanout->topics, clock_mono_us() - PATIENCE_US, ERR_UNAVAILABLE);
	for (unsigned k = 0; k < FOLLOW__MAX; k++)
		metrics_set(METRIC_STREAMS_OPEN, k, topics_hearing(fanout->topics, (enum follow)k));
	metrics_set(METRIC_STREAM_SOURCE, 0, source_is_redis(fanout->source));
	source_check(fanout->source);
}

static int
fanout_free(struct fanout *fanout)
{
	for (unsigned k = 0; k < FOLLOW__MAX; k++)
		metrics_set(METRIC_STREAMS_OPEN, k, 0);
	metrics_set(METRIC_STREAM_SOURCE, 0, 0);
	event_free(fanout->second);
	return 0;
}

struct fanout *
fanout_new(TALLOC_CTX *ctx, struct event_base *base, const char *database, const char *redis_url,
           const struct follower_rules *rules)
{
	const struct timeval second = { .tv_sec = 1 };
	struct fanout *fanout = talloc_zero(ctx, struct fanout);

	assert(base != NULL && database != NULL && redis_url != NULL);
	fanout->topics = topics_new(fanout, rules);
	fanout->begins = batch_reader_new(fanout, base, database);
	fanout->news = batch_reader_new(fanout, base, database);
	fanout->kinds[FOLLOW_OWN] = follow_bookings_new(fanout, fanout->begins);
	fanout->kinds[FOLLOW_BOOKING] = fanout->kinds[FOLLOW_OWN];
	fanout->kinds[FOLLOW_SEATS] = follow_seats_new(fanout, base, fanout->topics, fanout->begins,
	                                               fanout->news);
	fanout->source = source_new(fanout, base, fanout->topics, fanout->news, redis_url);
	topics_wire(fanout->topics, fanout->kinds, source_for_topics(fanout->source));
	fanout->second = event_new(base, -1, EV_PERSIST, on_second, fanout);
	event_add(fanout->second, &second);
	talloc_set_destructor(fanout, fanout_free);
	return fanout;
}
