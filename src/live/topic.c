/*
 * What is followed, and by which followers: a topic for each channel, and the line of followers
 * that wait for what they begin with.
 */
#include "live/topic.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"

#define RECENTS_MOST 256

struct topics {
	const struct follower_rules *rules;
	const struct follow_kind *kind[FOLLOW__MAX];
	struct topic_source from;
	LIST_HEAD(, topic) all;
	TAILQ_HEAD(, follower) line; /* those that have not begun yet, longest waiting first */
	size_t n;
	unsigned hearing[FOLLOW__MAX];
	uint64_t serial;
};

struct topics *
topics_new(TALLOC_CTX *ctx, const struct follower_rules *rules)
{
	struct topics *topics = talloc_zero(ctx, struct topics);

	assert(rules != NULL);
	topics->rules = rules;
	LIST_INIT(&topics->all);
	TAILQ_INIT(&topics->line);
	return topics;
}

void
topics_wire(struct topics *topics, const struct follow_kind *const kinds[FOLLOW__MAX],
            struct topic_source from)
{
	assert(topics->n == 0 && topics->from.source == NULL);
	assert(from.source != NULL && from.subscriber != NULL);
	for (int k = 0; k < FOLLOW__MAX; k++) {
		assert(kinds[k] != NULL && kinds[k]->ask != NULL && kinds[k]->tell != NULL);
		topics->kind[k] = kinds[k];
	}
	topics->from = from;
}

const struct follower_rules *
topics_rules(const struct topics *topics)
{
	return topics->rules;
}

const struct topic *
topics_first(const struct topics *topics)
{
	return LIST_FIRST(&topics->all);
}

size_t
topics_count(const struct topics *topics)
{
	return topics->n;
}

unsigned
topics_hearing(const struct topics *topics, enum follow kind)
{
	assert(kind < FOLLOW__MAX);
	return topics->hearing[kind];
}

/* --- Topics. --- */

/* A channel that is followed no more may still be known for a moment. */
struct topic *
topic_of_channel(struct channel *c)
{
	struct topic *t = c == NULL ? NULL : channel_owner(c);

	assert(t == NULL || t->topics == NULL || t->held > 0);
	return t != NULL && t->topics != NULL ? t : NULL;
}

struct topic *
topic_find(const struct topics *topics, enum follow kind, const char *user_id, int32_t event_id)
{
	char name[TOPIC_NAME];

	topics->kind[kind]->name(name, user_id, event_id);
	return topic_of_channel(channel_find(topics->from.subscriber, name));
}

/* The topic that a follower of a kind looks for, made if there is none. */
static struct topic *
obtain(struct topics *topics, enum follow kind, const char *user_id, int32_t event_id)
{
	char name[TOPIC_NAME];
	struct channel *c;
	struct topic *t;

	topics->kind[kind]->name(name, user_id, event_id);
	if ((c = channel_find(topics->from.subscriber, name)) == NULL)
		c = channel_join(topics->from.subscriber, name, sizeof(*t));
	t = channel_owner(c);
	if (t->topics != NULL)
		return t;
	channel_rejoin(c);
	t->topics = topics;
	t->kind = topics->kind[kind];
	t->channel = c;
	t->event_id = event_id;
	t->serial = ++topics->serial;
	LIST_INIT(&t->followers);
	STAILQ_INIT(&t->recents);
	LIST_INSERT_HEAD(&topics->all, t, in_topics);
	topics->n++;
	if (t->kind->open != NULL)
		t->kind->open(t);
	topics->from.widen(topics->from.source);
	return t;
}

/* A read on its way may serve a follower that comes later: `lost` tells that it is too old. */
static void
forget_recents(struct topic *t)
{
	struct recent *r;

	while ((r = STAILQ_FIRST(&t->recents)) != NULL) {
		STAILQ_REMOVE_HEAD(&t->recents, next);
		if (cursor_compare(&r->cursor, &t->lost) > 0)
			t->lost = r->cursor;
		if (r->message != NULL)
			t->topics->rules->drop(r->message);
		talloc_free(r);
	}
	t->n_recents = 0;
}

void
topic_hold(struct topic *t)
{
	assert(t->topics != NULL);
	t->held++;
}

void
topic_release(struct topic *t)
{
	struct channel *c = t->channel;

	assert(t->held > 0);
	if (--t->held > 0)
		return;
	assert(LIST_EMPTY(&t->followers) && t->beginning == 0);
	forget_recents(t);
	if (t->kind->close != NULL)
		t->kind->close(t);
	LIST_REMOVE(t, in_topics);
	t->topics->n--;
	memset(t, 0, sizeof(*t));
	channel_leave(c);
}

void
topic_remember(struct topic *t, const struct cursor *cursor, struct change *change, void *message)
{
	struct recent *r;

	assert(cursor_compare(cursor, &t->cursor) <= 0);
	if (t->beginning == 0 || t->n_recents == RECENTS_MOST) {
		t->lost = *cursor;
		talloc_free(change);
		if (message != NULL)
			t->topics->rules->drop(message);
		return;
	}
	assert((change == NULL) != (message == NULL));
	r = talloc_zero(t->topics, struct recent);
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
attach(struct topics *topics, struct follower *f, const char *user_id)
{
	struct topic *t = obtain(topics, f->kind, user_id, f->event_id);

	assert(f->topic == NULL && f->reading == NULL && f->n_shown == 0);
	f->topic = t;
	f->state = FOLLOWER_WAITS;
	f->since_us = clock_mono_us();
	t->held++;
	t->beginning++;
	LIST_INSERT_HEAD(&t->followers, f, in_topic);
	TAILQ_INSERT_TAIL(&topics->line, f, in_line);
}

static void
leave_line(struct follower *f)
{
	assert(f->state != FOLLOWER_HEARS && f->topic->beginning > 0);
	TAILQ_REMOVE(&f->topic->topics->line, f, in_line);
	f->topic->beginning--;
}

void
topic_leave(struct follower *f)
{
	struct topic *t = f->topic;

	if (t == NULL)
		return;
	if (f->state == FOLLOWER_HEARS) {
		t->topics->hearing[f->kind]--;
	} else {
		leave_line(f);
		if (t->beginning == 0)
			forget_recents(t);
	}
	if (t->kind->forget != NULL)
		t->kind->forget(f);
	LIST_REMOVE(f, in_topic);
	f->topic = NULL;
	topic_release(t);
}

static void
begin(struct follower *f)
{
	const struct topic *t = f->topic;

	if (f->state != FOLLOWER_WAITS || !t->topics->from.hears(t->topics->from.source, t))
		return;
	f->state = FOLLOWER_READS;
	t->kind->ask(f);
}

void
topic_begin(struct topic *t)
{
	struct follower *f;

	LIST_FOREACH(f, &t->followers, in_topic)
		begin(f);
}

void
topics_begin(struct topics *topics)
{
	struct follower *f;

	TAILQ_FOREACH(f, &topics->line, in_line)
		begin(f);
}

void
topic_enter(struct topics *topics, struct follower *f)
{
	assert(f->kind < FOLLOW__MAX && topics->from.source != NULL);
	attach(topics, f, f->user_id);
	begin(f);
}

void
topic_move(struct follower *f, const char *user_id)
{
	struct topics *topics = f->topic->topics;

	topic_leave(f);
	attach(topics, f, user_id);
	begin(f);
}

void
topic_ask_again(struct follower *f)
{
	assert(f->state == FOLLOWER_READS);
	f->state = FOLLOWER_WAITS;
	begin(f);
}

void
topic_catch_up(struct follower *f)
{
	struct topic *t = f->topic;
	struct recent *r;

	assert(f->state == FOLLOWER_READS);
	topic_hold(t);
	leave_line(f);
	f->state = FOLLOWER_HEARS;
	t->topics->hearing[f->kind]++;
	STAILQ_FOREACH(r, &t->recents, next) {
		if (f->topic == NULL)
			break;
		t->kind->hear(f, r);
	}
	if (t->beginning == 0)
		forget_recents(t);
	topic_release(t);
}

void
topic_refuse(struct follower *f, enum err e)
{
	const struct follower_rules *rules = f->topic->topics->rules;

	assert(e != ERR_OK && f->state != FOLLOWER_HEARS);
	topic_leave(f);
	rules->refuse(f, e);
}

void
topic_end(struct follower *f)
{
	const struct follower_rules *rules = f->topic->topics->rules;

	topic_leave(f);
	rules->end(f);
}

void
topics_refuse_before(struct topics *topics, int64_t before_us, enum err e)
{
	struct follower *f;

	while ((f = TAILQ_FIRST(&topics->line)) != NULL && f->since_us < before_us)
		topic_refuse(f, e);
}
