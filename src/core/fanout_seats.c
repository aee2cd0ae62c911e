/* Those who follow the seats of an event: changes merged, counted and told to all at once. */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "core/fanout_inner.h"
#include "core/seats_read.h"

#define EVENTS_MOST 64   /* read together */
#define CHECKS_MOST 256  /* events whose changes are looked at together */
#define KEPT_MOST   1000 /* rows that came before the version was known */
#define MERGED_MOST 20000 /* changes, then they are told at once */
#define BASES       256
#define STEP_US     5000 /* events whose time is so near are told together */

/* Up to where an event's rows were counted when it was last followed. */
struct base {
	int32_t event_id;
	struct seats_count count;
};

/* What is known of the seats of an event that is followed. */
struct seats {
	struct topic *topic;
	LIST_ENTRY(seats) in_dirty;
	struct seats_count count;  /* to count on from */
	int64_t version;           /* up to the topic's cursor; -1: not known yet */
	struct cursor begun;       /* the last ones to begin know everything up to here */
	struct kept *kept;         /* what came before it was */
	struct seat_state *merged; /* in order; a seat may be there several times */
	size_t n_merged, room;
	int64_t told_us, due_us;   /* monotonic */
	int64_t read_us;           /* when it may be read again */
	bool dirty;                /* something is to be told */
	bool verifying;            /* it is being read what the seats to be told are now */
	bool reading;              /* for those who begin */
	bool waiting;              /* it is to be read when it may be */
};

/* Rows that came before the version was known. */
struct kept {
	size_t n;
	struct seats_change *change[KEPT_MOST];
};

/* A topic that something was asked for, by its name: it may be another one by now. */
struct origin {
	int32_t event_id;
	uint64_t serial;
};

struct read_ask {
	struct seats_read read; /* first: what the reader sees */
	struct origin origin;
};

struct verify_ask {
	struct seats_verify verify; /* first */
	struct origin origin;
	struct cursor cursor;
	int64_t version;
};

static struct topic *
find_origin(struct fanout *fanout, const struct origin *o)
{
	struct topic *t = topic_of_seats(fanout, o->event_id);

	return t != NULL && t->serial == o->serial ? t : NULL;
}

/* --- Time. --- */

/* Sees to it that the timer rings for what is due first. */
static void
ring_at(struct fanout *fanout, int64_t due_us)
{
	int64_t left_us = due_us - clock_mono_us();
	struct timeval wait;

	if (fanout->seats_due_us != 0 && fanout->seats_due_us <= due_us)
		return;
	left_us = left_us < 0 ? 0 : left_us;
	wait = (struct timeval){ left_us / US_PER_S, left_us % US_PER_S };
	fanout->seats_due_us = due_us;
	event_add(fanout->seats_timer, &wait);
}

/* Puts an event among those that have something to tell or to read. */
static void
set_dirty(struct seats *s, int64_t due_us)
{
	if (!s->dirty) {
		LIST_INSERT_HEAD(&s->topic->fanout->dirty, s, in_dirty);
		s->due_us = due_us;
	} else if (due_us < s->due_us) {
		s->due_us = due_us;
	}
	s->dirty = true;
	ring_at(s->topic->fanout, s->due_us);
}

static void
set_clean(struct seats *s)
{
	if (s->dirty)
		LIST_REMOVE(s, in_dirty);
	s->dirty = false;
}

/* --- Telling. --- */

void
seats_hear(struct follower *f, const struct cursor *cursor, void *message)
{
	if (cursor_compare(cursor, &f->last) <= 0)
		return;
	f->topic->fanout->rules->send(f, message, false);
	f->last = *cursor;
}

static void
send_news(struct topic *t, const struct seats_news *news)
{
	void *message = t->fanout->rules->seats(news);
	struct follower *f;

	topic_hold(t);
	LIST_FOREACH(f, &t->followers, in_topic)
	{
		if (f->state == FOLLOWER_HEARS)
			seats_hear(f, &news->cursor, message);
	}
	topic_remember(t, &news->cursor, NULL, message);
	topic_let(t);
}

/* A seat, and its place among the changes. */
struct placed {
	struct seat_state seat;
	size_t at;
};

static int
compare_placed(const void *a, const void *b)
{
	const struct placed *x = a, *y = b;

	if (x->seat.no != y->seat.no)
		return x->seat.no < y->seat.no ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/* The changes so far, each seat once and with its last state, by number; they are taken out. */
static struct seat_state *
take_merged(TALLOC_CTX *ctx, struct seats *s, size_t *n)
{
	struct placed *placed = talloc_array(ctx, struct placed, (unsigned)s->n_merged);
	struct seat_state *out = talloc_array(ctx, struct seat_state, (unsigned)s->n_merged);

	for (size_t i = 0; i < s->n_merged; i++)
		placed[i] = (struct placed){ s->merged[i], i };
	qsort(placed, s->n_merged, sizeof(*placed), compare_placed);
	*n = 0;
	for (size_t i = 0; i < s->n_merged; i++) {
		if (i + 1 == s->n_merged || placed[i + 1].seat.no != placed[i].seat.no)
			out[(*n)++] = placed[i].seat;
	}
	TALLOC_FREE(s->merged);
	s->n_merged = s->room = 0;
	talloc_free(placed);
	return out;
}

/*
 * Whether a state may be told as it was heard. Rows come in the order of their transactions'
 * numbers, and a booking that took seats from another may have the lower one: the last that is
 * heard of the seat is then that the other one let it go. Whether a seat is free or held is
 * therefore read. A seat that was last heard to be reserved or sold is (or its own end follows).
 */
static bool
is_certain(const struct seat_state *seat)
{
	return seat->status == SEAT_RESERVED || seat->status == SEAT_SOLD;
}

static void
verify(struct seats *s, struct seat_state *seats, size_t n)
{
	struct topic *t = s->topic;
	TALLOC_CTX *ctx;
	struct verify_ask *a = desk_ask(t->fanout->verify_desk, sizeof(*a), &ctx);

	a->verify.event_id = t->event_id;
	a->verify.seats = talloc_memdup(ctx, seats, n * sizeof(*seats));
	a->verify.n = n;
	a->origin = (struct origin){ t->event_id, t->serial };
	a->cursor = t->cursor;
	a->version = s->version;
	s->verifying = true;
}

/* Tells what has been merged, or has it read first. */
static void
flush(struct seats *s)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct seats_news news = { .cursor = s->topic->cursor, .version = s->version };
	struct seat_state *seats = take_merged(ctx, s, &news.n);
	bool certain = true;

	s->told_us = clock_mono_us();
	news.seats = seats;
	for (size_t i = 0; i < news.n; i++)
		certain = certain && is_certain(&seats[i]);
	if (certain)
		send_news(s->topic, &news);
	else
		verify(s, seats, news.n);
	talloc_free(ctx);
}

static void
merge(struct seats *s, const struct seat_state *seats, size_t n)
{
	if (s->n_merged + n > s->room) {
		s->room = (s->n_merged + n) * 2;
		s->merged = talloc_realloc(s->topic->fanout, s->merged, struct seat_state,
		                           (unsigned)s->room);
	}
	memcpy(s->merged + s->n_merged, seats, n * sizeof(*seats));
	s->n_merged += n;
}

/* A row that counts. */
static void
note(struct seats *s, const struct seats_change *c)
{
	int64_t due_us = s->told_us + FANOUT_MERGE_US, now_us = clock_mono_us();

	s->version++;
	if (c->n == 0)
		return;
	merge(s, c->seats, c->n);
	if (due_us < now_us || s->n_merged > MERGED_MOST)
		due_us = now_us;
	if (!s->verifying)
		set_dirty(s, due_us);
}

/* A row that comes before it is known how many there were. */
static void
keep(struct seats *s, const struct seats_change *c)
{
	struct seats_change *copy;

	if (s->kept == NULL)
		s->kept = talloc_zero(s->topic->fanout, struct kept);
	if (s->kept->n < KEPT_MOST) {
		copy = talloc_memdup(s->kept, c, sizeof(*c));
		copy->seats = talloc_memdup(copy, c->seats, c->n * sizeof(*c->seats));
		s->kept->change[s->kept->n] = copy;
	}
	s->kept->n++;
}

void
seats_tell(struct topic *t, const struct seats_change *c)
{
	struct seats *s = t->seats;

	if (cursor_compare(&c->cursor, &t->cursor) <= 0)
		return;
	/* What some know already goes by itself: they are not told again. */
	if (s->n_merged > 0 && !s->verifying && cursor_compare(&t->cursor, &s->begun) <= 0 &&
	    cursor_compare(&c->cursor, &s->begun) > 0)
		flush(s);
	t->cursor = c->cursor;
	if (s->version < 0)
		keep(s, c);
	else
		note(s, c);
}

static void
take_verified(void *arg, struct batch *b)
{
	struct fanout *fanout = arg;

	for (size_t i = 0; i < b->n; i++) {
		const struct verify_ask *a = b->asks[i];
		const struct seats_news news = { a->cursor, a->version, false, a->verify.seats,
			                             a->verify.n };
		struct topic *t = find_origin(fanout, &a->origin);
		struct seats *s = t == NULL ? NULL : t->seats;

		if (s == NULL)
			continue;
		s->verifying = false;
		topic_hold(t);
		if (b->err == ERR_OK)
			send_news(t, &news);
		else /* without a database nothing has changed since; later changes are read again, too */
			merge(s, a->verify.seats, a->verify.n);
		if (s->n_merged > 0)
			set_dirty(s, clock_mono_us() + FANOUT_MERGE_US);
		topic_let(t);
	}
}

/* --- Reading for those who begin. --- */

static bool
wants(const struct follower *f)
{
	return f->state == FOLLOWER_READS;
}

/* Asks for everything that those who wait need. */
static void
ask_now(struct seats *s)
{
	struct topic *t = s->topic;
	struct read_ask *a = desk_ask(t->fanout->seats_desk, sizeof(*a), NULL);
	struct follower *f;

	a->origin = (struct origin){ t->event_id, t->serial };
	a->read.event_id = t->event_id;
	a->read.count = s->count;
	LIST_FOREACH(f, &t->followers, in_topic)
	{
		if (!wants(f))
			continue;
		if (f->after.xid != 0)
			seats_read_after(&a->read, &f->after);
		else if (f->since >= 0)
			seats_read_since(&a->read);
		else
			a->read.want_taken = true;
	}
	s->reading = true;
	s->waiting = false;
}

void
seats_ask(struct topic *t)
{
	struct seats *s = t->seats;

	if (s->reading || s->waiting)
		return;
	if (clock_mono_us() >= s->read_us) {
		ask_now(s);
	} else {
		s->waiting = true;
		set_dirty(s, s->read_us);
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
missed_message(struct greetings *g, const struct fanout *fanout, const struct seats_read *r,
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
	news.seats = seats_read_changed(ctx, r, rows, &news.n);
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
snapshot_message(struct greetings *g, const struct fanout *fanout, const struct seats_read *r)
{
	const struct seats_news news = { { r->horizon, 0 }, r->version, true, r->taken, r->n_taken };

	if (g->snapshot == NULL)
		g->snapshot = fanout->rules->seats(&news);
	return g->snapshot;
}

/* Whether what was missed was read for this follower, too. */
static bool
is_covered(const struct follower *f, const struct seats_read *r)
{
	return f->after.xid != 0 ? seats_read_has_after(r, &f->after) : f->since < 0 || r->want_since;
}

/* Lets a follower begin with what was read; false when something else has to be read for it. */
static bool
begin_with(struct follower *f, const struct seats_read *r, struct greetings *g)
{
	const struct fanout *fanout = f->topic->fanout;
	void *message;
	size_t rows;
	bool known;

	if (!is_covered(f, r))
		return false;
	known = f->after.xid != 0 ? seats_read_rows_after(r, &f->after, &rows)
	                          : f->since >= 0 && seats_read_rows_since(r, f->since, &rows);
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
learn(struct seats *s, const struct seats_read *r)
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
			note(s, kept->change[i]);
	}
	talloc_free(kept);
	return true;
}

/* What was read lets those begin for whom it is enough; for the rest it is read again. */
static void
serve(struct topic *t, const struct seats_read *r)
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
		seats_ask(t);
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
take_read(void *arg, struct batch *b)
{
	struct fanout *fanout = arg;

	for (size_t i = 0; i < b->n; i++) {
		const struct read_ask *a = b->asks[i];
		struct topic *t = find_origin(fanout, &a->origin);

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

/* --- The timer, and topics that come and go. --- */

static void
on_timer(evutil_socket_t fd, short what, void *arg)
{
	struct fanout *fanout = arg;
	const int64_t soon_us = clock_mono_us() + STEP_US;
	int64_t first_us = INT64_MAX;
	struct seats *s, *next;

	(void)fd;
	(void)what;
	fanout->seats_due_us = 0;
	for (s = LIST_FIRST(&fanout->dirty); s != NULL; s = next) {
		next = LIST_NEXT(s, in_dirty);
		if (s->due_us > soon_us) {
			first_us = s->due_us < first_us ? s->due_us : first_us;
			continue;
		}
		set_clean(s);
		if (s->n_merged > 0 && !s->verifying)
			flush(s);
		if (s->waiting && s->read_us <= soon_us)
			ask_now(s);
		else if (s->waiting)
			set_dirty(s, s->read_us);
	}
	if (first_us != INT64_MAX)
		ring_at(fanout, first_us);
}

void
seats_open(struct topic *t)
{
	const struct base *base = &t->fanout->bases[(uint32_t)t->event_id % BASES];
	struct seats *s = talloc_zero(t->fanout, struct seats);

	s->topic = t;
	s->version = -1;
	if (base->event_id == t->event_id)
		s->count = base->count;
	t->seats = s;
}

void
seats_close(struct topic *t)
{
	struct seats *s = t->seats;

	if (s->count.xid != 0)
		t->fanout->bases[(uint32_t)t->event_id % BASES] = (struct base){ t->event_id, s->count };
	set_clean(s);
	talloc_free(s->kept);
	talloc_free(s->merged);
	talloc_free(s);
	t->seats = NULL;
}

static enum err
answer_reads(struct db *db, struct batch *b)
{
	return seats_read_all(db, b, (struct seats_read **)b->asks, b->n);
}

static enum err
answer_verify(struct db *db, struct batch *b)
{
	return seats_verify_all(db, b, (struct seats_verify **)b->asks, b->n);
}

void
seats_init(struct fanout *fanout)
{
	fanout->seats_desk = desk_new(fanout->joins, EVENTS_MOST, answer_reads, take_read, fanout);
	fanout->verify_desk = desk_new(fanout->news, CHECKS_MOST, answer_verify, take_verified, fanout);
	fanout->seats_timer = evtimer_new(fanout->base, on_timer, fanout);
	fanout->bases = talloc_zero_array(fanout, struct base, BASES);
	LIST_INIT(&fanout->dirty);
}
