/* Those who begin to follow the seats of an event: what is read for them, and sent. */

#include "base/clock.h"
#include "base/metrics.h"
#include "live/follow_seats.h"

#define EVENTS_MOST 64 /* read together */

struct read_ask {
	struct read_seats read; /* first: what the reader sees */
	struct origin origin;
};

static bool
wants(const struct follower *f)
{
	return f->state == FOLLOWER_READS;
}

void
follow_seats_ask_now(struct seats_feed *s)
{
	struct topic *t = s->topic;
	struct read_ask *a = read_queue_ask(t->fanout->seats_desk, sizeof(*a), NULL);
	struct follower *f;

	a->origin = origin_of(t);
	a->read.event_id = t->event_id;
	a->read.count = s->count;
	LIST_FOREACH(f, &t->followers, in_topic) {
		if (!wants(f))
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
follow_seats_ask(struct topic *t)
{
	struct seats_feed *s = t->seats;

	if (s->reading || s->waiting)
		return;
	if (clock_mono_us() >= s->read_us) {
		follow_seats_ask_now(s);
	} else {
		s->waiting = true;
		follow_seats_due(s, s->read_us);
	}
}

/* Messages for those who begin: the snapshot, and one for each number of rows missed. */
struct greetings {
	void *snapshot;
	struct {
		size_t rows;
		void *message;
	} missed[16];
	size_t n;
};

static void *
missed_message(struct greetings *g, const struct fanout *fanout, const struct read_seats *r,
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
	message = news.n == 0 ? NULL : fanout->rules->seats(&news);
	talloc_free(ctx);
	if (g->n == 16) {
		g->n--;
		if (g->missed[15].message != NULL)
			fanout->rules->drop(g->missed[15].message);
	}
	g->missed[g->n].rows = rows;
	g->missed[g->n++].message = message;
	return message;
}

static void *
snapshot_message(struct greetings *g, const struct fanout *fanout, const struct read_seats *r)
{
	const struct seats_news news = {
		{ r->horizon, 0 }, r->version, true, r->taken, r->n_taken
	};

	if (g->snapshot == NULL)
		g->snapshot = fanout->rules->seats(&news);
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
	const struct fanout *fanout = f->topic->fanout;
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
	fanout->rules->open(f);
	if (known)
		metrics_count(METRIC_STREAM_REPLAYS, 0);
	message = known ? missed_message(g, fanout, r, rows) : snapshot_message(g, fanout, r);
	if (message != NULL)
		fanout->rules->send(f, message, true);
	f->last = (struct cursor){ r->horizon, 0 };
	f->topic->seats->begun = f->last;
	follower_hears(f);
	return true;
}

/* The version is known now: counts what came meanwhile. False when that was too much. */
static bool
learn(struct seats_feed *s, const struct read_seats *r)
{
	const struct cursor horizon = { r->horizon, 0 };
	struct kept *kept = s->kept;

	s->count = r->count;
	if (s->version >= 0)
		return true;
	s->kept = NULL;
	if (kept != NULL && kept->n > KEPT_MOST) {
		talloc_free(kept);
		return false;
	}
	s->version = r->version;
	if (cursor_compare(&s->topic->cursor, &horizon) < 0)
		s->topic->cursor = horizon;
	for (size_t i = 0; kept != NULL && i < kept->n; i++) {
		if (cursor_compare(&kept->change[i]->cursor, &horizon) > 0)
			follow_seats_note(s, kept->change[i]);
	}
	talloc_free(kept);
	return true;
}

/* What was read lets those begin for whom it is enough; for the rest it is read again. */
static void
serve(struct topic *t, const struct read_seats *r)
{
	const struct cursor horizon = { r->horizon, 0 };
	struct greetings g = { .snapshot = NULL };
	struct follower *f, *next;
	bool enough = learn(t->seats, r) && topic_remembers(t, &horizon), again = false;

	for (f = LIST_FIRST(&t->followers); f != NULL; f = next) {
		next = LIST_NEXT(f, in_topic);
		if (wants(f) && (!enough || !begin_with(f, r, &g)))
			again = true;
	}
	if (g.snapshot != NULL)
		t->fanout->rules->drop(g.snapshot);
	for (size_t i = 0; i < g.n; i++) {
		if (g.missed[i].message != NULL)
			t->fanout->rules->drop(g.missed[i].message);
	}
	if (again)
		follow_seats_ask(t);
}

static void
refuse_all(struct topic *t, enum err e)
{
	struct follower *f, *next;

	for (f = LIST_FIRST(&t->followers); f != NULL; f = next) {
		next = LIST_NEXT(f, in_topic);
		if (f->state != FOLLOWER_HEARS)
			follower_refuse(f, e);
	}
}

static void
take_read(void *arg, struct read_batch *b)
{
	struct fanout *fanout = arg;

	for (size_t i = 0; i < b->n; i++) {
		const struct read_ask *a = b->asks[i];
		struct topic *t = origin_find(fanout, &a->origin);

		if (t == NULL)
			continue;
		t->seats->reading = false;
		t->seats->read_us = clock_mono_us() + FANOUT_MERGE_US;
		topic_hold(t);
		if (b->err != ERR_OK)
			refuse_all(t, b->err);
		else if (!a->read.found)
			refuse_all(t, ERR_EVENT_NOT_FOUND);
		else
			serve(t, &a->read);
		topic_let(t);
	}
}

static enum err
answer(struct db *db, struct read_batch *b)
{
	return read_seats_all(db, b, (struct read_seats **)b->asks, b->n);
}

void
follow_seats_begin_init(struct fanout *fanout)
{
	fanout->seats_desk = read_queue_new(fanout->joins, EVENTS_MOST, answer, take_read, fanout);
}
