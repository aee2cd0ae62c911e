#ifndef ROWLOCK_BUS_SUBSCRIBER_H
#define ROWLOCK_BUS_SUBSCRIBER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/*
 * Subscriptions to Redis channels, in an event loop, whose thread calls all of this. Redis may
 * come and go: what is wanted is subscribed again each time it is found. Messages of the time
 * between are lost, which is the owner's to make good.
 */
struct subscriber;

/* A channel that is wanted. */
struct channel;

/* What is told to the owner, from the loop; none of these may free the subscriber. */
struct subscriber_rules {
	/* Redis answers, and every channel that is wanted is subscribed. */
	void (*up)(void *arg);
	/* Redis is away: told once for each `up`, and for each try that came to nothing. */
	void (*down)(void *arg);
	/* A channel is subscribed: whatever is published from now on will be told. */
	void (*joined)(void *arg, struct channel *c);
	void (*message)(void *arg, struct channel *c, const char *text, size_t n);
	/* Redis answered a PING: all that was published before it was sent has been told. */
	void (*pong)(void *arg);
};

/*
 * Makes a subscriber, a child of ctx, which looks for Redis when the loop runs.
 *
 * url		see redis_parse; "": there is no Redis, and none of the rules is ever called
 * rules	must live as long
 *
 * Redis is asked every second for a sign of life, counts as away after 2 s without one, and
 * is looked for again after 0.1 to 1 s.
 */
struct subscriber *subscriber_new(TALLOC_CTX *ctx, struct event_base *base, const char *url,
                                  const struct subscriber_rules *rules, void *arg);

/*
 * A channel that is known, or NULL: one that was left may still be, until Redis has answered.
 */
struct channel *channel_find(struct subscriber *s, const char *name);

/*
 * Wants a channel, by a name that is not known yet (channel_find).
 *
 * owner_size	bytes for channel_owner, zeroed; at most USHRT_MAX
 *
 * Returns it; it lives until channel_leave, and is subscribed when `joined` says so.
 */
struct channel *channel_join(struct subscriber *s, const char *name, size_t owner_size);

/* Wants a channel again that channel_find gave. */
void channel_rejoin(struct channel *c);

/* Wants a channel no more; it may be freed at once. */
void channel_leave(struct channel *c);

/* Whether Redis is there, and all channels that are wanted are subscribed. */
bool subscriber_is_settled(const struct subscriber *s);

/* Whether a channel is subscribed at the moment. */
bool channel_is_joined(const struct channel *c);

const char *channel_name(const struct channel *c);

/* The owner's own bytes of a channel, aligned for anything. */
void *channel_owner(struct channel *c);

#endif
