#ifndef ROWLOCK_LIVE_TOPIC_H
#define ROWLOCK_LIVE_TOPIC_H

/* What the parts of the fan-out share; only core/fanout*.c include this. */

#include "bus/subscriber.h"
#include "live/fanout.h"
#include "live/batch_reader.h"

/* Something told lately, for those who are about to begin. */
struct recent {
	STAILQ_ENTRY(recent) next;
	struct cursor cursor;
	struct change *change; /* of a booking; or NULL */
	void *message;         /* of seats; or NULL */
};

/* A channel, and those who follow it. Lies in the channel's owner bytes. */
struct topic {
	LIST_ENTRY(topic) in_fanout;
	LIST_HEAD(followers, follower) followers;
	STAILQ_HEAD(recents, recent) recents; /* kept as long as somebody is about to begin */
	struct fanout *fanout;
	struct channel *channel;
	struct seats_feed *seats; /* of an event's seats; else NULL */
	struct cursor cursor;     /* the last row that was told */
	struct cursor lost;       /* of the last of the recents that was not kept */
	uint64_t serial;          /* its name may be used again by another topic */
	int32_t event_id;
	unsigned beginning, n_recents;
	unsigned held; /* followers, and those who look through them */
};

/* A question under way; outlives whoever asked. */
struct asked {
	struct follower *by; /* NULL: gone */
};

/* Where what is new comes from. */
enum source {
	SOURCE_UNKNOWN, /* the journal has not been reached yet */
	SOURCE_POLL,    /* the journal */
	SOURCE_SWITCH,  /* the journal for the last time; what Redis says is held back */
	SOURCE_REDIS,
};

struct held;

struct fanout {
	struct event_base *base;
	const struct fanout_rules *rules;
	struct subscriber *subscriber;
	struct reader *joins, *news; /* one for those who begin, one for what is new */
	LIST_HEAD(, topic) topics;
	TAILQ_HEAD(, follower) line; /* those who have not begun yet, longest waiting first */
	size_t n_topics;
	unsigned open[FOLLOW__MAX];
	uint64_t serial;
	struct event *second; /* timer */

	/* fanout_source.c */
	enum source source;
	struct read_queue *poll_desk, *check_desk;
	struct event *poll_timer;
	struct cursor cursor;   /* everything up to here has been told */
	struct cursor noted[2]; /* where the relay was, one and two signs of life ago */
	struct held *held;
	bool up, poll_all, poll_stale;

	/* fanout_bookings.c */
	struct read_queue *bookings_desk;

	/* fanout_seats.c, fanout_begin.c */
	struct read_queue *seats_desk, *verify_desk;
	struct event *seats_timer;
	int64_t seats_due_us;
	LIST_HEAD(, seats_feed) dirty;
	struct base *bases;
};

/* --- fanout.c --- */

/* The topic of a user's bookings for an event, or of an event's seats; NULL: nobody follows. */
struct topic *topic_of_bookings(struct fanout *fanout, const char *user_id, int32_t event_id);
struct topic *topic_of_seats(struct fanout *fanout, int32_t event_id);

/* Keeps a topic alive while its followers are looked through: they may end meanwhile. */
void topic_hold(struct topic *t);
void topic_let(struct topic *t);

/* Follows another topic than before, that of the user's bookings; waits as if it were new. */
void follower_move(struct fanout *fanout, struct follower *f, const char *user_id);

/* Lets those of a topic begin who wait, if what is new can be heard; of all topics. */
void topic_begin(struct topic *t);
void fanout_begin(struct fanout *fanout);

/* Asks once more for what it begins with. */
void follower_again(struct follower *f);

/* What it has been told goes as far as this; from now on it hears what is new. */
void follower_hears(struct follower *f);

/* The end of it, by an error or a final state. */
void follower_refuse(struct follower *f, enum err e);
void follower_end(struct follower *f);

/* Keeps what was told, for those who are about to begin; takes both over. */
void topic_remember(struct topic *t, const struct cursor *cursor, struct change *change,
                    void *message);

/* Whether what was told after a place is all still there. */
bool topic_remembers(const struct topic *t, const struct cursor *after);

/* --- fanout_source.c --- */

void source_init(struct fanout *fanout, const char *redis_url);
/* Whether what is new on a topic will be heard from now on. */
bool source_hears(const struct topic *t);
/* A topic has come: a poll on its way may pass its event by. */
void source_widen(struct fanout *fanout);
/* Once a second. */
void source_check(struct fanout *fanout);

/* --- fanout_bookings.c --- */

void follow_bookings_init(struct fanout *fanout);
/* Asks for what a follower begins with. */
void follow_bookings_ask(struct follower *f);
/* Tells a change to one who follows. */
void follow_bookings_hear(struct follower *f, const struct change *c);
void follow_bookings_tell(struct topic *t, const struct change *c);
void follow_bookings_forget(struct follower *f);

/* --- fanout_seats.c, fanout_begin.c --- */

void follow_seats_init(struct fanout *fanout);
void follow_seats_open(struct topic *t);
void follow_seats_close(struct topic *t);
/* Sees to it that those who wait are read for. */
void follow_seats_ask(struct topic *t);
/* Sends what was told lately to one who follows. */
void follow_seats_hear(struct follower *f, const struct cursor *cursor, void *message);
void follow_seats_tell(struct topic *t, const struct seats_change *c);

#endif
