/*
 * The dead letters of a topic: read from <topic>.dlq, sent once more, and marked as sent when that
 * was acknowledged.
 */
#include "bus/dead_letter.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "bus/producer.h"

#define STEP_MS    5
#define PATIENT_US (10 * US_PER_S)
#define PLACE_TEXT 40 /* room for "partition/offset" */

const char *const dead_letter_headers[DEAD_LETTER_HEADERS] = { "reason", "topic",    "partition",
	                                                       "offset", "attempts", "bytes" };

/* The place of a letter. */
struct letter_place {
	int32_t partition;
	int64_t offset;
};

/* Tags of messages: twice the place in `sent`, and one more for the mark. */
struct dead_letters {
	const char *broker;
	struct topic_browser *browser;
	const char *topic, *dead_letter_topic;
	struct letter_place *marked; /* sorted once all are read */
	size_t n_marked;
	struct producer *producer;
	struct dead_letter_sent *sent;
	size_t n_sent;
	size_t *acked;  /* of sent: those that were acknowledged, in the order of that */
	size_t n_acked; /* of them, so far */
	size_t marks_sent, marks_done;
};

struct dead_letters *
dead_letters_new(TALLOC_CTX *ctx, const char *broker)
{
	struct dead_letters *d = talloc_zero(ctx, struct dead_letters);

	d->broker = talloc_strdup(d, broker);
	if ((d->browser = topic_browser_new(d, broker)) != NULL)
		return d;
	talloc_free(d);
	return NULL;
}

enum err
dead_letters_topics(struct dead_letters *d, TALLOC_CTX *ctx, const char ***topics, size_t *n)
{
	const size_t suffix = strlen(DEAD_LETTER_SUFFIX);
	size_t all;
	enum err e = topic_browser_topics(d->browser, ctx, topics, &all);

	*n = 0;
	for (size_t i = 0; e == ERR_OK && i < all; i++) {
		const char *name = (*topics)[i];
		const size_t len = strlen(name);

		if (len > suffix && strcmp(name + len - suffix, DEAD_LETTER_SUFFIX) == 0)
			(*topics)[(*n)++] = talloc_strndup(*topics, name, len - suffix);
	}
	return e;
}

/* --- reading --- */

static int
compare_places(const void *a, const void *b)
{
	const struct letter_place *x = a, *y = b;

	if (x->partition != y->partition)
		return x->partition < y->partition ? -1 : 1;
	return (x->offset > y->offset) - (x->offset < y->offset);
}

/* Whether a message is a mark, and of which letter. */
static bool
is_mark(const struct topic_browser_message *m, struct letter_place *out)
{
	const char *value;
	size_t len;
	long long offset;
	int partition;

	if (m->n_headers != 1 || m->len != 0)
		return false;
	if (strcmp(topic_browser_header(m, 0, &value, &len), DEAD_LETTER_MARK) != 0 ||
	    value == NULL || sscanf(value, "%d/%lld", &partition, &offset) != 2)
		return false;
	*out = (struct letter_place){ partition, offset };
	return true;
}

static bool
note_mark(void *arg, const struct topic_browser_message *m)
{
	struct dead_letters *d = arg;
	struct letter_place place;

	if (is_mark(m, &place)) {
		d->marked = talloc_realloc(d, d->marked, struct letter_place,
		                           (unsigned)d->n_marked + 1);
		d->marked[d->n_marked++] = place;
	}
	return true;
}

enum err
dead_letters_look(struct dead_letters *d, const char *topic)
{
	enum err e;

	d->topic = talloc_strdup(d, topic);
	d->dead_letter_topic = talloc_asprintf(d, "%s" DEAD_LETTER_SUFFIX, topic);
	d->n_marked = 0;
	if ((e = topic_browser_look(d->browser, d->dead_letter_topic)) == ERR_OK)
		e = topic_browser_walk(d->browser, note_mark, d);
	if (d->n_marked > 0)
		qsort(d->marked, d->n_marked, sizeof(*d->marked), compare_places);
	return e;
}

/* How many headers a letter had before consumer_bury added its own. */
static size_t
n_own_headers(const struct topic_browser_message *m)
{
	const char *value;
	size_t len;

	for (size_t n = DEAD_LETTER_HEADERS; n >= DEAD_LETTER_HEADERS - 1; n--) {
		size_t fit = 0;

		while (m->n_headers >= n && fit < n) {
			const char *name = topic_browser_header(m, m->n_headers - n + fit, &value,
			                                        &len);

			if (strcmp(name, dead_letter_headers[fit]) != 0)
				break;
			fit++;
		}
		if (fit == n)
			return m->n_headers - n;
	}
	return m->n_headers;
}

/* One of the headers of consumer_bury, or NULL; librdkafka closes every value with a 0. */
static const char *
burial_header(const struct dead_letter *l, size_t which)
{
	const char *value = NULL;
	size_t len;

	assert(which < DEAD_LETTER_HEADERS);
	if (l->n_own + which < l->message->n_headers)
		topic_browser_header(l->message, l->n_own + which, &value, &len);
	return value;
}

struct letter_visitor {
	const struct dead_letters *dead;
	bool (*visit)(void *arg, const struct dead_letter *);
	void *arg;
	bool found;
};

static bool
visit_letter(void *arg, const struct topic_browser_message *m)
{
	const struct letter_place place = { m->partition, m->offset };
	struct dead_letter l = { .message = m, .n_own = n_own_headers(m) };
	struct letter_visitor *v = arg;
	const struct dead_letters *d = v->dead;
	struct letter_place mark;

	if (is_mark(m, &mark))
		return true;
	v->found = true;
	l.reason = burial_header(&l, DEAD_LETTER_REASON);
	l.attempts = burial_header(&l, DEAD_LETTER_ATTEMPTS);
	l.cut = burial_header(&l, DEAD_LETTER_BYTES) != NULL;
	l.replayed = d->n_marked > 0 &&
	             bsearch(&place, d->marked, d->n_marked, sizeof(place), compare_places) != NULL;
	return v->visit(v->arg, &l);
}

enum err
dead_letters_walk(struct dead_letters *d, bool (*visit)(void *, const struct dead_letter *),
                  void *arg)
{
	struct letter_visitor v = { d, visit, arg, false };

	assert(d->dead_letter_topic != NULL);
	return topic_browser_walk(d->browser, visit_letter, &v);
}

enum err
dead_letters_visit(struct dead_letters *d, int32_t partition, int64_t offset,
                   bool (*visit)(void *, const struct dead_letter *), void *arg)
{
	struct letter_visitor v = { d, visit, arg, false };
	enum err e = topic_browser_visit(d->browser, partition, offset, visit_letter, &v);

	return e == ERR_OK && !v.found ? ERR_NOT_FOUND : e;
}

/* --- sending once more --- */

static void
on_acknowledged(void *arg, uint64_t tag)
{
	struct dead_letters *d = arg;

	assert(tag / 2 < d->n_sent && d->n_acked <= d->n_sent);
	if (tag % 2 == 1)
		d->marks_done++;
	else
		d->acked[d->n_acked++] = (size_t)(tag / 2);
}

/* Marks the letters whose acknowledgements have come. */
static enum err
mark_acked(struct dead_letters *d)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && d->marks_sent < d->n_acked) {
		const size_t at = d->acked[d->marks_sent++];
		struct dead_letter_sent *sent = &d->sent[at];
		char place[PLACE_TEXT];
		struct producer_message mark = { .topic = d->dead_letter_topic,
			                         .key = place,
			                         .value = "",
			                         .tag = at * 2 + 1,
			                         .header = { { DEAD_LETTER_MARK, place } } };

		sent->acknowledged = true;
		mark.key_len = (size_t)snprintf(place, sizeof(place), "%d/%lld",
		                                (int)sent->partition, (long long)sent->offset);
		e = producer_send(d->producer, &mark);
	}
	return e;
}

/* Takes what acknowledgements there are, and marks those letters. */
static enum err
pump(struct dead_letters *d)
{
	enum err e = producer_poll(d->producer, STEP_MS), marked = mark_acked(d);

	return e != ERR_OK ? e : marked;
}

/* Waits as long as `busy` and as acknowledgements come; UNAVAILABLE when they stay away. */
static enum err
wait_while(struct dead_letters *d, bool (*busy)(const struct dead_letters *))
{
	int64_t moved_us = clock_mono_us();
	size_t done = d->n_acked + d->marks_done;
	enum err e = ERR_OK;

	while (e == ERR_OK && busy(d)) {
		e = pump(d);
		if (d->n_acked + d->marks_done > done)
			moved_us = clock_mono_us();
		else if (e == ERR_OK && clock_mono_us() > moved_us + PATIENT_US)
			e = ERR_UNAVAILABLE;
		done = d->n_acked + d->marks_done;
	}
	return e;
}

static bool
is_full(const struct dead_letters *d)
{
	return producer_full(d->producer);
}

static bool
is_open(const struct dead_letters *d)
{
	return d->marks_done < d->n_sent;
}

enum err
dead_letters_replay(struct dead_letters *d, const struct dead_letter *letter, const char *value,
                    size_t len)
{
	const struct topic_browser_message *m = letter->message;
	struct producer_message again = { .topic = d->topic,
		                          .key = m->key,
		                          .key_len = m->key_len,
		                          .value = value,
		                          .len = len,
		                          .tag = d->n_sent * 2 };
	enum err e;

	assert(d->topic != NULL && value != NULL);
	if (d->producer == NULL)
		d->producer = producer_new(d, d->broker, "rowlock-replay", on_acknowledged, d);
	if (d->producer == NULL)
		return ERR_INTERNAL;
	if ((e = wait_while(d, is_full)) != ERR_OK)
		return e;
	d->sent = talloc_realloc(d, d->sent, struct dead_letter_sent, (unsigned)d->n_sent + 1);
	d->acked = talloc_realloc(d, d->acked, size_t, (unsigned)d->n_sent + 1);
	d->sent[d->n_sent++] = (struct dead_letter_sent){ m->partition, m->offset, false };
	again.more = topic_browser_headers(m, letter->n_own);
	return producer_send(d->producer, &again);
}

enum err
dead_letters_finish(struct dead_letters *d)
{
	return d->n_sent == 0 ? ERR_OK : wait_while(d, is_open);
}

const struct dead_letter_sent *
dead_letter_sent(const struct dead_letters *d, size_t *n)
{
	*n = d->n_sent;
	return d->sent;
}
