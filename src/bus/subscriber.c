/*
 * Subscribing to Redis in an event loop. hiredis only formats and parses here: its event-driven
 * half (0.14) cannot ask for signs of life on a connection that is subscribed.
 */
#include "bus/subscriber.h"

#include <assert.h>
#include <errno.h>
#include <hiredis/hiredis.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/queue.h>
#include <sys/socket.h>

#include "base/clock.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/metrics.h"
#include "bus/redis.h"

#define SILENCE_US       (2 * US_PER_S) /* without a sign of life: away */
#define BACKOFF_FIRST_MS 100            /* until Redis is looked for again, … */
#define BACKOFF_MOST_MS  1000           /* … doubled up to this */
#define PING_MS          1000           /* between two questions for a sign of life */
#define BUCKETS_FIRST    64
#define READS_MOST       16 /* of 16 KiB each, then the loop has other things to do */

/* How it is with Redis: up to UP, each state is reached from the one before or from AWAY. */
enum subscriber_state { AWAY, CONNECTING, GREETING, UP };

struct channel {
	LIST_ENTRY(channel) in_bucket;
	struct subscriber *subscriber;
	unsigned short name_at; /* behind the owner's bytes */
	bool wanted;            /* by the owner */
	bool asked, joined;     /* on this connection; Redis has answered */
	max_align_t owner[];
};
LIST_HEAD(bucket, channel);

struct subscriber {
	struct event_base *base;
	const struct subscriber_rules *rules;
	void *arg;
	struct redis_address address;
	redisContext *redis; /* NULL: AWAY */
	struct event *io, *timer;
	enum subscriber_state state;
	bool writing;
	int backoff_ms;
	int64_t heard_us; /* the last sign of life, … */
	int64_t asked_us; /* … and the PING that is not answered yet, or 0 */
	struct bucket *buckets;
	size_t n_buckets, n, n_open; /* n_open: asked for, not joined yet */
};

/* --- The channels. --- */

static struct bucket *
bucket_of(const struct subscriber *s, const char *name)
{
	return &s->buckets[hash_text(name) & (s->n_buckets - 1)];
}

static void
grow(struct subscriber *s)
{
	struct bucket *old = s->buckets;
	size_t n_old = s->n_buckets;
	struct channel *c;

	s->n_buckets = n_old == 0 ? BUCKETS_FIRST : n_old * 2;
	s->buckets = talloc_zero_array(s, struct bucket, (unsigned)s->n_buckets);
	for (size_t i = 0; i < n_old; i++) {
		while ((c = LIST_FIRST(&old[i])) != NULL) {
			LIST_REMOVE(c, in_bucket);
			LIST_INSERT_HEAD(bucket_of(s, channel_name(c)), c, in_bucket);
		}
	}
	talloc_free(old);
}

const char *
channel_name(const struct channel *c)
{
	return (const char *)c->owner + c->name_at;
}

void *
channel_owner(struct channel *c)
{
	return c->owner;
}

bool
channel_is_joined(const struct channel *c)
{
	return c->joined;
}

bool
subscriber_is_settled(const struct subscriber *s)
{
	return s->state == UP && s->n_open == 0;
}

struct channel *
channel_find(struct subscriber *s, const char *name)
{
	struct channel *c;

	LIST_FOREACH(c, bucket_of(s, name), in_bucket) {
		if (strcmp(channel_name(c), name) == 0)
			return c;
	}
	return NULL;
}

static void await(struct subscriber *s);

/* Asks Redis something about a channel, if Redis is there; sent when the loop comes to it. */
static void
tell(struct subscriber *s, const char *command, const char *name)
{
	const char *words[] = { command, name };

	assert(s->state >= GREETING && s->redis != NULL);
	redisAppendCommandArgv(s->redis, name == NULL ? 1 : 2, words, NULL);
	await(s);
}

static void
subscribe(struct channel *c)
{
	struct subscriber *s = c->subscriber;

	if (s->state < GREETING || c->asked)
		return;
	c->asked = true;
	s->n_open++;
	tell(s, "SUBSCRIBE", channel_name(c));
}

struct channel *
channel_join(struct subscriber *s, const char *name, size_t owner_size)
{
	struct channel *c = calloc(1,
	                           sizeof(*c) + owner_size + strlen(name) + 1); /* there are many */

	if (c == NULL)
		abort();
	assert(owner_size <= USHRT_MAX && channel_find(s, name) == NULL);
	c->subscriber = s;
	c->name_at = (unsigned short)owner_size;
	strcpy((char *)c->owner + owner_size, name);
	c->wanted = true;
	if (s->n++ >= s->n_buckets)
		grow(s);
	LIST_INSERT_HEAD(bucket_of(s, name), c, in_bucket);
	subscribe(c);
	return c;
}

void
channel_rejoin(struct channel *c)
{
	c->wanted = true;
	subscribe(c);
}

static void
forget(struct channel *c)
{
	assert(c->subscriber->n > 0);
	LIST_REMOVE(c, in_bucket);
	c->subscriber->n--;
	free(c);
}

/*
 * One that Redis has not answered for yet is kept until it has: were it asked for again
 * meanwhile, the first answer would be taken for the second.
 */
void
channel_leave(struct channel *c)
{
	assert(c->wanted || c->joined);
	c->wanted = false;
	if (c->asked && !c->joined)
		return;
	if (c->joined)
		tell(c->subscriber, "UNSUBSCRIBE", channel_name(c));
	forget(c);
}

/* Calls f for each channel; f may free it. */
static void
each_channel(struct subscriber *s, void (*f)(struct channel *c))
{
	struct channel *c, *next;

	for (size_t i = 0; i < s->n_buckets; i++) {
		for (c = LIST_FIRST(&s->buckets[i]); c != NULL; c = next) {
			next = LIST_NEXT(c, in_bucket);
			f(c);
		}
	}
}

static void
reset(struct channel *c)
{
	c->asked = c->joined = false;
	if (!c->wanted)
		forget(c);
}

/* --- The connection. --- */

static void
schedule(struct subscriber *s, int ms)
{
	const struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	event_add(s->timer, &wait);
}

/* A context of hiredis is good for nothing after any error: drops it. */
static void
fail(struct subscriber *s, const char *reason)
{
	if (s->state == AWAY)
		return;
	if (s->state == UP || s->backoff_ms == BACKOFF_FIRST_MS)
		log_line(LOG_WARN, "redis is away", "reason", reason, NULL);
	s->state = AWAY;
	if (s->io != NULL)
		event_free(s->io);
	s->io = NULL;
	if (s->redis != NULL)
		redisFree(s->redis);
	s->redis = NULL;
	s->n_open = 0;
	each_channel(s, reset);
	schedule(s, s->backoff_ms);
	s->backoff_ms = s->backoff_ms * 2 > BACKOFF_MOST_MS ? BACKOFF_MOST_MS : s->backoff_ms * 2;
	s->rules->down(s->arg);
}

static void
check_up(struct subscriber *s)
{
	if (s->state != GREETING || s->n_open > 0)
		return;
	s->state = UP;
	s->backoff_ms = BACKOFF_FIRST_MS;
	metrics_count(METRIC_REDIS_CONNECTS, 0);
	log_line(LOG_INFO, "redis is there", "channels", log_int((int64_t)s->n), NULL);
	s->rules->up(s->arg);
}

static void
on_pong(struct subscriber *s)
{
	s->asked_us = 0;
	s->rules->pong(s->arg);
	check_up(s);
}

static bool
is_text(const redisReply *r)
{
	return r->type == REDIS_REPLY_STRING && r->str != NULL;
}

static void
on_joined(struct subscriber *s, const char *name)
{
	struct channel *c = channel_find(s, name);

	if (c == NULL || !c->asked || c->joined)
		return; /* it was left meanwhile */
	assert(s->n_open > 0);
	c->joined = true;
	s->n_open--;
	if (!c->wanted)
		channel_leave(c);
	else
		s->rules->joined(s->arg, c);
	check_up(s);
}

static void
on_array(struct subscriber *s, const redisReply *r)
{
	struct channel *c;

	if (r->elements < 2 || !is_text(r->element[0]))
		return;
	if (strcasecmp(r->element[0]->str, "pong") == 0) {
		on_pong(s);
	} else if (r->elements == 3 && is_text(r->element[1])) {
		if (strcasecmp(r->element[0]->str, "subscribe") == 0) {
			on_joined(s, r->element[1]->str);
		} else if (strcasecmp(r->element[0]->str, "message") == 0 &&
		           is_text(r->element[2])) {
			c = channel_find(s, r->element[1]->str);
			if (c != NULL && c->wanted)
				s->rules->message(s->arg, c, r->element[2]->str,
				                  r->element[2]->len);
		}
	}
}

/* Handles one answer; false when it is one after which nothing more can come. */
static bool
on_reply(struct subscriber *s, const redisReply *r)
{
	if (r->type == REDIS_REPLY_ERROR) {
		fail(s, r->str);
		return false;
	}
	if (r->type == REDIS_REPLY_STATUS && strcasecmp(r->str, "PONG") == 0)
		on_pong(s);
	else if (r->type == REDIS_REPLY_ARRAY)
		on_array(s, r);
	return s->state != AWAY;
}

/* Handles all that has been read; false when the connection is gone. */
static bool
take_replies(struct subscriber *s)
{
	void *reply;

	for (;;) {
		bool good;

		if (redisGetReplyFromReader(s->redis, &reply) != REDIS_OK) {
			fail(s, s->redis->errstr);
			return false;
		}
		if (reply == NULL)
			return true;
		s->heard_us = clock_mono_us();
		good = on_reply(s, reply);
		freeReplyObject(reply);
		if (!good)
			return false;
	}
}

/* Redis has been reached: gives the password, asks for everything that is wanted. */
static void
greet(struct subscriber *s)
{
	socklen_t size = sizeof(int);
	int error = 0;

	assert(s->state == CONNECTING);
	if (getsockopt(s->redis->fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0) {
		fail(s, strerror(error));
		return;
	}
	s->state = GREETING;
	s->heard_us = clock_mono_us();
	s->asked_us = s->heard_us;
	if (s->address.user[0] != '\0')
		redisAppendCommand(s->redis, "AUTH %s %s", s->address.user, s->address.password);
	else if (s->address.password[0] != '\0')
		redisAppendCommand(s->redis, "AUTH %s", s->address.password);
	tell(s, "PING", NULL);
	each_channel(s, subscribe);
}

static void
on_io(evutil_socket_t fd, short what, void *arg)
{
	struct subscriber *s = arg;
	int done = 0;

	(void)fd;
	if (s->state == CONNECTING) {
		greet(s);
		return;
	}
	for (int i = 0; (what & EV_READ) != 0 && i < READS_MOST; i++) {
		const int64_t before = s->heard_us;

		if (redisBufferRead(s->redis) != REDIS_OK) {
			fail(s, s->redis->errstr);
			return;
		}
		if (!take_replies(s))
			return;
		if (s->heard_us == before)
			break;
	}
	if ((what & EV_WRITE) != 0 && redisBufferWrite(s->redis, &done) != REDIS_OK) {
		fail(s, s->redis->errstr);
		return;
	}
	if (done != 0)
		await(s);
}

/* Waits for answers; and for room, while there is something to say. */
static void
await(struct subscriber *s)
{
	bool writing = s->state == CONNECTING || s->redis->obuf[0] != '\0';

	if (s->io != NULL && writing == s->writing)
		return;
	s->writing = writing;
	if (s->io != NULL)
		event_free(s->io);
	s->io = event_new(s->base, s->redis->fd,
	                  (short)(EV_READ | EV_PERSIST | (writing ? EV_WRITE : 0)), on_io, s);
	event_add(s->io, NULL);
}

static void
look_for(struct subscriber *s)
{
	assert(s->state == AWAY && s->redis == NULL && s->io == NULL);
	s->redis = s->address.path[0] != '\0'
	               ? redisConnectUnixNonBlock(s->address.path)
	               : redisConnectNonBlock(s->address.host, s->address.port);
	s->state = CONNECTING;
	s->asked_us = clock_mono_us();
	s->heard_us = s->asked_us;
	if (s->redis == NULL || s->redis->err != 0) {
		fail(s, s->redis == NULL ? "no memory" : s->redis->errstr);
		return;
	}
	await(s);
	schedule(s, PING_MS);
}

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct subscriber *s = arg;
	const int64_t now_us = clock_mono_us();

	(void)fd;
	(void)what;
	if (s->state == AWAY) {
		look_for(s);
		return;
	}
	if (s->asked_us != 0 && now_us - s->asked_us >= SILENCE_US &&
	    now_us - s->heard_us >= SILENCE_US) {
		fail(s, "no answer");
		return;
	}
	if (s->state == UP && s->asked_us == 0) {
		s->asked_us = now_us;
		tell(s, "PING", NULL);
	}
	schedule(s, PING_MS);
}

static int
subscriber_free(struct subscriber *s)
{
	each_channel(s, forget);
	if (s->io != NULL)
		event_free(s->io);
	if (s->redis != NULL)
		redisFree(s->redis);
	event_free(s->timer);
	return 0;
}

struct subscriber *
subscriber_new(TALLOC_CTX *ctx, struct event_base *base, const char *url,
               const struct subscriber_rules *rules, void *arg)
{
	struct subscriber *s = talloc_zero(ctx, struct subscriber);

	assert(base != NULL && rules != NULL);
	s->base = base;
	s->rules = rules;
	s->arg = arg;
	s->backoff_ms = BACKOFF_FIRST_MS;
	s->timer = evtimer_new(base, on_timer, s);
	grow(s);
	talloc_set_destructor(s, subscriber_free);
	if (*url == '\0')
		return s;
	if (redis_parse(url, &s->address) != ERR_OK)
		log_line(LOG_ERROR, "REDIS_URL cannot be read, streams poll the journal", NULL);
	else
		schedule(s, 0);
	return s;
}
