#ifndef ROWLOCK_LIVE_SEATS_STATE_H
#define ROWLOCK_LIVE_SEATS_STATE_H

#include "live/due_list.h"
#include "live/read_seats.h"
#include "live/topic.h"

/*
 * What is known of the seats of an event that is followed: how many rows its journal has, and
 * the changes that are still to be told, merged. No reading, no sending, no time.
 */
struct seats_state {
	struct topic *topic;
	struct due due;            /* when what is merged is told, or it is read for beginners */
	struct seats_count count;  /* to count on from */
	int64_t version;           /* up to the topic's cursor; -1: not known yet */
	struct cursor begun;       /* the last follower to begin knows everything up to here */
	struct kept_rows *kept;    /* what came before the version was known; or NULL */
	struct seat_state *merged; /* in order; a seat may be there several times */
	size_t n_merged, room;
	int64_t told_us; /* monotonic: when changes were told last */
	int64_t read_us; /* monotonic: when it may be read again for beginners */
	bool verifying;  /* the present states of seats to be told are being read */
	bool reading;    /* it is being read for beginners */
	bool waiting;    /* it is to be read for beginners when it may be */
};

#define SEATS_KEPT_MOST   1000  /* rows, before the version is known */
#define SEATS_MERGED_MOST 20000 /* changes; with more they are told at once */

/* Which topic something was read for: its event may have another one by the time. */
struct seats_ref {
	int32_t event_id;
	uint64_t serial;
};

/* A state without anything known, the topic's from now on; a child of ctx. */
struct seats_state *seats_state_new(TALLOC_CTX *ctx, struct topic *t);

/* Frees it; its topic has none then. */
void seats_state_free(struct seats_state *s);

struct seats_ref seats_state_ref(const struct seats_state *s);

/* The state, if its topic is still the same; or NULL. */
struct seats_state *seats_state_find(const struct topics *topics, const struct seats_ref *ref);

/* Adds changes, the latest ones. */
void seats_state_merge(struct seats_state *s, const struct seat_state *seats, size_t n);

/* Counts and merges a row, once the version is known; returns whether it changed a seat. */
bool seats_state_note(struct seats_state *s, const struct seats_change *c);

/* Keeps a row that comes before the version is known. */
void seats_state_keep(struct seats_state *s, const struct seats_change *c);

/*
 * Learns the version at a horizon from what was read, and notes the rows that were kept.
 * Returns false when more than SEATS_KEPT_MOST had come: then nothing is known, as before.
 */
bool seats_state_learn(struct seats_state *s, const struct read_seats *r);

/*
 * Takes the merged changes out: each seat once, with its last state, by number.
 *
 * Returns *n of them on ctx.
 */
struct seat_state *seats_state_take(TALLOC_CTX *ctx, struct seats_state *s, size_t *n);

/* When merged changes are to be told: FOLLOW_MERGE_US after the last ones, or now. */
int64_t seats_state_due_us(const struct seats_state *s, int64_t now_us);

#endif
