#ifndef ROWLOCK_LIVE_FOLLOWER_H
#define ROWLOCK_LIVE_FOLLOWER_H

#include <sys/queue.h>

#include "core/journal/change.h"

/* One stream among those that are told, and what its owner does for it. */

/* What a follower follows. */
enum follow {
	FOLLOW_OWN,     /* the bookings of a user for an event */
	FOLLOW_BOOKING, /* one booking */
	FOLLOW_SEATS,   /* the seats of an event */
	FOLLOW__MAX
};

#define FOLLOW_REPLAY_MOST 1000   /* changes; with more missed, the present state is sent instead */
#define FOLLOW_MERGE_US    100000 /* changes of an event's seats are told together */

/* In memory of the owner, which zeroes it and fills the first part in. */
struct follower {
	enum follow kind;
	int32_t event_id;
	struct uuid booking_id; /* FOLLOW_BOOKING */
	const char *user_id;    /* whose bookings, or who asks for one; lives as long as this */
	struct cursor after;    /* what was seen before; xid 0: nothing was */
	int64_t since;          /* FOLLOW_SEATS: version of the seat map that is known; -1: none */

	/* Of topic.c, and of the kind that it follows. */
	LIST_ENTRY(follower) in_topic;
	TAILQ_ENTRY(follower) in_line;
	struct topic *topic;          /* NULL: follows nothing */
	struct pending_read *reading; /* what is being read for it alone, or NULL */
	struct shown_booking *shown;  /* n_shown bookings that it has been shown */
	int64_t since_us;             /* monotonic: when it came */
	struct cursor last;           /* up to where it has been told */
	uint8_t n_shown;
	enum {
		FOLLOWER_WAITS, /* until news of its topic can be heard */
		FOLLOWER_READS, /* what it begins with is being read */
		FOLLOWER_HEARS, /* it has begun, and is told what is new */
	} state;
};

/* Changes of an event's seats, merged. */
struct seats_news {
	struct cursor cursor;
	int64_t version; /* number of journal rows of the event up to there */
	bool snapshot;   /* all seats that are not available */
	const struct seat_state *seats;
	size_t n;
};

/* What the owner does. None of these may call fanout_follow or fanout_leave. */
struct follower_rules {
	/* Whether it may follow a booking of that user, of an event of that seller. */
	enum err (*admit)(struct follower *f, const char *user_id, const char *seller);
	/* It begins: what it is sent comes next. */
	void (*open)(struct follower *f);
	/*
	 * It cannot begin; it follows nothing any more. Errors: those of admit, EVENT_NOT_FOUND,
	 * BOOKING_NOT_FOUND, UNAVAILABLE.
	 */
	void (*refuse)(struct follower *f, enum err e);
	/* Makes a message for followers of a kind, with one reference. */
	void *(*status)(enum follow kind, const struct change *c);
	void *(*seats)(const struct seats_news *news);
	/* Sends one. greeting: it belongs to the state that a follower begins with. */
	void (*send)(struct follower *f, void *message, bool greeting);
	/* Nothing more will come; it follows nothing any more. */
	void (*end)(struct follower *f);
	/* Gives a reference of a message back. */
	void (*drop)(void *message);
};

#endif
