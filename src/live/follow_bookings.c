/* Those who follow bookings: what they begin with, what they are told, when it ends. */

#include <stdlib.h>
#include <string.h>

#include "base/metrics.h"
#include "live/read_bookings.h"
#include "live/topic.h"

#define ASKS_MOST  256
#define SHOWN_MOST 128 /* bookings that a follower is known to have been shown */

/* A booking that a follower has been shown. */
struct shown {
	struct uuid id;
	struct cursor cursor; /* of the change it was shown by */
	enum booking_status status;
};

struct question {
	struct read_bookings read; /* first: what the reader sees */
	struct asked *asked;
};

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

static struct shown *
find_shown(const struct follower *f, const struct uuid *id)
{
	for (uint8_t i = 0; i < f->n_shown; i++) {
		if (memcmp(&f->shown[i].id, id, sizeof(*id)) == 0)
			return &f->shown[i];
	}
	return NULL;
}

static void
remove_shown(struct follower *f, struct shown *s)
{
	memmove(s, s + 1, (size_t)(f->shown + f->n_shown - 1 - s) * sizeof(*s));
	if (--f->n_shown == 0)
		follow_bookings_forget(f);
}

/* Room for one more: of too many, one that is final gives way, else the oldest. */
static struct shown *
add_shown(struct follower *f)
{
	uint8_t i = 0;

	if (f->n_shown == SHOWN_MOST) {
		while (i < f->n_shown && !final[f->kind][f->shown[i].status])
			i++;
		remove_shown(f, &f->shown[i == f->n_shown ? 0 : i]);
	}
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
	struct shown *s = find_shown(f, &c->booking_id);

	if (final[f->kind][c->status] && cursor_compare(&cursor, &f->last) <= 0) {
		if (s != NULL)
			remove_shown(f, s);
		return;
	}
	if (s == NULL)
		s = add_shown(f);
	*s = (struct shown){ c->booking_id, cursor, c->status };
}

void
follow_bookings_forget(struct follower *f)
{
	free(f->shown);
	f->shown = NULL;
	f->n_shown = 0;
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

/* Sends a change under an id of its own or another; uses and keeps messages by kind. */
static void
send_change(struct follower *f, const struct change *c, void *messages[FOLLOW__MAX], bool greeting)
{
	const struct fanout_rules *rules = f->topic->fanout->rules;

	if (messages[f->kind] == NULL)
		messages[f->kind] = rules->status(f->kind, c);
	rules->send(f, messages[f->kind], greeting);
	f->last = c->cursor;
}

static void
drop_messages(const struct fanout_rules *rules, void *messages[FOLLOW__MAX])
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
	const struct shown *s;

	if (f->kind == FOLLOW_BOOKING && memcmp(&c->booking_id, &f->booking_id, 16) != 0)
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
		follower_end(f);
}

void
follow_bookings_hear(struct follower *f, const struct change *c)
{
	const struct fanout_rules *rules = f->topic->fanout->rules;
	void *messages[FOLLOW__MAX] = { NULL };

	tell_one(f, c, messages);
	drop_messages(rules, messages);
}

void
follow_bookings_tell(struct topic *t, const struct change *c)
{
	const struct fanout_rules *rules = t->fanout->rules;
	void *messages[FOLLOW__MAX] = { NULL };
	struct follower *f, *next;

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
	topic_let(t);
	drop_messages(rules, messages);
}

/* --- Beginning, in the loop. --- */

/* Whether what was missed is all there, and not too much; a place to come was never given out. */
static bool
can_replay(const struct read_bookings *q)
{
	return q->after.xid != 0 && q->n_missed <= FANOUT_REPLAY_MOST &&
	       cursor_compare(&q->after, &q->horizon) <= 0;
}

/*
 * Sends the present state. All but the last booking have the ids of their own last moves, as
 * long as these are below the snapshot's: whoever is cut off in between misses nothing.
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
		drop_messages(f->topic->fanout->rules, messages);
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
		drop_messages(f->topic->fanout->rules, messages);
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
	const struct standing *s = q->standing; /* of the booking, when it follows one */
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

	f->topic->fanout->rules->open(f);
	if (can_replay(q)) {
		over = begin_where_it_was(f, q);
	} else {
		greet(f, q);
		over = f->kind == FOLLOW_BOOKING && final[f->kind][q->standing->change.status];
	}
	if (over)
		follower_end(f);
	else
		follower_hears(f);
}

static void
settle(struct fanout *fanout, struct follower *f, const struct read_bookings *q)
{
	enum err e = ERR_OK;

	if (!q->found)
		e = f->kind == FOLLOW_OWN ? ERR_EVENT_NOT_FOUND : ERR_BOOKING_NOT_FOUND;
	else if (f->kind == FOLLOW_BOOKING)
		e = fanout->rules->admit(f, q->owner, q->seller);
	if (e != ERR_OK)
		follower_refuse(f, e);
	else if (f->kind == FOLLOW_BOOKING &&
	         topic_of_bookings(fanout, q->owner, f->event_id) != f->topic)
		follower_move(fanout, f, q->owner);
	else if (!topic_remembers(f->topic, &q->horizon))
		follower_again(f);
	else
		begin_following(f, q);
}

static void
take(void *arg, struct read_batch *b)
{
	struct fanout *fanout = arg;

	for (size_t i = 0; i < b->n; i++) {
		const struct question *q = b->asks[i];
		struct follower *f = q->asked->by;

		free(q->asked);
		if (f == NULL)
			continue;
		f->asked = NULL;
		if (b->err != ERR_OK)
			follower_refuse(f, b->err);
		else
			settle(fanout, f, &q->read);
	}
}

void
follow_bookings_ask(struct follower *f)
{
	TALLOC_CTX *ctx;
	struct question *q = read_queue_ask(f->topic->fanout->bookings_desk, sizeof(*q), &ctx);

	q->asked = malloc(sizeof(*q->asked));
	if (q->asked == NULL)
		abort();
	q->asked->by = f;
	f->asked = q->asked;
	q->read.kind = f->kind;
	q->read.event_id = f->event_id;
	q->read.booking_id = f->booking_id;
	q->read.user_id = talloc_strdup(ctx, f->user_id);
	q->read.after = f->after;
}

static enum err
answer(struct db *db, struct read_batch *b)
{
	return read_bookings_all(db, b, (struct read_bookings **)b->asks, b->n);
}

void
follow_bookings_init(struct fanout *fanout)
{
	fanout->bookings_desk = read_queue_new(fanout->joins, ASKS_MOST, answer, take, fanout);
}
