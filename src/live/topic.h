#ifndef ROWLOCK_LIVE_TOPIC_H
#define ROWLOCK_LIVE_TOPIC_H

#include "bus/subscriber.h"
#include "live/follow_kind.h"

/*
 * The registry of topics: a topic is a channel of Redis and its followers. For the loop's thread.
 * A topic lives in its channel's bytes, from its first follower to its last.
 */
struct topics;

struct topic {
	LIST_ENTRY(topic) in_topics;
	LIST_HEAD(followers, follower) followers;
	STAILQ_HEAD(recents, recent) recents; /* kept while a follower is about to begin */
	struct topics *topics;                /* NULL: a channel that is followed no more */
	const struct follow_kind *kind;
	struct channel *channel;
	struct seats_state *seats; /* of an event's seats; else NULL */
	struct cursor cursor;      /* the last row that was told */
	struct cursor lost;        /* of the last of the recents that was not kept */
	uint64_t serial;           /* its name may be used again by another topic */
	int32_t event_id;
	unsigned beginning, n_recents;
	unsigned held; /* by its followers, and by calls that go through them */
};

/* Where news comes from. */
struct topic_source {
	struct live_source *source;
	struct subscriber *subscriber;
	/* Whether what is new on a topic will be heard from now on. */
	bool (*hears)(const struct live_source *source, const struct topic *t);
	/* A topic has come: a poll on its way may pass its event by. */
	void (*widen)(struct live_source *source);
};

/* Makes a registry without topics, a child of ctx. rules must live as long. */
struct topics *topics_new(TALLOC_CTX *ctx, const struct follower_rules *rules);

/* Completes it, once and before anything is followed; all of it must live as long. */
void topics_wire(struct topics *topics, const struct follow_kind *const kinds[FOLLOW__MAX],
                 struct topic_source from);

const struct follower_rules *topics_rules(const struct topics *topics);

/* The topic of a user's bookings for an event, or of an event's seats; NULL: not followed. */
struct topic *topic_find(const struct topics *topics, enum follow kind, const char *user_id,
                         int32_t event_id);

/* The topic of a channel, or NULL when it is followed no more. */
struct topic *topic_of_channel(struct channel *c);

/* The first of all topics, the others by in_topics; how many; how many followers hear. */
const struct topic *topics_first(const struct topics *topics);
size_t topics_count(const struct topics *topics);
unsigned topics_hearing(const struct topics *topics, enum follow kind);

/* Keeps a topic alive while its followers are gone through: they may end meanwhile. */
void topic_hold(struct topic *t);
void topic_release(struct topic *t);

/*
 * Keeps what was told, for followers about to begin. When there are none, or more than 256 rows
 * would be kept, it is only noted that something was lost.
 *
 * cursor	of the row, the last one told or before it
 * change	or NULL; taken over
 * message	or NULL; one reference, taken over
 */
void topic_remember(struct topic *t, const struct cursor *cursor, struct change *change,
                    void *message);

/* Whether everything that was told after a place is kept. */
bool topic_remembers(const struct topic *t, const struct cursor *after);

/* Lets a follower in, which follows nothing, and asks for what it begins with. */
void topic_enter(struct topics *topics, struct follower *f);

/* Takes a follower out of its topic; one without a topic stays as it is. */
void topic_leave(struct follower *f);

/* Moves a follower to the topic of another user's bookings, where it waits as if it were new. */
void topic_move(struct follower *f, const char *user_id);

/* Asks for what waiting followers begin with, if news can be heard; of one topic, or all. */
void topic_begin(struct topic *t);
void topics_begin(struct topics *topics);

/* Asks once more for what a follower begins with. */
void topic_ask_again(struct follower *f);

/* What f has been told goes as far as f->last: it is told the rest, and hears from now on. */
void topic_catch_up(struct follower *f);

/* Takes a follower out, and tells its owner: it cannot begin; nothing more will come. */
void topic_refuse(struct follower *f, enum err e);
void topic_end(struct follower *f);

/* Refuses the followers that have not begun, and came before a time (monotonic). */
void topics_refuse_before(struct topics *topics, int64_t before_us, enum err e);

#endif
