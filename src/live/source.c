/*
 * Where news comes from: Redis, as long as it can be relied on; else the journal. What Redis may
 * not have told is read from the journal, from a place that it has told everything up to.
 */
#include "live/source.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "store/param.h"

#define POLL_MS     100   /* between two polls */
#define POLL_ROWS   2000  /* at a time */
#define EVENTS_MOST 256   /* named in a poll; with more, all rows are read */
#define HELD_MOST   10000 /* messages, while the source is changed */
#define QUIET_MS    5000  /* a relay that gives no sign of life for so long is away … */
#define LATE_MS     1000  /* … and one that is so late is as good as away; … */
#define PUNCTUAL_MS 500   /* … one that has caught up is this late at the most */

/* A message that is held back. */
struct held_message {
	STAILQ_ENTRY(held_message) next;
	char *channel, *text;
	size_t n;
};

struct held_messages {
	STAILQ_HEAD(, held_message) messages;
	size_t n;
};

struct journal_poll {
	struct cursor from;
	const char *events; /* NULL: of all */
	bool first, last;   /* nothing is known yet; no message is passed by from now on */
	uint64_t horizon;
	struct rows *rows;
};

struct relay_check {
	bool known, trouble;
	struct cursor at;
	int64_t quiet_ms, late_ms;
};

enum source_state {
	SOURCE_UNKNOWN, /* the journal has not been reached yet */
	SOURCE_POLL,    /* the journal */
	SOURCE_SWITCH,  /* the journal for the last time; what Redis says is held back */
	SOURCE_REDIS,
};

struct live_source {
	struct topics *topics;
	struct subscriber *subscriber;
	struct read_queue *poll_queue, *check_queue;
	struct event *poll_timer;
	enum source_state state;
	struct cursor cursor;       /* everything up to here has been told */
	struct cursor noted[2];     /* where the relay was, one and two signs of life ago */
	struct held_messages *held; /* SOURCE_SWITCH; else NULL */
	bool up;                    /* Redis is there */
	bool poll_stale;            /* a topic came while a poll was on its way */
	bool poll_all;              /* the next poll reads the rows of all events */
};

/* --- Telling. --- */

/* A row of the journal, to the topics that it concerns. */
static void
tell_row(struct live_source *s, struct read_batch *b, const struct rows *rows, int r)
{
	const char *user = row_text(rows, r, POLL_JOURNAL_USER);
	struct news news;
	struct topic *t;

	change_read(b, rows, r, POLL_JOURNAL_CHANGE, &news.change);
	if (news.change.status != BOOKING__MAX && user != NULL &&
	    (t = topic_find(s->topics, FOLLOW_OWN, user, news.change.event_id)) != NULL)
		t->kind->tell(t, &news);
	if ((t = topic_find(s->topics, FOLLOW_SEATS, NULL, news.change.event_id)) != NULL) {
		change_read_seats(b, rows, r, POLL_JOURNAL_CHANGE, &news.change, &news.seats);
		t->kind->tell(t, &news);
	}
}

/* A message of Redis, likewise; t: NULL where its channel is followed no more. */
static void
tell_message(struct topic *t, const char *text, size_t n)
{
	TALLOC_CTX *ctx;
	struct news news;

	if (t == NULL)
		return;
	ctx = talloc_new(NULL);
	if (t->kind->parse(ctx, text, n, &news) == ERR_OK)
		t->kind->tell(t, &news);
	else
		log_line(LOG_WARN, "a message of redis is not understood", "channel",
		         channel_name(t->channel), NULL);
	talloc_free(ctx);
}

/* --- Changing the source. --- */

static void
poll_in(struct live_source *s, int ms)
{
	const struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	event_add(s->poll_timer, &wait);
}

/* Redis cannot be relied on: polls from the last place up to which it has told everything. */
static void
fall_back(struct live_source *s, const char *reason)
{
	if (s->state == SOURCE_REDIS)
		log_line(LOG_WARN, "streams poll the journal", "reason", reason, NULL);
	else if (s->state != SOURCE_SWITCH)
		return;
	TALLOC_FREE(s->held);
	s->state = SOURCE_POLL;
	poll_in(s, 0);
	topics_begin(s->topics);
}

/* Redis can be relied on: messages are held back until the journal has been read once more. */
static void
begin_switch(struct live_source *s)
{
	assert(s->state == SOURCE_POLL && s->held == NULL);
	s->state = SOURCE_SWITCH;
	s->held = talloc_zero(s, struct held_messages);
	STAILQ_INIT(&s->held->messages);
}

/*
 * The journal has been read up to the end, after all channels were subscribed: what was held
 * back follows it.
 */
static void
end_switch(struct live_source *s)
{
	struct held_messages *held = s->held;
	const struct held_message *m;

	assert(s->state == SOURCE_SWITCH && held != NULL);
	s->held = NULL;
	s->state = SOURCE_REDIS;
	s->noted[0] = s->noted[1] = s->cursor;
	STAILQ_FOREACH(m, &held->messages, next)
		tell_message(topic_of_channel(channel_find(s->subscriber, m->channel)), m->text,
		             m->n);
	talloc_free(held);
	log_line(LOG_INFO, "streams hear from redis", NULL);
	topics_begin(s->topics);
}

static void
hold_back(struct live_source *s, const struct channel *c, const char *text, size_t n)
{
	struct held_message *m;

	assert(s->state == SOURCE_SWITCH && s->held != NULL);
	if (s->held->n++ >= HELD_MOST) { /* it is tried again at the next check */
		fall_back(s, "too much at once");
		return;
	}
	m = talloc_zero(s->held, struct held_message);
	m->channel = talloc_strdup(m, channel_name(c));
	m->text = talloc_memdup(m, text, n);
	m->n = n;
	STAILQ_INSERT_TAIL(&s->held->messages, m, next);
}

/* --- What Redis says. --- */

static void
on_up(void *arg)
{
	struct live_source *s = arg;

	s->up = true;
	source_check(s);
}

static void
on_down(void *arg)
{
	struct live_source *s = arg;

	s->up = false;
	fall_back(s, "redis is away");
}

static void
on_joined(void *arg, struct channel *c)
{
	struct topic *t = topic_of_channel(c);

	(void)arg;
	if (t != NULL)
		topic_begin(t);
}

static void
on_message(void *arg, struct channel *c, const char *text, size_t n)
{
	struct live_source *s = arg;

	if (s->state == SOURCE_SWITCH)
		hold_back(s, c, text, n);
	else if (s->state == SOURCE_REDIS)
		tell_message(topic_of_channel(c), text, n);
}

/*
 * Everything that was published before the PING has been told, and the relay had published all
 * up to where it was when asked, some time before the PING. Two answers on, that is certain.
 */
static void
on_pong(void *arg)
{
	struct live_source *s = arg;

	if (s->state != SOURCE_REDIS)
		return;
	if (cursor_compare(&s->noted[1], &s->cursor) > 0)
		s->cursor = s->noted[1];
	s->noted[1] = s->noted[0];
}

static const struct subscriber_rules subscriber_rules = { on_up, on_down, on_joined, on_message,
	                                                  on_pong };

static bool
hears(const struct live_source *s, const struct topic *t)
{
	if (s->state == SOURCE_UNKNOWN || s->state == SOURCE_POLL)
		return s->state == SOURCE_POLL;
	return channel_is_joined(t->channel);
}

/* --- The journal. --- */

/* In the reader's thread. */
static enum err
answer_poll(struct db *db, struct read_batch *b)
{
	struct journal_poll *p = b->asks[0];
	const struct call calls[] = {
		{ .stmt = STMT_HORIZON },
		{ STMT_POLL_JOURNAL,
		  { param_int(b, (int64_t)p->from.xid), param_int(b, p->from.seq), p->events,
		    param_int(b, POLL_ROWS) } },
	};
	struct rows *rows[2];
	enum err e = db_exchange(db, b, calls, p->first ? 1 : 2, rows);

	assert(b->n == 1);
	if (e != ERR_OK)
		return e;
	p->horizon = (uint64_t)row_i64(rows[0], 0, HORIZON_XID);
	p->rows = p->first ? NULL : rows[1];
	return ERR_OK;
}

/* The events that are followed, as a parameter; NULL: too many to be named. */
static const char *
events_param(const struct live_source *s, TALLOC_CTX *ctx)
{
	struct array events;

	if (topics_count(s->topics) > EVENTS_MOST || s->poll_all)
		return NULL;
	array_init(&events, ctx);
	for (const struct topic *t = topics_first(s->topics); t != NULL;
	     t = LIST_NEXT(t, in_topics))
		array_int(&events, t->event_id);
	return array_done(&events);
}

static void
on_poll_timer(evutil_socket_t fd, short what, void *arg)
{
	struct live_source *s = arg;
	struct journal_poll *p;
	TALLOC_CTX *ctx;

	(void)fd;
	(void)what;
	if (s->state == SOURCE_REDIS || read_queue_is_busy(s->poll_queue))
		return;
	p = read_queue_ask(s->poll_queue, sizeof(*p), &ctx);
	p->first = s->state == SOURCE_UNKNOWN;
	p->last = s->state == SOURCE_SWITCH && subscriber_is_settled(s->subscriber);
	p->from = s->cursor;
	p->events = events_param(s, ctx);
	s->poll_stale = false;
}

/* Goes on to where the poll ended; false when the next one has to begin in the same place. */
static bool
move_on(struct live_source *s, const struct journal_poll *p, int n)
{
	const struct cursor horizon = { p->horizon, 0 };
	struct cursor last = p->from;

	assert(n >= 0 && n <= POLL_ROWS && p->first == (s->state == SOURCE_UNKNOWN));
	if (p->first) {
		s->state = SOURCE_POLL;
		s->cursor = horizon;
		return true;
	}
	if (n > 0)
		last = (struct cursor){ (uint64_t)row_i64(p->rows, n - 1,
			                                  POLL_JOURNAL_CHANGE + CHANGE_XID),
			                row_i64(p->rows, n - 1, POLL_JOURNAL_CHANGE + CHANGE_SEQ) };
	if (s->poll_stale && p->events != NULL) {
		s->poll_all = true; /* it did not read what a new topic needs */
		return false;
	}
	s->poll_all = false;
	s->cursor = n < POLL_ROWS && cursor_compare(&horizon, &last) > 0 ? horizon : last;
	return n < POLL_ROWS;
}

static void
take_poll(void *arg, struct read_batch *b)
{
	const struct journal_poll *p = b->asks[0];
	struct live_source *s = arg;
	bool caught_up;
	int n;

	if (b->err != ERR_OK) {
		if (s->state == SOURCE_UNKNOWN)
			topics_refuse_before(s->topics, INT64_MAX, b->err);
		poll_in(s, POLL_MS);
		return;
	}
	n = p->rows == NULL ? 0 : rows_count(p->rows);
	for (int r = 0; r < n; r++)
		tell_row(s, b, p->rows, r);
	caught_up = move_on(s, p, n);
	if (p->first)
		topics_begin(s->topics);
	else if (caught_up && p->last && s->state == SOURCE_SWITCH)
		end_switch(s);
	poll_in(s, caught_up ? POLL_MS : 0);
}

static void
widen(struct live_source *s)
{
	if (read_queue_is_busy(s->poll_queue))
		s->poll_stale = true;
}

/* --- The relay. --- */

/* In the reader's thread. */
static enum err
answer_check(struct db *db, struct read_batch *b)
{
	struct relay_check *c = b->asks[0];
	struct rows *rows;
	enum err e = db_query(db, b, (struct call){ STMT_RELAY_STATE, { "redis" } }, &rows);

	assert(b->n == 1);
	if (e != ERR_OK || rows_count(rows) == 0)
		return e;
	c->known = true;
	c->at = (struct cursor){ (uint64_t)row_i64(rows, 0, RELAY_STATE_XID),
		                 row_i64(rows, 0, RELAY_STATE_SEQ) };
	c->trouble = row_bool(rows, 0, RELAY_STATE_IN_TROUBLE);
	c->quiet_ms = row_i64(rows, 0, RELAY_STATE_QUIET_MS);
	c->late_ms = row_i64(rows, 0, RELAY_STATE_LATE_MS);
	return ERR_OK;
}

static void
take_check(void *arg, struct read_batch *b)
{
	const struct relay_check *c = b->asks[0];
	struct live_source *s = arg;

	if (b->err != ERR_OK) /* without a database nothing is new */
		return;
	s->noted[0] = c->at;
	if (!c->known || c->trouble || c->quiet_ms > QUIET_MS || c->late_ms > LATE_MS)
		fall_back(s, "the relay is away or late");
	else if (s->up && s->state == SOURCE_POLL && c->late_ms <= PUNCTUAL_MS)
		begin_switch(s);
}

void
source_check(struct live_source *s)
{
	if (s->up && !read_queue_is_busy(s->check_queue))
		(void)read_queue_ask(s->check_queue, sizeof(struct relay_check), NULL);
}

/* --- The source. --- */

bool
source_is_redis(const struct live_source *s)
{
	return s->state == SOURCE_REDIS;
}

bool
source_is_busy(const struct live_source *s)
{
	return read_queue_is_busy(s->poll_queue) || read_queue_is_busy(s->check_queue);
}

struct topic_source
source_for_topics(struct live_source *s)
{
	return (struct topic_source){ s, s->subscriber, hears, widen };
}

static int
source_free(struct live_source *s)
{
	event_free(s->poll_timer);
	return 0;
}

struct live_source *
source_new(TALLOC_CTX *ctx, struct event_base *base, struct topics *topics,
           struct batch_reader *reader, const char *redis_url)
{
	struct live_source *s = talloc_zero(ctx, struct live_source);

	assert(topics != NULL && reader != NULL);
	s->topics = topics;
	s->subscriber = subscriber_new(s, base, redis_url, &subscriber_rules, s);
	s->poll_queue = read_queue_new(reader, 1, answer_poll, take_poll, s);
	s->check_queue = read_queue_new(reader, 1, answer_check, take_check, s);
	s->poll_timer = evtimer_new(base, on_poll_timer, s);
	poll_in(s, 0);
	talloc_set_destructor(s, source_free);
	return s;
}
