/* Those who follow the seats of an event: changes merged, counted and told to all at once. */

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "live/follow_seats.h"

#define CHECKS_MOST 256   /* events whose changes are looked at together */
#define MERGED_MOST 20000 /* changes, then they are told at once */
#define BASES       256
#define STEP_US     5000 /* events whose time is so near are told together */

/* Up to where an event's rows were counted when it was last followed. */
struct base {
	int32_t event_id;
	struct seats_count count;
};

struct verify_ask {
	struct seats_verify verify; /* first */
	struct origin origin;
	struct cursor cursor;
	int64_t version;
};

struct origin
origin_of(const struct topic *t)
{
	return (struct origin){ t->event_id, t->serial };
}

struct topic *
origin_find(struct fanout *fanout, const struct origin *o)
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

void
follow_seats_due(struct seats_feed *s, int64_t due_us)
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
set_clean(struct seats_feed *s)
{
	if (s->dirty)
		LIST_REMOVE(s, in_dirty);
	s->dirty = false;
}

/* --- Telling. --- */

void
follow_seats_hear(struct follower *f, const struct cursor *cursor, void *message)
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
	LIST_FOREACH(f, &t->followers, in_topic) {
		if (f->state == FOLLOWER_HEARS)
			follow_seats_hear(f, &news->cursor, message);
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
take_merged(TALLOC_CTX *ctx, struct seats_feed *s, size_t *n)
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
verify(struct seats_feed *s, struct seat_state *seats, size_t n)
{
	struct topic *t = s->topic;
	TALLOC_CTX *ctx;
	struct verify_ask *a = read_queue_ask(t->fanout->verify_desk, sizeof(*a), &ctx);

	a->verify.event_id = t->event_id;
	a->verify.seats = talloc_memdup(ctx, seats, n * sizeof(*seats));
	a->verify.n = n;
	a->origin = origin_of(t);
	a->cursor = t->cursor;
	a->version = s->version;
	s->verifying = true;
}

/* Tells what has been merged, or has it read first. */
static void
flush(struct seats_feed *s)
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
merge(struct seats_feed *s, const struct seat_state *seats, size_t n)
{
	if (s->n_merged + n > s->room) {
		s->room = (s->n_merged + n) * 2;
		s->merged = talloc_realloc(s->topic->fanout, s->merged, struct seat_state,
		                           (unsigned)s->room);
	}
	memcpy(s->merged + s->n_merged, seats, n * sizeof(*seats));
	s->n_merged += n;
}

void
follow_seats_note(struct seats_feed *s, const struct seats_change *c)
{
	int64_t due_us = s->told_us + FANOUT_MERGE_US, now_us = clock_mono_us();

	s->version++;
	if (c->n == 0)
		return;
	merge(s, c->seats, c->n);
	if (due_us < now_us || s->n_merged > MERGED_MOST)
		due_us = now_us;
	if (!s->verifying)
		follow_seats_due(s, due_us);
}

/* A row that comes before it is known how many there were. */
static void
keep(struct seats_feed *s, const struct seats_change *c)
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
follow_seats_tell(struct topic *t, const struct seats_change *c)
{
	struct seats_feed *s = t->seats;

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
		follow_seats_note(s, c);
}

static void
take_verified(void *arg, struct read_batch *b)
{
	struct fanout *fanout = arg;

	for (size_t i = 0; i < b->n; i++) {
		const struct verify_ask *a = b->asks[i];
		const struct seats_news news = { a->cursor, a->version, false, a->verify.seats,
			                         a->verify.n };
		struct topic *t = origin_find(fanout, &a->origin);
		struct seats_feed *s = t == NULL ? NULL : t->seats;

		if (s == NULL)
			continue;
		s->verifying = false;
		topic_hold(t);
		if (b->err == ERR_OK)
			send_news(t, &news);
		else /* without a database nothing has changed since; later changes are read again, too */
			merge(s, a->verify.seats, a->verify.n);
		if (s->n_merged > 0)
			follow_seats_due(s, clock_mono_us() + FANOUT_MERGE_US);
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
	struct seats_feed *s, *next;

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
			follow_seats_ask_now(s);
		else if (s->waiting)
			follow_seats_due(s, s->read_us);
	}
	if (first_us != INT64_MAX)
		ring_at(fanout, first_us);
}

void
follow_seats_open(struct topic *t)
{
	const struct base *base = &t->fanout->bases[(uint32_t)t->event_id % BASES];
	struct seats_feed *s = talloc_zero(t->fanout, struct seats_feed);

	s->topic = t;
	s->version = -1;
	if (base->event_id == t->event_id)
		s->count = base->count;
	t->seats = s;
}

void
follow_seats_close(struct topic *t)
{
	struct seats_feed *s = t->seats;

	if (s->count.xid != 0)
		t->fanout->bases[(uint32_t)t->event_id % BASES] = (struct base){ t->event_id,
			                                                         s->count };
	set_clean(s);
	talloc_free(s->kept);
	talloc_free(s->merged);
	talloc_free(s);
	t->seats = NULL;
}

static enum err
answer_verify(struct db *db, struct read_batch *b)
{
	return read_seats_verify_all(db, b, (struct seats_verify **)b->asks, b->n);
}

void
follow_seats_init(struct fanout *fanout)
{
	follow_seats_begin_init(fanout);
	fanout->verify_desk = read_queue_new(fanout->news, CHECKS_MOST, answer_verify,
	                                     take_verified, fanout);
	fanout->seats_timer = evtimer_new(fanout->base, on_timer, fanout);
	fanout->bases = talloc_zero_array(fanout, struct base, BASES);
	LIST_INIT(&fanout->dirty);
}
