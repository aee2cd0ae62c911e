/* Followers of an event's seats: changes are merged, and told to all of them at once. */
#include "live/follow_seats.h"

#include <assert.h>
#include <stdio.h>

#include "base/clock.h"
#include "live/follow_seats_begin.h"

#define CHECKS_MOST 256 /* events whose changes are verified together */
#define BASES       256

/* Up to where an event's rows were counted when it was last followed. */
struct counted_event {
	int32_t event_id;
	struct seats_count count;
};

struct follow_seats {
	struct follow_kind kind;
	struct topics *topics;
	struct follow_seats_begin *begin;
	struct read_queue *verify_queue;
	struct due_list *dues;
	struct counted_event counted[BASES]; /* by event_id % BASES */
};

struct verify_read {
	struct seats_verify verify; /* first: read_seats_verify_all sees an array of these */
	struct seats_ref ref;
	struct cursor cursor;
	int64_t version;
};
_Static_assert(offsetof(struct verify_read, verify) == 0, "read_seats_verify_all: from the front");

/* --- Telling. --- */

static void
send_to(struct follower *f, const struct cursor *cursor, void *message)
{
	if (cursor_compare(cursor, &f->last) <= 0)
		return;
	topics_rules(f->topic->topics)->send(f, message, false);
	f->last = *cursor;
}

static void
hear(struct follower *f, const struct recent *r)
{
	assert(f->state == FOLLOWER_HEARS && r->message != NULL);
	send_to(f, &r->cursor, r->message);
}

static void
send_news(struct topic *t, const struct seats_news *news)
{
	void *message = topics_rules(t->topics)->seats(news);
	struct follower *f;

	topic_hold(t);
	LIST_FOREACH(f, &t->followers, in_topic) {
		if (f->state == FOLLOWER_HEARS)
			send_to(f, &news->cursor, message);
	}
	topic_remember(t, &news->cursor, NULL, message);
	topic_release(t);
}

/*
 * Whether a state may be told as it was heard. Rows come in the order of their transactions'
 * numbers, and a booking that took a seat from another may have the lower one: the last row that
 * names the seat then says that the other booking let it go. Whether a seat is free or held is
 * therefore read. A seat that was last heard to be reserved or sold is (or its own end follows).
 */
static bool
is_certain(const struct seat_state *seat)
{
	return seat->status == SEAT_RESERVED || seat->status == SEAT_SOLD;
}

static void
verify(struct follow_seats *fs, struct seats_state *s, const struct seat_state *seats, size_t n)
{
	TALLOC_CTX *ctx;
	struct verify_read *a = read_queue_ask(fs->verify_queue, sizeof(*a), &ctx);

	assert(!s->verifying && s->version >= 0);
	a->verify.event_id = s->topic->event_id;
	a->verify.seats = talloc_memdup(ctx, seats, n * sizeof(*seats));
	a->verify.n = n;
	a->ref = seats_state_ref(s);
	a->cursor = s->topic->cursor;
	a->version = s->version;
	s->verifying = true;
}

/* Tells what has been merged, or has it read first. */
static void
flush(struct follow_seats *fs, struct seats_state *s)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct seats_news news = { .cursor = s->topic->cursor, .version = s->version };
	struct seat_state *seats = seats_state_take(ctx, s, &news.n);
	bool certain = true;

	s->told_us = clock_mono_us();
	news.seats = seats;
	for (size_t i = 0; i < news.n; i++)
		certain = certain && is_certain(&seats[i]);
	if (certain)
		send_news(s->topic, &news);
	else
		verify(fs, s, seats, news.n);
	talloc_free(ctx);
}

static enum err
parse_news(TALLOC_CTX *ctx, const char *text, size_t n, struct news *out)
{
	return change_parse_seats(ctx, text, n, &out->seats);
}

static void
tell(struct topic *t, const struct news *news)
{
	struct follow_seats *fs = t->kind->state;
	const struct seats_change *c = &news->seats;
	struct seats_state *s = t->seats;

	if (cursor_compare(&c->cursor, &t->cursor) <= 0)
		return;
	/* Followers that began last know what is merged: it goes by itself, and they skip it. */
	if (s->n_merged > 0 && !s->verifying && cursor_compare(&t->cursor, &s->begun) <= 0 &&
	    cursor_compare(&c->cursor, &s->begun) > 0)
		flush(fs, s);
	t->cursor = c->cursor;
	if (s->version < 0)
		seats_state_keep(s, c);
	else if (seats_state_note(s, c) && !s->verifying)
		due_list_set(fs->dues, &s->due, seats_state_due_us(s, clock_mono_us()));
}

static void
take_verified(void *arg, struct read_batch *b)
{
	struct follow_seats *fs = arg;

	for (size_t i = 0; i < b->n; i++) {
		const struct verify_read *a = b->asks[i];
		const struct seats_news news = { a->cursor, a->version, false, a->verify.seats,
			                         a->verify.n };
		struct seats_state *s = seats_state_find(fs->topics, &a->ref);

		if (s == NULL)
			continue;
		assert(s->verifying);
		s->verifying = false;
		topic_hold(s->topic);
		if (b->err == ERR_OK)
			send_news(s->topic, &news);
		else /* nothing changes without a database; what changes later is read, too */
			seats_state_merge(s, a->verify.seats, a->verify.n);
		if (s->n_merged > 0)
			due_list_set(fs->dues, &s->due, clock_mono_us() + FOLLOW_MERGE_US);
		topic_release(s->topic);
	}
}

/* In the reader's thread. */
static enum err
answer_verify(struct db *db, struct read_batch *b)
{
	return read_seats_verify_all(db, b, (struct seats_verify **)b->asks, b->n);
}

/* --- Times, and topics that come and go. --- */

static void
on_due(void *arg, void *of, int64_t soon_us)
{
	struct follow_seats *fs = arg;
	struct seats_state *s = of;

	assert(s->topic->seats == s);
	if (s->n_merged > 0 && !s->verifying)
		flush(fs, s);
	follow_seats_begin_due(fs->begin, s, soon_us);
}

static struct counted_event *
counted_slot(struct follow_seats *fs, int32_t event_id)
{
	return &fs->counted[(uint32_t)event_id % BASES];
}

static void
open_topic(struct topic *t)
{
	struct follow_seats *fs = t->kind->state;
	const struct counted_event *counted = counted_slot(fs, t->event_id);
	struct seats_state *s = seats_state_new(fs, t);

	if (counted->event_id == t->event_id)
		s->count = counted->count;
}

static void
close_topic(struct topic *t)
{
	struct follow_seats *fs = t->kind->state;

	if (t->seats->count.xid != 0)
		*counted_slot(fs, t->event_id) = (struct counted_event){ t->event_id,
			                                                 t->seats->count };
	seats_state_free(t->seats);
}

static void
ask(struct follower *f)
{
	struct follow_seats *fs = f->topic->kind->state;

	follow_seats_begin_ask(fs->begin, f->topic->seats);
}

/* --- The kind. --- */

static void
name_channel(char out[TOPIC_NAME], const char *user_id, int32_t event_id)
{
	(void)user_id;
	snprintf(out, TOPIC_NAME, "event:seats:%d", event_id);
}

static bool
is_busy(const struct follow_kind *kind)
{
	const struct follow_seats *fs = kind->state;

	return follow_seats_begin_is_busy(fs->begin) || read_queue_is_busy(fs->verify_queue);
}

const struct follow_kind *
follow_seats_new(TALLOC_CTX *ctx, struct event_base *base, struct topics *topics,
                 struct batch_reader *begins, struct batch_reader *news)
{
	struct follow_seats *fs = talloc_zero(ctx, struct follow_seats);

	fs->topics = topics;
	fs->dues = due_list_new(fs, base, on_due, fs);
	fs->begin = follow_seats_begin_new(fs, topics, begins, fs->dues);
	fs->verify_queue = read_queue_new(news, CHECKS_MOST, answer_verify, take_verified, fs);
	fs->kind = (struct follow_kind){ .name = name_channel,
		                         .open = open_topic,
		                         .close = close_topic,
		                         .ask = ask,
		                         .hear = hear,
		                         .parse = parse_news,
		                         .tell = tell,
		                         .is_busy = is_busy,
		                         .state = fs };
	return &fs->kind;
}
