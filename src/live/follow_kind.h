#ifndef ROWLOCK_LIVE_FOLLOW_KIND_H
#define ROWLOCK_LIVE_FOLLOW_KIND_H

#include "live/follower.h"

/*
 * A kind of topic as the registry (topic.c) and the source of news (source.c) see it: a table of
 * functions. follow_bookings.c and follow_seats.c are the two kinds; fanout.c hands them in.
 */

#define TOPIC_NAME 320 /* room for a channel's name: a user's name has up to 255 bytes */

struct topic;

/* One row of the journal, or one message of Redis. */
struct news {
	struct change change;      /* for topics of bookings */
	struct seats_change seats; /* for topics of seats */
};

/* Something told lately, for followers that are about to begin. */
struct recent {
	STAILQ_ENTRY(recent) next;
	struct cursor cursor;
	struct change *change; /* of a booking; or NULL */
	void *message;         /* of seats; or NULL */
};

/* Called from the loop only; open, close and forget may be NULL. */
struct follow_kind {
	/* Writes the name of the channel (rowlockd(8), Redis). user_id: NULL for seats. */
	void (*name)(char out[TOPIC_NAME], const char *user_id, int32_t event_id);
	/* A topic has come, and has no follower yet. */
	void (*open)(struct topic *t);
	/* The last follower of a topic has left. */
	void (*close)(struct topic *t);
	/* Asks for what a follower begins with; FOLLOWER_READS. */
	void (*ask)(struct follower *f);
	/* Tells a follower what it has missed while that was read, if it has. */
	void (*hear)(struct follower *f, const struct recent *r);
	/* A follower leaves its topic: what is kept for it goes. */
	void (*forget)(struct follower *f);
	/* Reads a message of Redis; everything on ctx. Errors: VALIDATION_ERROR. */
	enum err (*parse)(TALLOC_CTX *ctx, const char *text, size_t n, struct news *out);
	/* Tells a topic's followers, those that hear; news that was told before is ignored. */
	void (*tell)(struct topic *t, const struct news *news);
	/* Whether something is being read for a topic of this kind. */
	bool (*is_busy)(const struct follow_kind *kind);
	void *state; /* of the kind */
};

#endif
