#include "relay/sink.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/stop.h"

#define BATCH         2000            /* rows of one read */
#define IDLE_MS       20              /* between two reads, unless there is more to read */
#define BUSY_ROWS     8               /* from so many on, the next read shall find more */
#define CALM_MS       100             /* when the database or the sink is away */
#define MOVE_EVERY_US INT64_C(100000) /* the cursor, while rows are told */
#define SIGN_EVERY_US (2 * US_PER_S)  /* of life, else */
#define FINISH_US     (5 * US_PER_S)  /* for what is on its way, at the end */
#define SCRATCH       (32 * 1024)     /* bytes: the messages of almost every row */

struct sink {
	const struct sink_kind *kind;
	struct leadership *term;
	void *self; /* the kind's own */
	const char *name;
	struct db *db;
	struct in_flight *flight;
	struct cursor read, told,
	    noted; /* the last row that was read, is told, and is in the cursor */
	int64_t read_at_us, noted_us; /* monotonic: of the next read, of the last note */
	bool troubled;                /* as noted */
	TALLOC_CTX *scratch;          /* a pool, for one row's messages at a time */
	TALLOC_CTX *batch; /* of the rows in hand; those from `next` on are not sent yet */
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
over(const struct sink *s)
{
	return atomic_load(&s->term->over) || stop_wait(0);
}

/* Whether we are the active relay for certain. */
static bool
safe(const struct sink *s)
{
	return clock_mono_us() < atomic_load(&s->term->safe_until_us);
}

static void
drop_batch(struct sink *s)
{
	talloc_free(s->batch);
	s->batch = NULL;
	s->n = s->next = 0;
}

/* What is on its way will not arrive: reads it again. */
static void
rewind_to_told(struct sink *s)
{
	in_flight_reset(s->flight);
	drop_batch(s);
	s->read = s->told;
	s->read_at_us = clock_mono_us();
}

/* Reads the next rows, if it is time. */
static void
fetch(struct sink *s)
{
	int64_t now = clock_mono_us();
	enum err e;

	if (s->next < s->n || now < s->read_at_us)
		return;
	drop_batch(s);
	s->batch = talloc_new(s);
	e = db_ready(s->db);
	if (e == ERR_OK)
		e = journal_feed_read(s->db, s->batch, s->read, BATCH, &s->rows, &s->n);
	if (e == ERR_OK && s->n > 0)
		s->read = s->rows[s->n - 1].at;
	if (e != ERR_OK)
		s->read_at_us = now + CALM_MS * INT64_C(1000);
	else if (s->n < BATCH)
		s->read_at_us = now +
		                (s->n < BUSY_ROWS ? IDLE_MS : s->kind->busy_ms) * INT64_C(1000);
}

/* How long nothing has to be done but waiting for acknowledgements. */
static int
leisure_ms(const struct sink *s)
{
	int64_t left_us = s->read_at_us - clock_mono_us();

	if (s->next < s->n) /* no room for the rows in hand */
		return IDLE_MS;
	return left_us > 0 ? (int)((left_us + 999) / 1000) : 0;
}

/* Writes down how far we are, when it is time. */
static void
note(struct sink *s)
{
	const char *trouble = s->kind->trouble(s->self);
	const int64_t age_us = clock_mono_us() - s->noted_us;
	const bool behind = s->told.xid != s->noted.xid || s->told.seq != s->noted.seq;
	TALLOC_CTX *ctx;
	enum err e;

	if (age_us < MOVE_EVERY_US ||
	    (!behind && s->troubled == (trouble != NULL) && age_us < SIGN_EVERY_US))
		return;
	s->noted_us += age_us;
	if (db_ready(s->db) != ERR_OK)
		return;
	ctx = talloc_new(s);
	e = journal_feed_move(s->db, ctx, s->name, s->noted, s->told, trouble);
	if (e == ERR_OK) {
		s->noted = s->told;
		s->troubled = trouble != NULL;
	} else if (e == ERR_NOT_FOUND) {
		log_line(LOG_WARN, "somebody else has moved the cursor", "sink", s->name, NULL);
		atomic_store(&s->term->over, true);
	}
	talloc_free(ctx);
}

static enum err
settle(struct sink *s, int wait_ms)
{
	enum err e = s->kind->settle(s->self, wait_ms);

	metrics_add(METRIC_RELAY_ROWS, s->kind->id, in_flight_advance(s->flight, &s->told));
	if (e == ERR_UNAVAILABLE) {
		rewind_to_told(s);
		e = ERR_OK;
	}
	return e;
}

/* Sends rows off for as long as there is room. */
static enum err
send_rows(struct sink *s)
{
	enum err e = ERR_OK;

	while (e == ERR_OK && s->next < s->n && safe(s) && !in_flight_full(s->flight) &&
	       !s->kind->full(s->self)) {
		TALLOC_CTX *ctx = talloc_new(s->scratch);

		e = s->kind->send(s->self, ctx, &s->rows[s->next++]);
		talloc_free(ctx);
	}
	return e;
}

/* One round: read, send, take acknowledgements, note. Errors: INTERNAL. */
static enum err
turn(struct sink *s)
{
	enum err e;
	int rest_ms;

	if (!safe(s) || s->kind->ready(s->self) != ERR_OK) {
		if (safe(s))
			note(s);
		stop_wait(safe(s) ? CALM_MS : IDLE_MS);
		return ERR_OK;
	}
	fetch(s);
	e = send_rows(s);
	if (e == ERR_OK)
		e = settle(s, leisure_ms(s));
	if (safe(s))
		note(s);
	rest_ms = leisure_ms(s);
	if (e == ERR_OK && s->next == s->n && rest_ms > 0)
		stop_wait(rest_ms);
	return e;
}

/* The end of a process that still leads: what is on its way arrives, and is noted. */
static void
finish(struct sink *s)
{
	const int64_t until_us = clock_mono_us() + FINISH_US;

	while (in_flight_count(s->flight) > 0 && !atomic_load(&s->term->over) &&
	       clock_mono_us() < until_us && settle(s, IDLE_MS) == ERR_OK)
		continue;
	s->noted_us = 0;
	if (safe(s) && !atomic_load(&s->term->over))
		note(s);
}

/* Finds our place; false when the term ended before that. */
static bool
open_cursor(struct sink *s)
{
	while (!over(s)) {
		TALLOC_CTX *ctx = talloc_new(s);
		enum err e = db_ready(s->db);

		if (e == ERR_OK)
			e = journal_feed_open(s->db, ctx, s->name, s->kind->oldest, &s->told);
		talloc_free(ctx);
		if (e == ERR_OK) {
			s->read = s->noted = s->told;
			return true;
		}
		stop_wait(CALM_MS);
	}
	return false;
}

static void
run(struct sink *s, const struct config *config)
{
	char place[CURSOR_TEXT];

	s->db = db_new(s, config_database(s, config));
	s->scratch = talloc_pool(s, SCRATCH);
	s->flight = in_flight_new(s, s->kind->window);
	s->self = s->kind->open(s, config, s->flight);
	if (s->self == NULL) {
		atomic_store(&s->term->failed, true);
		return;
	}
	if (!open_cursor(s))
		return;
	log_line(LOG_INFO, "telling", "sink", s->name, "from", cursor_text(&s->told, place), NULL);
	while (!over(s)) {
		if (turn(s) != ERR_OK) {
			atomic_store(&s->term->failed, true);
			break;
		}
	}
	finish(s);
	log_line(LOG_INFO, "told", "sink", s->name, "upto", cursor_text(&s->told, place), NULL);
}

void *
sink_run(void *arg)
{
	const struct sink_job *job = arg;
	struct sink *s = talloc_zero(NULL, struct sink);

	s->kind = job->kind;
	s->term = job->term;
	s->name = sink_name(job->kind->id);
	run(s, job->config);
	talloc_free(s);
	atomic_fetch_sub(&job->term->running, 1);
	return NULL;
}
