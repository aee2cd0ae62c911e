/*
 * Followers of bookings, of a user for an event or of a single one: what they begin with, what
 * they are told, and when it ends.
 */
#include "live/follow_bookings.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "live/read_bookings.h"
#include "live/topic.h"

#define READS_MOST 256 /* in one batch */
#define SHOWN_MOST 128 /* bookings that a follower is known to have been shown */
_Static_assert(SHOWN_MOST <= UINT8_MAX, "follower.n_shown counts them");

/* A booking that a follower has been shown. */
struct shown_booking {
	struct uuid id;
	struct cursor cursor; /* of the change it was shown by */
	enum booking_status status;
};

/* Whether a follower still waits for what is being read for it; outlives the follower. */
struct pending_read {
	struct follower *by; /* NULL: it has left */
};

struct bookings_read {
	struct read_bookings read; /* first: read_bookings_all sees an array of these */
	struct pending_read *pending;
};
_Static_assert(offsetof(struct bookings_read, read) == 0, "read_bookings_all reads from the front");

/* Which states are the last ones, for either kind of follower. */
static const bool final[FOLLOW__MAX][BOOKING__MAX] = {
	[FOLLOW_OWN] = { [BOOKING_CONFIRMED] = true,
	                 [BOOKING_CANCELLED] = true,
	                 [BOOKING_EXPIRED] = true,
	                 [BOOKING_FAILED] = true,
	                 [BOOKING_REFUNDED] = true },
	[FOLLOW_BOOKING] = { [BOOKING_CANCELLED] = true,
	                     [BOOKING_EXPIRED] = true,
	                     [BOOKING_FAILED] = true,
	                     [BOOKING_REFUNDED] = true },
};

/* --- What a follower has been shown. --- */

static struct shown_booking *
find_shown(const struct follower *f, const struct uuid *id)
{
	for (uint8_t i = 0; i < f->n_shown; i++) {
		if (uuid_equal(&f->shown[i].id, id))
			return &f->shown[i];
	}
	return NULL;
}

static void
drop_shown(struct follower *f)
{
	free(f->shown);
	f->shown = NULL;
	f->n_shown = 0;
}

static void
remove_shown(struct follower *f, struct shown_booking *s)
{
	assert(s >= f->shown && s < f->shown + f->n_shown);
	memmove(s, s + 1, (size_t)(f->shown + f->n_shown - 1 - s) * sizeof(*s));
	if (--f->n_shown == 0)
		drop_shown(f);
}

/* Room for one more: of too many, one that is final gives way, else the oldest. */
static struct shown_booking *
add_shown(struct follower *f)
{
	uint8_t i = 0;

	assert((f->shown == NULL) == (f->n_shown == 0));
	if (f->n_shown == SHOWN_MOST) {
		while (i < f->n_shown && !final[f->kind][f->shown[i].status])
			i++;
		remove_shown(f, &f->shown[i == f->n_shown ? 0 : i]);
	}
	assert(f->n_shown < SHOWN_MOST);
	f->shown = realloc(f->shown, (f->n_shown + 1U) * sizeof(*f->shown));
	if (f->shown == NULL)
		abort();
	return &f->shown[f->n_shown++];
}

/*
 * Keeps what is needed of a booking that has been shown: while it is live; or while the change
 * by which it was shown is still to come, and is not to be shown again.
 */
static void
note_shown(struct follower *f, const struct change *c, struct cursor cursor)
{
	struct shown_booking *s = find_shown(f, &c->booking_id);

	if (final[f->kind][c->status] && cursor_compare(&cursor, &f->last) <= 0) {
		if (s != NULL)
			remove_shown(f, s);
		return;
	}
	if (s == NULL)
		s = add_shown(f);
	*s = (struct shown_booking){ c->booking_id, cursor, c->status };
}

static void
forget(struct follower *f)
{
	if (f->reading != NULL)
		f->reading->by = NULL;
	f->reading = NULL;
	drop_shown(f);
}

static bool
has_live(const struct follower *f)
{
	for (uint8_t i = 0; i < f->n_shown; i++) {
		if (!final[f->kind][f->shown[i].status])
			return true;
	}
	return false;
}

/* --- Telling. --- */

/* Sends a change under the id of its cursor; a message is made once for each kind of follower. */
static void
send_change(struct follower *f, const struct change *c, void *messages[FOLLOW__MAX], bool greeting)
{
	const struct follower_rules *rules = topics_rules(f->topic->topics);

	assert(f->kind < FOLLOW__MAX && c->status != BOOKING__MAX);
	if (messages[f->kind] == NULL)
		messages[f->kind] = rules->status(f->kind, c);
	rules->send(f, messages[f->kind], greeting);
	f->last = c->cursor;
}

static void
drop_messages(const struct follower_rules *rules, void *messages[FOLLOW__MAX])
{
	for (int k = 0; k < FOLLOW__MAX; k++) {
		if (messages[k] != NULL)
			rules->drop(messages[k]);
		messages[k] = NULL;
	}
}

/* Tells a change, unless it is known; true when it made a booking final. */
static bool
tell(struct follower *f, const struct change *c, void *messages[FOLLOW__MAX], bool greeting)
{
	const struct shown_booking *s;

	if (f->kind == FOLLOW_BOOKING && !uuid_equal(&c->booking_id, &f->booking_id))
		return false;
	s = find_shown(f, &c->booking_id);
	if (cursor_compare(&c->cursor, &f->last) <= 0 ||
	    (s != NULL && cursor_compare(&c->cursor, &s->cursor) <= 0))
		return false;
	send_change(f, c, messages, greeting);
	note_shown(f, c, c->cursor);
	return final[f->kind][c->status];
}

static void
tell_one(struct follower *f, const struct change *c, void *messages[FOLLOW__MAX])
{
	if (tell(f, c, messages, false) && !has_live(f))
		topic_end(f);
}

static void
hear(struct follower *f, const struct recent *r)
{
	const struct follower_rules *rules = topics_rules(f->topic->topics);
	void *messages[FOLLOW__MAX] = { NULL };

	assert(f->state == FOLLOWER_HEARS && r->change != NULL);
	tell_one(f, r->change, messages);
	drop_messages(rules, messages);
}

static enum err
parse_news(TALLOC_CTX *ctx, const char *text, size_t n, struct news *out)
{
	return change_parse(ctx, text, n, &out->change);
}

static void
tell_all(struct topic *t, const struct news *news)
{
	const struct follower_rules *rules = topics_rules(t->topics);
	const struct change *c = &news->change;
	void *messages[FOLLOW__MAX] = { NULL };
	struct follower *f, *next;

	assert(c->status != BOOKING__MAX);
	if (cursor_compare(&c->cursor, &t->cursor) <= 0)
		return;
	t->cursor = c->cursor;
	topic_remember(t, &c->cursor, t->beginning > 0 ? change_copy(NULL, c) : NULL, NULL);
	topic_hold(t);
	for (f = LIST_FIRST(&t->followers); f != NULL; f = next) {
		next = LIST_NEXT(f, in_topic);
		if (f->state == FOLLOWER_HEARS)
			tell_one(f, c, messages);
	}
	topic_release(t);
	drop_messages(rules, messages);
}

/* --- Beginning, in the loop. --- */

/* Whether what was missed was read whole; a place above the horizon was never given out. */
static bool
can_replay(const struct read_bookings *q)
{
	return q->after.xid != 0 && q->n_missed <= FOLLOW_REPLAY_MOST &&
	       cursor_compare(&q->after, &q->horizon) <= 0;
}

/*
 * Sends the present state. All but the last booking have the ids of their own last moves, as
 * long as these are below the snapshot's: a stream that is cut off in between misses nothing.
 */
static void
greet(struct follower *f, const struct read_bookings *q)
{
	for (size_t i = 0; i < q->n_standing; i++) {
		struct change c = q->standing[i].change;
		void *messages[FOLLOW__MAX] = { NULL };

		if (i + 1 == q->n_standing || cursor_compare(&c.cursor, &q->horizon) > 0)
			c.cursor = q->horizon;
		send_change(f, &c, messages, true);
		drop_messages(topics_rules(f->topic->topics), messages);
	}
	f->last = q->horizon;
	for (size_t i = 0; i < q->n_standing; i++)
		note_shown(f, &q->standing[i].change, q->standing[i].change.cursor);
}

/*
 * Sends what was missed; true when that made a booking final. A booking whose last move is yet
 * to be told counts as live until then.
 */
static bool
replay(struct follower *f, const struct read_bookings *q)
{
	void *messages[FOLLOW__MAX] = { NULL };
	bool ended = false;

	metrics_count(METRIC_STREAM_REPLAYS, 0);
	f->last = q->after;
	for (size_t i = 0; i < q->n_missed; i++) {
		if (q->missed[i].status == BOOKING__MAX)
			continue;
		ended = tell(f, &q->missed[i], messages, true) || ended;
		drop_messages(topics_rules(f->topic->topics), messages);
	}
	if (cursor_compare(&f->last, &q->horizon) < 0)
		f->last = q->horizon;
	for (size_t i = 0; i < q->n_standing; i++) {
		struct change c = q->standing[i].change;

		if (cursor_compare(&c.cursor, &f->last) > 0)
			c.status = BOOKING_PENDING;
		note_shown(f, &c, f->last);
	}
	return ended;
}

/* Begins with what was missed; true when that is all there will be. */
static bool
begin_where_it_was(struct follower *f, const struct read_bookings *q)
{
	const struct booking_standing *s = q->standing; /* of the booking, when it follows one */
	bool over = replay(f, q) && !has_live(f);

	if (f->kind != FOLLOW_BOOKING)
		return over;
	if (s->lapsed)
		greet(f, q);
	return over || (final[f->kind][s->change.status] &&
	                cursor_compare(&s->change.cursor, &f->last) <= 0);
}

static void
begin_following(struct follower *f, const struct read_bookings *q)
{
	bool over;

	assert(f->state == FOLLOWER_READS && f->n_shown == 0);
	topics_rules(f->topic->topics)->open(f);
	if (can_replay(q)) {
		over = begin_where_it_was(f, q);
	} else {
		greet(f, q);
		over = f->kind == FOLLOW_BOOKING && final[f->kind][q->standing->change.status];
	}
	if (over)
		topic_end(f);
	else
		topic_catch_up(f);
}

/* What was read for a follower has come. */
static void
settle(struct follower *f, const struct read_bookings *q)
{
	const struct topics *topics = f->topic->topics;
	enum err e = ERR_OK;

	assert(f->state == FOLLOWER_READS);
	if (!q->found)
		e = f->kind == FOLLOW_OWN ? ERR_EVENT_NOT_FOUND : ERR_BOOKING_NOT_FOUND;
	else if (f->kind == FOLLOW_BOOKING)
		e = topics_rules(topics)->admit(f, q->owner, q->seller);
	if (e != ERR_OK)
		topic_refuse(f, e);
	else if (f->kind == FOLLOW_BOOKING &&
	         topic_find(topics, f->kind, q->owner, f->event_id) != f->topic)
		topic_move(f, q->owner);
	else if (!topic_remembers(f->topic, &q->horizon))
		topic_ask_again(f);
	else
		begin_following(f, q);
}

static void
take(void *arg, struct read_batch *b)
{
	(void)arg;
	for (size_t i = 0; i < b->n; i++) {
		const struct bookings_read *r = b->asks[i];
		struct follower *f = r->pending->by;

		free(r->pending);
		if (f == NULL)
			continue;
		f->reading = NULL;
		if (b->err != ERR_OK)
			topic_refuse(f, b->err);
		else
			settle(f, &r->read);
	}
}

static void
ask(struct follower *f)
{
	TALLOC_CTX *ctx;
	struct bookings_read *r = read_queue_ask(f->topic->kind->state, sizeof(*r), &ctx);

	assert(f->reading == NULL);
	r->pending = malloc(sizeof(*r->pending));
	if (r->pending == NULL)
		abort();
	r->pending->by = f;
	f->reading = r->pending;
	r->read.kind = f->kind;
	r->read.event_id = f->event_id;
	r->read.booking_id = f->booking_id;
	r->read.user_id = talloc_strdup(ctx, f->user_id);
	r->read.after = f->after;
}

/* In the reader's thread. */
static enum err
answer(struct db *db, struct read_batch *b)
{
	return read_bookings_all(db, b, (struct read_bookings **)b->asks, b->n);
}

/* --- The kind. --- */

static void
name_channel(char out[TOPIC_NAME], const char *user_id, int32_t event_id)
{
	snprintf(out, TOPIC_NAME, "booking:status:%s:%d", user_id, event_id);
}

static bool
is_busy(const struct follow_kind *kind)
{
	return read_queue_is_busy(kind->state);
}

const struct follow_kind *
follow_bookings_new(TALLOC_CTX *ctx, struct batch_reader *begins)
{
	struct follow_kind *kind = talloc(ctx, struct follow_kind);

	*kind = (struct follow_kind){ .name = name_channel,
		                      .ask = ask,
		                      .hear = hear,
		                      .forget = forget,
		                      .parse = parse_news,
		                      .tell = tell_all,
		                      .is_busy = is_busy };
	kind->state = read_queue_new(begins, READS_MOST, answer, take, kind);
	return kind;
}
