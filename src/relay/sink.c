/*
 * The loop of a sink, the same for all kinds: read rows behind the cursor, send them, take their
 * acknowledgements, store the cursor. The cursor is never ahead of what is acknowledged.
 */
#include "relay/sink.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"

#define BATCH          2000            /* rows of one read */
#define IDLE_MS        20              /* between two reads, unless there is more to read */
#define BUSY_ROWS      8               /* after so many, the next read waits for more (busy_ms) */
#define AWAY_MS        100             /* when the database or the sink is away */
#define STORE_EVERY_US INT64_C(100000) /* the cursor, while rows are acknowledged */
#define ALIVE_EVERY_US (2 * US_PER_S)  /* and while there are none: health asks for it */
#define FINISH_US      (5 * US_PER_S)  /* for what is on its way, at the end */
#define SCRATCH        (32 * 1024)     /* bytes: the messages of almost every row */

struct sink {
	const struct sink_kind *kind;
	struct leadership *leadership;
	void *self; /* the kind's own */
	const char *name;
	struct db *db;
	struct in_flight *in_flight;
	/* The last row that was read, that is acknowledged, and that is stored: in this order. */
	struct cursor read, acknowledged, stored;
	int64_t read_at_us, stored_us; /* monotonic: of the next read, of the last store */
	bool troubled;                 /* as stored */
	TALLOC_CTX *scratch;           /* a pool, for one row's messages at a time */
	TALLOC_CTX *batch;             /* of the rows read; those from `next` on are not sent yet */
	struct journal_row *rows;
	size_t n, next;
};

void
sink_unreadable(const struct sink_kind *kind, const struct journal_row *row)
{
	char place[CURSOR_TEXT];

	log_line(LOG_WARN, "journal payload cannot be read", "sink", sink_name(kind->id), "row",
	         cursor_text(&row->at, place), "type", row->type, NULL);
}

static bool
must_end(const struct sink *s)
{
	return atomic_load(&s->leadership->over) || stop_wait(0);
}

/* Whether this is the active relay for certain: nothing is sent or stored otherwise. */
static bool
is_leader(const struct sink *s)
{
	return clock_mono_us() < atomic_load(&s->leadership->safe_until_us);
}

static void
drop_batch(struct sink *s)
{
	talloc_free(s->batch);
	s->batch = NULL;
	s->n = s->next = 0;
}

/* What is on its way will not arrive: it is read again. */
static void
send_again(struct sink *s)
{
	in_flight_reset(s->in_flight);
	drop_batch(s);
	s->read = s->acknowledged;
	s->read_at_us = clock_mono_us();
}

/* Reads the next rows, if it is time. */
static void
read_rows(struct sink *s)
{
	int64_t now = clock_mono_us();
	enum err e;

	assert(s->next <= s->n);
	if (s->next < s->n || now < s->read_at_us)
		return;
	drop_batch(s);
	s->batch = talloc_new(s);
	e = db_ready(s->db);
	if (e == ERR_OK)
		e = journal_feed_read(s->db, s->batch, s->read, BATCH, &s->rows, &s->n);
	if (e == ERR_OK && s->n > 0) {
		assert(cursor_compare(&s->read, &s->rows[0].at) < 0);
		s->read = s->rows[s->n - 1].at;
	}
	if (e != ERR_OK)
		s->read_at_us = now + AWAY_MS * INT64_C(1000);
	else if (s->n < BATCH)
		s->read_at_us = now +
		                (s->n < BUSY_ROWS ? IDLE_MS : s->kind->busy_ms) * INT64_C(1000);
}

/* How long there is nothing to do but to wait for acknowledgements. */
static int
idle_ms(const struct sink *s)
{
	int64_t left_us = s->read_at_us - clock_mono_us();

	if (s->next < s->n) /* there is no room for those that are read */
		return IDLE_MS;
	return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
}

/* Stores how far the sink is, when it is time. */
static void
store_cursor(struct sink *s)
{
	const char *trouble = s->kind->trouble(s->self);
	const int64_t age_us = clock_mono_us() - s->stored_us;
	const bool behind = cursor_compare(&s->stored, &s->acknowledged) < 0;
	TALLOC_CTX *ctx;
	enum err e;

	assert(cursor_compare(&s->stored, &s->acknowledged) <= 0);
	assert(cursor_compare(&s->acknowledged, &s->read) <= 0);
	if (age_us < STORE_EVERY_US ||
	    (!behind && s->troubled == (trouble != NULL) && age_us < ALIVE_EVERY_US))
		return;
	s->stored_us += age_us;
	if (db_ready(s->db) != ERR_OK)
		return;
	ctx = talloc_new(s);
	e = journal_feed_move(s->db, ctx, s->name, s->stored, s->acknowledged, trouble);
	if (e == ERR_OK) {
		s->stored = s->acknowledged;
		s->troubled = trouble != NULL;
	} else if (e == ERR_NOT_FOUND) {
		log_line(LOG_WARN, "another process has moved the cursor", "sink", s->name, NULL);
		atomic_store(&s->leadership->over, true);
	}
	talloc_free(ctx);
}

/* Takes acknowledgements, and moves on past the rows that are done. Errors: INTERNAL. */
static enum err
collect(struct sink *s, int wait_ms)
{
	enum err e = s->kind->collect(s->self, wait_ms);

	metrics_add(METRIC_RELAY_ROWS, s->kind->id,
	            in_flight_advance(s->in_flight, &s->acknowledged));
	if (e == ERR_UNAVAILABLE) {
		send_again(s);
		e = ERR_OK;
	}
	return e;
}

/* Sends rows for as long as there is room. */
static enum err
send_rows(struct sink *s)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && s->next < s->n && is_leader(s) && !in_flight_full(s->in_flight) &&
	       !s->kind->full(s->self)) {
		TALLOC_CTX *ctx = talloc_new(s->scratch);

		e = s->kind->send(s->self, ctx, &s->rows[s->next++]);
		talloc_free(ctx);
	}
	return e;
}

/* One round. Errors: INTERNAL. */
static enum err
run_round(struct sink *s)
{
	enum err e;
	int wait_ms;

	if (!is_leader(s) || s->kind->ready(s->self) != ERR_OK) {
		if (is_leader(s))
			store_cursor(s);
		stop_wait(is_leader(s) ? AWAY_MS : IDLE_MS);
		return ERR_OK;
	}
	read_rows(s);
	e = send_rows(s);
	if (e == ERR_OK)
		e = collect(s, idle_ms(s));
	if (is_leader(s))
		store_cursor(s);
	wait_ms = idle_ms(s);
	if (e == ERR_OK && s->next == s->n && wait_ms > 0)
		stop_wait(wait_ms);
	return e;
}

/* At the end of a process that still leads: waits for what is on its way, and stores it. */
static void
finish(struct sink *s)
{
	const int64_t until_us = clock_mono_us() + FINISH_US;

	while (in_flight_count(s->in_flight) > 0 && !atomic_load(&s->leadership->over) &&
	       clock_mono_us() < until_us && collect(s, IDLE_MS) == ERR_OK)
		continue;
	s->stored_us = 0;
	if (is_leader(s) && !atomic_load(&s->leadership->over))
		store_cursor(s);
}

/* Finds the sink's place in the journal; false when it must end before that. */
static bool
open_cursor(struct sink *s)
{
	while (!must_end(s)) {
		TALLOC_CTX *ctx = talloc_new(s);
		enum err e = db_ready(s->db);

		if (e == ERR_OK)
			e = journal_feed_open(s->db, ctx, s->name, s->kind->oldest,
			                      &s->acknowledged);
		talloc_free(ctx);
		if (e == ERR_OK) {
			s->read = s->stored = s->acknowledged;
			return true;
		}
		stop_wait(AWAY_MS);
	}
	return false;
}

/* All of a sink's life; what it allocates hangs on s. */
static void
run(struct sink *s, const struct config *config)
{
	char place[CURSOR_TEXT];

	assert(s->kind->window > 0 && s->kind->busy_ms >= IDLE_MS);
	s->db = db_new(s, config_database(s, config));
	s->scratch = talloc_pool(s, SCRATCH);
	s->in_flight = in_flight_new(s, s->kind->window);
	s->self = s->kind->open(s, config, s->in_flight);
	if (s->self == NULL) {
		atomic_store(&s->leadership->failed, true);
		return;
	}
	if (!open_cursor(s))
		return;
	log_line(LOG_INFO, "telling", "sink", s->name, "from", cursor_text(&s->acknowledged, place),
	         NULL);
	while (!must_end(s)) {
		if (run_round(s) != ERR_OK) {
			atomic_store(&s->leadership->failed, true);
			break;
		}
	}
	finish(s);
	log_line(LOG_INFO, "told", "sink", s->name, "upto", cursor_text(&s->acknowledged, place),
	         NULL);
}

void *
sink_run(void *arg)
{
	const struct sink_job *job = arg;
	struct sink *s = talloc_zero(NULL, struct sink);

	assert(job->kind != NULL && job->config != NULL && job->leadership != NULL);
	s->kind = job->kind;
	s->leadership = job->leadership;
	s->name = sink_name(job->kind->id);
	run(s, job->config);
	talloc_free(s);
	atomic_fetch_sub(&job->leadership->running, 1);
	return NULL;
}
