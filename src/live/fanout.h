#ifndef ROWLOCK_LIVE_FANOUT_H
#define ROWLOCK_LIVE_FANOUT_H

#include <event2/event.h>

#include "live/follower.h"

/*
 * Tells followers what happens to bookings and seats, as it happens: each first gets the present
 * state, then every change, without a gap and in the order of the journal (rowlock-sse(8)).
 *
 * News comes from Redis. While Redis or the relay is away, the journal is polled, by one
 * statement for all followers, and these see no difference. All of this is for the loop's thread.
 */
struct fanout;

struct batch_reader;

/*
 * Makes a fanout, and starts its two threads.
 *
 * base		the loop; must live longer
 * database	connection of the two threads that read, see db_new
 * redis_url	see redis_parse; "": the journal is polled
 * rules	must live as long as the fanout
 *
 * Returns it, a child of ctx. When it is freed, every follower must have left.
 */
struct fanout *fanout_new(TALLOC_CTX *ctx, struct event_base *base, const char *database,
                          const char *redis_url, const struct follower_rules *rules);

/*
 * Begins to follow. What comes of it is told by the rules, not before this has returned.
 * Bookings that became final are part of the present state of FOLLOW_OWN for 60 s. It ends
 * when a change makes a booking final and no other is live; FOLLOW_BOOKING ends with its
 * booking; FOLLOW_SEATS never.
 *
 * f	filled in, following nothing; stays where it is until it was refused, ended or left
 */
void fanout_follow(struct fanout *fanout, struct follower *f);

/* Follows no more; also for one that does not, or was refused or ended. */
void fanout_leave(struct follower *f);

/* The reader that reads for followers that begin, for other questions about them. */
struct batch_reader *fanout_reader(struct fanout *fanout);

/* Whether its threads are reading at the moment. */
bool fanout_is_busy(const struct fanout *fanout);

#endif
