/* How followers of an event's seats begin: what is read for them, and sent. */
#include "live/follow_seats_begin.h"

#include <assert.h>

#include "base/clock.h"
#include "base/metrics.h"

#define EVENTS_MOST 64 /* read together */
#define MISSED_MOST 16 /* messages kept for followers that missed the same */

struct follow_seats_begin {
	struct topics *topics;
	struct read_queue *queue;
	struct due_list *dues;
};

struct begin_read {
	struct read_seats read; /* first: read_seats_all sees an array of these */
	struct seats_ref ref;
};
_Static_assert(offsetof(struct begin_read, read) == 0, "read_seats_all reads from the front");

static bool
is_beginning(const struct follower *f)
{
	return f->state == FOLLOWER_READS;
}

/* Asks for everything that the followers that begin need. */
static void
read_now(struct follow_seats_begin *b, struct seats_state *s)
{
	struct begin_read *a = read_queue_ask(b->queue, sizeof(*a), NULL);
	const struct topic *t = s->topic;
	const struct follower *f;

	assert(!s->reading && s->topic->seats == s);
	a->ref = seats_state_ref(s);
	a->read.event_id = t->event_id;
	a->read.count = s->count;
	LIST_FOREACH(f, &t->followers, in_topic) {
		if (!is_beginning(f))
			continue;
		if (f->after.xid != 0)
			read_seats_after(&a->read, &f->after);
		else if (f->since >= 0)
			read_seats_since(&a->read);
		else
			a->read.want_taken = true;
	}
	s->reading = true;
	s->waiting = false;
}

void
follow_seats_begin_ask(struct follow_seats_begin *b, struct seats_state *s)
{
	if (s->reading || s->waiting)
		return;
	if (clock_mono_us() >= s->read_us) {
		read_now(b, s);
	} else {
		s->waiting = true;
		due_list_set(b->dues, &s->due, s->read_us);
	}
}

void
follow_seats_begin_due(struct follow_seats_begin *b, struct seats_state *s, int64_t soon_us)
{
	if (s->waiting && s->read_us <= soon_us)
		read_now(b, s);
	else if (s->waiting)
		due_list_set(b->dues, &s->due, s->read_us);
}

/* Messages for followers that begin: the snapshot, and one for each number of rows missed. */
struct greetings {
	void *snapshot;
	struct {
		size_t rows;
		void *message;
	} missed[MISSED_MOST];
	size_t n;
};

static void *
missed_message(struct greetings *g, const struct follower_rules *rules, const struct read_seats *r,
               size_t rows)
{
	TALLOC_CTX *ctx;
	struct seats_news news = { { r->horizon, 0 }, r->version, false, NULL, 0 };
	void *message;

	for (size_t i = 0; i < g->n; i++) {
		if (g->missed[i].rows == rows)
			return g->missed[i].message;
	}
	ctx = talloc_new(NULL);
	news.seats = read_seats_changed(ctx, r, rows, &news.n);
	message = news.n == 0 ? NULL : rules->seats(&news);
	talloc_free(ctx);
	if (g->n == MISSED_MOST) {
		g->n--;
		if (g->missed[g->n].message != NULL)
			rules->drop(g->missed[g->n].message);
	}
	g->missed[g->n].rows = rows;
	g->missed[g->n++].message = message;
	return message;
}

static void *
snapshot_message(struct greetings *g, const struct follower_rules *rules,
                 const struct read_seats *r)
{
	const struct seats_news news = {
		{ r->horizon, 0 }, r->version, true, r->taken, r->n_taken
	};

	if (g->snapshot == NULL)
		g->snapshot = rules->seats(&news);
	return g->snapshot;
}

/* Whether what was missed was read for this follower, too. */
static bool
is_covered(const struct follower *f, const struct read_seats *r)
{
	return f->after.xid != 0 ? read_seats_has_after(r, &f->after)
	                         : f->since < 0 || r->want_since;
}

/* Lets a follower begin with what was read; false when something else has to be read for it. */
static bool
begin_with(struct follower *f, const struct read_seats *r, struct greetings *g)
{
	const struct follower_rules *rules = topics_rules(f->topic->topics);
	void *message;
	size_t rows;
	bool known;

	if (!is_covered(f, r))
		return false;
	known = f->after.xid != 0 ? read_seats_rows_after(r, &f->after, &rows)
	                          : f->since >= 0 && read_seats_rows_since(r, f->since, &rows);
	if (!known) { /* too long ago, or never true: it begins anew */
		f->after.xid = 0;
		f->since = -1;
		if (!r->want_taken)
			return false;
	}
	assert(f->topic->seats != NULL && f->topic->seats->version >= 0);
	rules->open(f);
	if (known)
		metrics_count(METRIC_STREAM_REPLAYS, 0);
	message = known ? missed_message(g, rules, r, rows) : snapshot_message(g, rules, r);
	if (message != NULL)
		rules->send(f, message, true);
	f->last = (struct cursor){ r->horizon, 0 };
	f->topic->seats->begun = f->last;
	topic_catch_up(f);
	return true;
}

static void
drop_greetings(struct greetings *g, const struct follower_rules *rules)
{
	if (g->snapshot != NULL)
		rules->drop(g->snapshot);
	for (size_t i = 0; i < g->n; i++) {
		if (g->missed[i].message != NULL)
			rules->drop(g->missed[i].message);
	}
}

/* Followers begin for which it is enough what was read; for the others it is read again. */
static void
serve(struct follow_seats_begin *b, struct seats_state *s, const struct read_seats *r)
{
	const struct cursor horizon = { r->horizon, 0 };
	struct greetings g = { .snapshot = NULL };
	struct topic *t = s->topic;
	struct follower *f, *next;
	const bool was_known = s->version >= 0;
	bool enough = seats_state_learn(s, r) && topic_remembers(t, &horizon), again = false;

	if (!was_known && s->n_merged > 0) /* rows that were kept until now */
		due_list_set(b->dues, &s->due, seats_state_due_us(s, clock_mono_us()));
	for (f = LIST_FIRST(&t->followers); f != NULL; f = next) {
		next = LIST_NEXT(f, in_topic);
		if (is_beginning(f) && (!enough || !begin_with(f, r, &g)))
			again = true;
	}
	drop_greetings(&g, topics_rules(t->topics));
	if (again)
		follow_seats_begin_ask(b, s);
}

static void
refuse_all(struct topic *t, enum err e)
{
	struct follower *f, *next;

	for (f = LIST_FIRST(&t->followers); f != NULL; f = next) {
		next = LIST_NEXT(f, in_topic);
		if (f->state != FOLLOWER_HEARS)
			topic_refuse(f, e);
	}
}

static void
take(void *arg, struct read_batch *batch)
{
	struct follow_seats_begin *b = arg;

	for (size_t i = 0; i < batch->n; i++) {
		const struct begin_read *a = batch->asks[i];
		struct seats_state *s = seats_state_find(b->topics, &a->ref);
		struct topic *t;

		if (s == NULL)
			continue;
		assert(s->reading);
		s->reading = false;
		s->read_us = clock_mono_us() + FOLLOW_MERGE_US;
		t = s->topic;
		topic_hold(t);
		if (batch->err != ERR_OK)
			refuse_all(t, batch->err);
		else if (!a->read.found)
			refuse_all(t, ERR_EVENT_NOT_FOUND);
		else
			serve(b, s, &a->read);
		topic_release(t);
	}
}

/* In the reader's thread. */
static enum err
answer(struct db *db, struct read_batch *batch)
{
	return read_seats_all(db, batch, (struct read_seats **)batch->asks, batch->n);
}

bool
follow_seats_begin_is_busy(const struct follow_seats_begin *b)
{
	return read_queue_is_busy(b->queue);
}

struct follow_seats_begin *
follow_seats_begin_new(TALLOC_CTX *ctx, struct topics *topics, struct batch_reader *reader,
                       struct due_list *dues)
{
	struct follow_seats_begin *b = talloc_zero(ctx, struct follow_seats_begin);

	assert(topics != NULL && dues != NULL);
	b->topics = topics;
	b->dues = dues;
	b->queue = read_queue_new(reader, EVENTS_MOST, answer, take, b);
	return b;
}
