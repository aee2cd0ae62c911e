#ifndef ROWLOCK_LIVE_FANOUT_H
#define ROWLOCK_LIVE_FANOUT_H

#include <event2/event.h>
#include <sys/queue.h>

#include "core/journal/change.h"

/*
 * Tells those who watch what happens to bookings and seats, as it happens: each first gets the
 * present state, then every change, without a gap and in the order of the journal.
 *
 * What is new comes from Redis. While Redis or the relay behind it is away, the journal
 * is polled, by one statement for everybody, and nobody notices.
 */
struct fanout;

/* What one follows. */
enum follow {
	FOLLOW_OWN,     /* the bookings of a user for an event */
	FOLLOW_BOOKING, /* one booking */
	FOLLOW_SEATS,   /* the seats of an event */
	FOLLOW__MAX
};

/* Somebody who watches; in memory of the owner, who fills the first part in. */
struct follower {
	enum follow kind;
	int32_t event_id;
	struct uuid booking_id; /* FOLLOW_BOOKING */
	const char *user_id;    /* of FOLLOW_OWN; who asks for a booking; lives as long as this */
	struct cursor after;    /* what was seen before; xid 0: nothing was */
	int64_t since;          /* FOLLOW_SEATS: version of the seat map that is known; -1: none */

	/* The fanout's own. */
	LIST_ENTRY(follower) in_topic;
	TAILQ_ENTRY(follower) in_line;
	struct topic *topic; /* NULL: follows nothing */
	struct asked *asked; /* a question under way */
	struct shown *shown; /* bookings that it has been shown */
	int64_t since_us;    /* monotonic: when it came */
	struct cursor last;  /* up to where it has been told */
	uint8_t n_shown;
	enum { FOLLOWER_WAITS, FOLLOWER_READS, FOLLOWER_HEARS } state;
};

/* Changes of seats, merged. */
struct seats_news {
	struct cursor cursor;
	int64_t version; /* number of journal rows of the event up to there */
	bool snapshot;   /* all seats that are not available */
	const struct seat_state *seats;
	size_t n;
};

/* What the owner does. None of these may call fanout_follow or fanout_leave. */
struct fanout_rules {
	/* Whether it may follow a booking of that user, of an event of that seller. */
	enum err (*admit)(struct follower *f, const char *user_id, const char *seller);
	/* It begins: what it is sent comes next. */
	void (*open)(struct follower *f);
	/* It cannot begin; it follows nothing any more. Errors: those of admit, EVENT_NOT_FOUND,
	 * BOOKING_NOT_FOUND, UNAVAILABLE. */
	void (*refuse)(struct follower *f, enum err e);
	/* Makes a message for followers of a kind, with one reference. */
	void *(*status)(enum follow kind, const struct change *c);
	void *(*seats)(const struct seats_news *news);
	/* Sends one. greeting: it is of the state that a follower begins with. */
	void (*send)(struct follower *f, void *message, bool greeting);
	/* Nothing more will come; it follows nothing any more. */
	void (*end)(struct follower *f);
	/* Lets go of a message. */
	void (*drop)(void *message);
};

#define FANOUT_REPLAY_MOST 1000   /* changes; who has missed more gets the present state instead */
#define FANOUT_MERGE_US    100000 /* changes of an event's seats are told together */

/*
 * database	connection of two threads that read, see db_new
 * redis_url	see redis_parse; "": the journal is polled
 * rules	must live as long as the fanout
 */
struct fanout *fanout_new(TALLOC_CTX *ctx, struct event_base *base, const char *database,
                          const char *redis_url, const struct fanout_rules *rules);

/*
 * Begins to follow. What comes of it is told by the rules, not before this has returned.
 * Bookings that became final are part of the present state of FOLLOW_OWN for 60 s. It ends
 * when a change makes a booking final and no other is live; FOLLOW_BOOKING ends with its
 * booking; FOLLOW_SEATS never.
 */
void fanout_follow(struct fanout *fanout, struct follower *f);

/* Follows no more; also for one that does not, or was refused or ended. */
void fanout_leave(struct follower *f);

/* The reader that answers those who begin, for other questions of theirs. */
struct reader *fanout_reader(struct fanout *fanout);

/* Whether its threads are reading at the moment. */
bool fanout_is_busy(const struct fanout *fanout);

#endif
