#ifndef ROWLOCK_LIVE_FOLLOW_SEATS_H
#define ROWLOCK_LIVE_FOLLOW_SEATS_H

/* What the two halves of following seats share: telling, and beginning. */

#include "live/topic.h"
#include "live/read_seats.h"

/* What is known of the seats of an event that is followed. */
struct seats_feed {
	struct topic *topic;
	LIST_ENTRY(seats_feed) in_dirty;
	struct seats_count count;  /* to count on from */
	int64_t version;           /* up to the topic's cursor; -1: not known yet */
	struct cursor begun;       /* the last ones to begin know everything up to here */
	struct kept *kept;         /* what came before the version was known */
	struct seat_state *merged; /* in order; a seat may be there several times */
	size_t n_merged, room;
	int64_t told_us, due_us; /* monotonic */
	int64_t read_us;         /* when it may be read again */
	bool dirty;              /* it has its time, due_us */
	bool verifying;          /* it is being read what the seats to be told are now */
	bool reading;            /* for those who begin */
	bool waiting;            /* it is to be read when it may be */
};

#define KEPT_MOST 1000

/* Rows that came before the version was known; of more than KEPT_MOST, the first. */
struct kept {
	size_t n;
	struct seats_change *change[KEPT_MOST];
};

/* A topic that something was asked for, by its event: it may be another one by now. */
struct origin {
	int32_t event_id;
	uint64_t serial;
};

struct origin origin_of(const struct topic *t);

/* The topic, if it is still the same; or NULL. */
struct topic *origin_find(struct fanout *fanout, const struct origin *o);

/* Gives an event a time (monotonic), at the latest: to tell what is merged, or to be read. */
void follow_seats_due(struct seats_feed *s, int64_t due_us);

/* Counts and merges a row, once the version is known. */
void follow_seats_note(struct seats_feed *s, const struct seats_change *c);

/* Asks for everything that those who wait need. */
void follow_seats_ask_now(struct seats_feed *s);

void follow_seats_begin_init(struct fanout *fanout);

#endif
