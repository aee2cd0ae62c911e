#include "live/fanout.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "live/topic.h"

#define NAME_MOST    320            /* of a channel: a user's name has up to 255 bytes */
#define PATIENCE_US  (5 * US_PER_S) /* until somebody who cannot begin is sent away */
#define RECENTS_MOST 256

/* --- Topics. --- */

static void
name_of_bookings(char out[NAME_MOST], const char *user_id, int32_t event_id)
{
	snprintf(out, NAME_MOST, "booking:status:%s:%d", user_id, event_id);
}

static void
name_of_seats(char out[NAME_MOST], int32_t event_id)
{
	snprintf(out, NAME_MOST, "event:seats:%d", event_id);
}

/* A channel that nobody follows any more may still be known for a moment. */
static struct topic *
find(struct fanout *fanout, const char *name)
{
	struct channel *c = channel_find(fanout->subscriber, name);
	struct topic *t = c == NULL ? NULL : channel_owner(c);

	return t != NULL && t->fanout != NULL ? t : NULL;
}

struct topic *
topic_of_bookings(struct fanout *fanout, const char *user_id, int32_t event_id)
{
	char name[NAME_MOST];

	name_of_bookings(name, user_id, event_id);
	return find(fanout, name);
}

struct topic *
topic_of_seats(struct fanout *fanout, int32_t event_id)
{
	char name[NAME_MOST];

	name_of_seats(name, event_id);
	return find(fanout, name);
}

/* The topic of a name, made if there is none. */
static struct topic *
obtain(struct fanout *fanout, const char *name, int32_t event_id)
{
	struct channel *c = channel_find(fanout->subscriber, name);
	struct topic *t;

	if (c == NULL)
		c = channel_join(fanout->subscriber, name, sizeof(*t));
	t = channel_owner(c);
	if (t->fanout != NULL)
		return t;
	channel_rejoin(c);
	t->fanout = fanout;
	t->channel = c;
	t->event_id = event_id;
	t->serial = ++fanout->serial;
	LIST_INIT(&t->followers);
	STAILQ_INIT(&t->recents);
	LIST_INSERT_HEAD(&fanout->topics, t, in_fanout);
	fanout->n_topics++;
	source_widen(fanout);
	return t;
}

/* A question about seats may still be under way, and whoever comes next has no other. */
static void
forget_recents(struct topic *t)
{
	struct recent *r;

	while ((r = STAILQ_FIRST(&t->recents)) != NULL) {
		STAILQ_REMOVE_HEAD(&t->recents, next);
		if (cursor_compare(&r->cursor, &t->lost) > 0)
			t->lost = r->cursor;
		if (r->message != NULL)
			t->fanout->rules->drop(r->message);
		talloc_free(r);
	}
	t->n_recents = 0;
}

void
topic_let(struct topic *t)
{
	struct channel *c = t->channel;

	if (--t->held > 0)
		return;
	forget_recents(t);
	if (t->seats != NULL)
		follow_seats_close(t);
	LIST_REMOVE(t, in_fanout);
	t->fanout->n_topics--;
	memset(t, 0, sizeof(*t));
	channel_leave(c);
}

void
topic_hold(struct topic *t)
{
	t->held++;
}

void
topic_remember(struct topic *t, const struct cursor *cursor, struct change *change, void *message)
{
	struct recent *r;

	if (t->beginning == 0 || t->n_recents == RECENTS_MOST) {
		t->lost = *cursor;
		talloc_free(change);
		if (message != NULL)
			t->fanout->rules->drop(message);
		return;
	}
	r = talloc_zero(t->fanout, struct recent);
	r->cursor = *cursor;
	r->change = talloc_steal(r, change);
	r->message = message;
	STAILQ_INSERT_TAIL(&t->recents, r, next);
	t->n_recents++;
}

bool
topic_remembers(const struct topic *t, const struct cursor *after)
{
	return cursor_compare(after, &t->lost) >= 0;
}

/* --- Followers. --- */

static void
attach(struct fanout *fanout, struct follower *f, const char *name)
{
	struct topic *t = obtain(fanout, name, f->event_id);

	if (f->kind == FOLLOW_SEATS && t->seats == NULL)
		follow_seats_open(t);
	f->topic = t;
	f->state = FOLLOWER_WAITS;
	f->since_us = clock_mono_us();
	t->held++;
	t->beginning++;
	LIST_INSERT_HEAD(&t->followers, f, in_topic);
	TAILQ_INSERT_TAIL(&fanout->line, f, in_line);
}

static void
leave_line(struct follower *f)
{
	TAILQ_REMOVE(&f->topic->fanout->line, f, in_line);
	f->topic->beginning--;
}

static void
detach(struct follower *f)
{
	struct topic *t = f->topic;

	if (t == NULL)
		return;
	if (f->state == FOLLOWER_HEARS) {
		t->fanout->open[f->kind]--;
	} else {
		leave_line(f);
		if (t->beginning == 0)
			forget_recents(t);
	}
	if (f->asked != NULL)
		f->asked->by = NULL;
	f->asked = NULL;
	follow_bookings_forget(f);
	LIST_REMOVE(f, in_topic);
	f->topic = NULL;
	topic_let(t);
}

static void
begin(struct follower *f)
{
	if (f->state != FOLLOWER_WAITS || !source_hears(f->topic))
		return;
	f->state = FOLLOWER_READS;
	if (f->kind == FOLLOW_SEATS)
		follow_seats_ask(f->topic);
	else
		follow_bookings_ask(f);
}

void
topic_begin(struct topic *t)
{
	struct follower *f;

	if (t->fanout == NULL)
		return;
	LIST_FOREACH(f, &t->followers, in_topic)
		begin(f);
}

void
fanout_begin(struct fanout *fanout)
{
	struct follower *f;

	TAILQ_FOREACH(f, &fanout->line, in_line)
		begin(f);
}

void
follower_move(struct fanout *fanout, struct follower *f, const char *user_id)
{
	char name[NAME_MOST];

	name_of_bookings(name, user_id, f->event_id);
	detach(f);
	attach(fanout, f, name);
	begin(f);
}

void
follower_again(struct follower *f)
{
	f->state = FOLLOWER_WAITS;
	begin(f);
}

void
follower_hears(struct follower *f)
{
	struct topic *t = f->topic;
	struct recent *r;

	topic_hold(t);
	leave_line(f);
	f->state = FOLLOWER_HEARS;
	t->fanout->open[f->kind]++;
	STAILQ_FOREACH(r, &t->recents, next) {
		if (f->topic == NULL)
			break;
		if (r->change != NULL)
			follow_bookings_hear(f, r->change);
		else
			follow_seats_hear(f, &r->cursor, r->message);
	}
	if (t->beginning == 0)
		forget_recents(t);
	topic_let(t);
}

void
follower_refuse(struct follower *f, enum err e)
{
	const struct fanout_rules *rules = f->topic->fanout->rules;

	detach(f);
	rules->refuse(f, e);
}

void
follower_end(struct follower *f)
{
	const struct fanout_rules *rules = f->topic->fanout->rules;

	detach(f);
	rules->end(f);
}

void
fanout_follow(struct fanout *fanout, struct follower *f)
{
	char name[NAME_MOST];

	if (f->kind == FOLLOW_SEATS)
		name_of_seats(name, f->event_id);
	else
		name_of_bookings(name, f->user_id, f->event_id);
	attach(fanout, f, name);
	begin(f);
}

void
fanout_leave(struct follower *f)
{
	detach(f);
}

/* --- The fanout. --- */

static void
on_second(evutil_socket_t fd, short what, void *arg)
{
	const int64_t late_us = clock_mono_us() - PATIENCE_US;
	struct fanout *fanout = arg;
	struct follower *f;

	(void)fd;
	(void)what;
	while ((f = TAILQ_FIRST(&fanout->line)) != NULL && f->since_us < late_us)
		follower_refuse(f, ERR_UNAVAILABLE);
	for (unsigned k = 0; k < FOLLOW__MAX; k++)
		metrics_set(METRIC_STREAMS_OPEN, k, fanout->open[k]);
	metrics_set(METRIC_STREAM_SOURCE, 0, fanout->source == SOURCE_REDIS);
	source_check(fanout);
}

struct reader *
fanout_reader(struct fanout *fanout)
{
	return fanout->joins;
}

bool
fanout_is_busy(const struct fanout *fanout)
{
	return read_queue_is_busy(fanout->poll_desk) || read_queue_is_busy(fanout->check_desk) ||
	       read_queue_is_busy(fanout->bookings_desk) ||
	       read_queue_is_busy(fanout->seats_desk) || read_queue_is_busy(fanout->verify_desk);
}

static int
fanout_free(struct fanout *fanout)
{
	for (unsigned k = 0; k < FOLLOW__MAX; k++)
		metrics_set(METRIC_STREAMS_OPEN, k, 0);
	metrics_set(METRIC_STREAM_SOURCE, 0, 0);
	event_free(fanout->second);
	event_free(fanout->poll_timer);
	event_free(fanout->seats_timer);
	return 0;
}

struct fanout *
fanout_new(TALLOC_CTX *ctx, struct event_base *base, const char *database, const char *redis_url,
           const struct fanout_rules *rules)
{
	const struct timeval second = { .tv_sec = 1 };
	struct fanout *fanout = talloc_zero(ctx, struct fanout);

	fanout->base = base;
	fanout->rules = rules;
	LIST_INIT(&fanout->topics);
	TAILQ_INIT(&fanout->line);
	fanout->joins = reader_new(fanout, base, database);
	fanout->news = reader_new(fanout, base, database);
	follow_bookings_init(fanout);
	follow_seats_init(fanout);
	source_init(fanout, redis_url);
	fanout->second = event_new(base, -1, EV_PERSIST, on_second, fanout);
	event_add(fanout->second, &second);
	talloc_set_destructor(fanout, fanout_free);
	return fanout;
}
