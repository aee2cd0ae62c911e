/* Where what is new comes from: Redis, as long as it can be relied on; else the journal. */

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "live/topic.h"
#include "store/param.h"

#define POLL_MS     100   /* between two polls */
#define POLL_ROWS   2000  /* at a time */
#define EVENTS_MOST 256   /* named in a poll; with more, all rows are read */
#define HELD_MOST   10000 /* messages, while the source is changed */
#define QUIET_MS    5000  /* a relay that gives no sign of life for so long is away … */
#define LATE_MS     1000  /* … and one that is so late is as good as away; … */
#define PUNCTUAL_MS 500   /* … one that has caught up is this late at the most */

/* A message that is held back. */
struct message {
	STAILQ_ENTRY(message) next;
	char *channel, *text;
	size_t n;
};

struct held {
	STAILQ_HEAD(, message) messages;
	size_t n;
};

struct poll {
	struct cursor from;
	const char *events; /* NULL: of all */
	bool first, last;   /* nothing is known yet; no message is passed by from now on */
	uint64_t horizon;
	struct rows *rows;
};

struct check {
	bool known, trouble;
	struct cursor at;
	int64_t quiet_ms, late_ms;
};

/* --- Telling. --- */

/* A row of the journal, for those whom it concerns. */
static void
tell_row(struct fanout *fanout, struct read_batch *b, const struct rows *rows, int r)
{
	const char *user = row_text(rows, r, 9);
	struct seats_change seats;
	struct change change;
	struct topic *t;

	change_read(b, rows, r, 0, &change);
	if (change.status != BOOKING__MAX && user != NULL &&
	    (t = topic_of_bookings(fanout, user, change.event_id)) != NULL)
		follow_bookings_tell(t, &change);
	if ((t = topic_of_seats(fanout, change.event_id)) != NULL) {
		change_read_seats(b, rows, r, 0, &change, &seats);
		follow_seats_tell(t, &seats);
	}
}

/* A message of Redis, likewise. */
static void
tell_message(struct topic *t, const char *text, size_t n)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct seats_change seats;
	struct change change;
	enum err e;

	e = t->seats != NULL ? change_parse_seats(ctx, text, n, &seats)
	                     : change_parse(ctx, text, n, &change);
	if (e != ERR_OK)
		log_line(LOG_WARN, "a message of redis is not understood", "channel",
		         channel_name(t->channel), NULL);
	else if (t->seats != NULL)
		follow_seats_tell(t, &seats);
	else
		follow_bookings_tell(t, &change);
	talloc_free(ctx);
}

/* --- Changing the source. --- */

static void
drop_held(struct fanout *fanout)
{
	TALLOC_FREE(fanout->held);
}

static void
poll_in(struct fanout *fanout, int ms)
{
	const struct timeval wait = { ms / 1000, ms % 1000 * 1000 };

	event_add(fanout->poll_timer, &wait);
}

/* Redis cannot be relied on: from the last place that it has certainly told us of. */
static void
fall_back(struct fanout *fanout, const char *reason)
{
	if (fanout->source == SOURCE_REDIS)
		log_line(LOG_WARN, "streams poll the journal", "reason", reason, NULL);
	else if (fanout->source != SOURCE_SWITCH)
		return;
	drop_held(fanout);
	fanout->source = SOURCE_POLL;
	poll_in(fanout, 0);
	fanout_begin(fanout);
}

/* Redis can be relied on: messages are held back until the journal has been read once more. */
static void
begin_switch(struct fanout *fanout)
{
	fanout->source = SOURCE_SWITCH;
	fanout->held = talloc_zero(fanout, struct held);
	STAILQ_INIT(&fanout->held->messages);
}

/*
 * The journal has been read up to the end, after all channels were subscribed: what was held
 * back follows it.
 */
static void
end_switch(struct fanout *fanout)
{
	struct held *held = fanout->held;
	struct message *m;
	struct channel *c;

	fanout->held = NULL;
	fanout->source = SOURCE_REDIS;
	fanout->noted[0] = fanout->noted[1] = fanout->cursor;
	STAILQ_FOREACH(m, &held->messages, next) {
		c = channel_find(fanout->subscriber, m->channel);
		if (c != NULL && ((struct topic *)channel_owner(c))->fanout != NULL)
			tell_message(channel_owner(c), m->text, m->n);
	}
	talloc_free(held);
	log_line(LOG_INFO, "streams hear from redis", NULL);
	fanout_begin(fanout);
}

static void
hold_back(struct fanout *fanout, const struct channel *c, const char *text, size_t n)
{
	struct message *m;

	if (fanout->held->n++ >= HELD_MOST) { /* it is tried again at the next check */
		fall_back(fanout, "too much at once");
		return;
	}
	m = talloc_zero(fanout->held, struct message);
	m->channel = talloc_strdup(m, channel_name(c));
	m->text = talloc_memdup(m, text, n);
	m->n = n;
	STAILQ_INSERT_TAIL(&fanout->held->messages, m, next);
}

/* --- What Redis says. --- */

static void
on_up(void *arg)
{
	struct fanout *fanout = arg;

	fanout->up = true;
	source_check(fanout);
}

static void
on_down(void *arg)
{
	struct fanout *fanout = arg;

	fanout->up = false;
	fall_back(fanout, "redis is away");
}

static void
on_joined(void *arg, struct channel *c)
{
	(void)arg;
	topic_begin(channel_owner(c));
}

static void
on_message(void *arg, struct channel *c, const char *text, size_t n)
{
	struct fanout *fanout = arg;

	if (fanout->source == SOURCE_SWITCH)
		hold_back(fanout, c, text, n);
	else if (fanout->source == SOURCE_REDIS)
		tell_message(channel_owner(c), text, n);
}

/*
 * Everything that was published before the PING has been told, and the relay had published all
 * up to where it was when asked, some time before the PING. Two answers on, that is certain.
 */
static void
on_pong(void *arg)
{
	struct fanout *fanout = arg;

	if (fanout->source != SOURCE_REDIS)
		return;
	if (cursor_compare(&fanout->noted[1], &fanout->cursor) > 0)
		fanout->cursor = fanout->noted[1];
	fanout->noted[1] = fanout->noted[0];
}

static const struct subscriber_rules subscriber_rules = { on_up, on_down, on_joined, on_message,
	                                                  on_pong };

bool
source_hears(const struct topic *t)
{
	switch (t->fanout->source) {
	case SOURCE_UNKNOWN:
		return false;
	case SOURCE_POLL:
		return true;
	default:
		return channel_is_joined(t->channel);
	}
}

/* --- The journal. --- */

static enum err
answer_poll(struct db *db, struct read_batch *b)
{
	struct poll *p = b->asks[0];
	const struct call calls[] = {
		{ .stmt = STMT_HORIZON },
		{ STMT_POLL_JOURNAL,
		  { param_int(b, (int64_t)p->from.xid), param_int(b, p->from.seq), p->events,
		    param_int(b, POLL_ROWS) } },
	};
	struct rows *rows[2];
	enum err e = db_exchange(db, b, calls, p->first ? 1 : 2, rows);

	if (e != ERR_OK)
		return e;
	p->horizon = (uint64_t)row_i64(rows[0], 0, 0);
	p->rows = p->first ? NULL : rows[1];
	return ERR_OK;
}

/* The events that anybody follows, as a parameter; NULL: too many to be named. */
static const char *
events_param(struct fanout *fanout, TALLOC_CTX *ctx)
{
	struct array events;
	struct topic *t;

	if (fanout->n_topics > EVENTS_MOST || fanout->poll_all)
		return NULL;
	array_init(&events, ctx);
	LIST_FOREACH(t, &fanout->topics, in_fanout)
		array_int(&events, t->event_id);
	return array_done(&events);
}

static void
on_poll_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fanout *fanout = arg;
	TALLOC_CTX *ctx;
	struct poll *p;

	(void)fd;
	(void)what;
	if (fanout->source == SOURCE_REDIS || read_queue_is_busy(fanout->poll_desk))
		return;
	p = read_queue_ask(fanout->poll_desk, sizeof(*p), &ctx);
	p->first = fanout->source == SOURCE_UNKNOWN;
	p->last = fanout->source == SOURCE_SWITCH && subscriber_is_settled(fanout->subscriber);
	p->from = fanout->cursor;
	p->events = events_param(fanout, ctx);
	fanout->poll_stale = false;
}

/* Goes on to where the poll ended; false when the next one has to begin in the same place. */
static bool
move_on(struct fanout *fanout, const struct poll *p, int n)
{
	const struct cursor horizon = { p->horizon, 0 };
	struct cursor last = p->from;

	if (p->first) {
		fanout->source = SOURCE_POLL;
		fanout->cursor = horizon;
		return true;
	}
	if (n > 0)
		last = (struct cursor){ (uint64_t)row_i64(p->rows, n - 1, 0),
			                row_i64(p->rows, n - 1, 1) };
	if (fanout->poll_stale && p->events != NULL) {
		fanout->poll_all = true; /* it did not read what somebody new wants */
		return false;
	}
	fanout->poll_all = false;
	fanout->cursor = n < POLL_ROWS && cursor_compare(&horizon, &last) > 0 ? horizon : last;
	return n < POLL_ROWS;
}

static void
take_poll(void *arg, struct read_batch *b)
{
	struct poll *p = b->asks[0];
	struct fanout *fanout = arg;
	bool caught_up;
	int n;

	if (b->err != ERR_OK) {
		while (fanout->source == SOURCE_UNKNOWN && !TAILQ_EMPTY(&fanout->line))
			follower_refuse(TAILQ_FIRST(&fanout->line), b->err);
		poll_in(fanout, POLL_MS);
		return;
	}
	n = p->rows == NULL ? 0 : rows_count(p->rows);
	for (int r = 0; r < n; r++)
		tell_row(fanout, b, p->rows, r);
	caught_up = move_on(fanout, p, n);
	if (p->first)
		fanout_begin(fanout);
	else if (caught_up && p->last && fanout->source == SOURCE_SWITCH)
		end_switch(fanout);
	poll_in(fanout, caught_up ? POLL_MS : 0);
}

void
source_widen(struct fanout *fanout)
{
	if (read_queue_is_busy(fanout->poll_desk))
		fanout->poll_stale = true;
}

/* --- The relay. --- */

static enum err
answer_check(struct db *db, struct read_batch *b)
{
	struct check *c = b->asks[0];
	struct rows *rows;
	enum err e = db_query(db, b, (struct call){ STMT_RELAY_STATE, { "redis" } }, &rows);

	if (e != ERR_OK || rows_count(rows) == 0)
		return e;
	c->known = true;
	c->at = (struct cursor){ (uint64_t)row_i64(rows, 0, 0), row_i64(rows, 0, 1) };
	c->trouble = row_bool(rows, 0, 2);
	c->quiet_ms = row_i64(rows, 0, 3);
	c->late_ms = row_i64(rows, 0, 4);
	return ERR_OK;
}

static void
take_check(void *arg, struct read_batch *b)
{
	const struct check *c = b->asks[0];
	struct fanout *fanout = arg;

	if (b->err != ERR_OK) /* without a database nothing is new */
		return;
	fanout->noted[0] = c->at;
	if (!c->known || c->trouble || c->quiet_ms > QUIET_MS || c->late_ms > LATE_MS)
		fall_back(fanout, "the relay is away or late");
	else if (fanout->up && fanout->source == SOURCE_POLL && c->late_ms <= PUNCTUAL_MS)
		begin_switch(fanout);
}

void
source_check(struct fanout *fanout)
{
	struct check *c;

	if (!fanout->up || read_queue_is_busy(fanout->check_desk))
		return;
	c = read_queue_ask(fanout->check_desk, sizeof(*c), NULL);
	(void)c;
}

void
source_init(struct fanout *fanout, const char *redis_url)
{
	fanout->subscriber = subscriber_new(fanout, fanout->base, redis_url, &subscriber_rules,
	                                    fanout);
	fanout->poll_desk = read_queue_new(fanout->news, 1, answer_poll, take_poll, fanout);
	fanout->check_desk = read_queue_new(fanout->news, 1, answer_check, take_check, fanout);
	fanout->poll_timer = evtimer_new(fanout->base, on_poll_timer, fanout);
	poll_in(fanout, 0);
}
