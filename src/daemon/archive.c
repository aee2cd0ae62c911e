/*
 * The role `archive`: moves events that are long over out of the tables of every day, piece by
 * piece. What a piece is made of and in which order, rowlock_archive knows (sql/0008_archive.sql).
 */
#include "daemon/archive.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/stop.h"
#include "core/booking/booking_change.h"
#include "store/param.h"
#include "store/transact.h"

#define PIECE       1000  /* bookings, or seats, of a transaction */
#define HOUR        3     /* of the day when the role works */
#define LOOK_MS     60000 /* at the clock, which may be set meanwhile; and again after a failure */
#define OTHERS_MS   20    /* between two looks whether transactions that began before have ended */
#define OTHERS_MOST 10    /* looks in a row: then the event is left for the next run */

/* What is left of an event after a piece, as rowlock_archive says it. */
enum archive_outcome {
	OUTCOME_BUSY,   /* it is not due, or done, or another process has it */
	OUTCOME_MORE,   /* there is another piece */
	OUTCOME_WAITS,  /* some of its bookings, refunds or payments are not at their end */
	OUTCOME_OTHERS, /* transactions that began before may still write to it */
	OUTCOME_DONE,
	OUTCOME__MAX
};
static const char *const outcome_names[OUTCOME__MAX] = { "busy", "more", "waits", "others",
	                                                 "done" };

/* One event, on its way. */
struct archive_event {
	struct pool *pool;
	const char *event, *days; /* parameters */
	int32_t event_id;
	struct archive_tally *tally;
};

static enum archive_outcome
outcome_parse(const char *name)
{
	int o = 0;

	while (o < OUTCOME__MAX && strcmp(outcome_names[o], name) != 0)
		o++;
	assert(o < OUTCOME__MAX);
	return (enum archive_outcome)o;
}

/* Moves one piece. */
static enum err
move_piece(struct archive_event *ev, TALLOC_CTX *ctx, enum archive_outcome *outcome)
{
	static const int moved[METRICS_TABLES] = { ARCHIVE_BOOKINGS, ARCHIVE_PAYMENTS,
		                                   ARCHIVE_REFUNDS, ARCHIVE_JOURNAL_ROWS,
		                                   ARCHIVE_SEATS };
	const struct call call = { STMT_ARCHIVE, { ev->event, ev->days, param_int(ctx, PIECE) } };
	struct archive_tally *t = ev->tally;
	struct rows *rows;
	enum err e;

	/* A piece may be moved twice when an answer was lost: the second finds nothing. */
	if ((e = transact_read(ev->pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	for (unsigned i = 0; i < METRICS_TABLES; i++)
		metrics_add(METRIC_ARCHIVED, i, (uint64_t)row_i32(rows, 0, moved[i]));
	t->bookings += row_i32(rows, 0, ARCHIVE_BOOKINGS);
	t->payments += row_i32(rows, 0, ARCHIVE_PAYMENTS);
	t->refunds += row_i32(rows, 0, ARCHIVE_REFUNDS);
	t->journal_rows += row_i32(rows, 0, ARCHIVE_JOURNAL_ROWS);
	t->seats += row_i32(rows, 0, ARCHIVE_SEATS);
	*outcome = outcome_parse(row_text(rows, 0, ARCHIVE_OUTCOME));
	return ERR_OK;
}

/* Moves piece by piece, for as long as there is more. */
static enum err
move_pieces(struct archive_event *ev, TALLOC_CTX *ctx, enum archive_outcome *outcome)
{
	bool others;
	int looks = 0;
	enum err e;

	do {
		if ((e = move_piece(ev, ctx, outcome)) != ERR_OK)
			return e;
		others = *outcome == OUTCOME_OTHERS;
		looks = others ? looks + 1 : 0;
		if (looks == OTHERS_MOST)
			return ERR_OK;
	} while ((others || *outcome == OUTCOME_MORE) && !stop_wait(others ? OTHERS_MS : 0));
	return ERR_OK;
}

/* A booking that is cancelled if it still waits, for seats or for payment. */
struct endless_booking {
	struct booking_key key;
	bool cancelled; /* set */
};

static enum err
cancel_endless(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct endless_booking *b = arg;

	return booking_cancel_waiting(db, ctx, &b->key, "EVENT_OVER", &b->cancelled);
}

/*
 * A booking without a window waits until it is paid or cancelled, and so its event would
 * never be over: those that still wait are cancelled. *n is how many there were.
 */
static enum err
end_endless(struct archive_event *ev, TALLOC_CTX *ctx, int *n)
{
	const struct call call = { STMT_ENDLESS_BOOKINGS, { ev->event, param_int(ctx, PIECE) } };
	struct rows *rows;
	enum err e;

	*n = 0;
	e = transact_read(ev->pool, ctx, &call, 1, &rows);
	for (; e == ERR_OK && *n < rows_count(rows) && !stop_wait(0); (*n)++) {
		struct endless_booking b = {
			{ ev->event_id, row_uuid(rows, *n, ENDLESS_BOOKINGS_ID) }, false
		};
		const struct transaction t = { cancel_endless, transact_again, &b };

		e = transact(ev->pool, ctx, &t);
		ev->tally->ended += e == ERR_OK && b.cancelled;
	}
	return e;
}

/* Moves all of an event that can be moved now, and counts it by what is left of it. */
static enum err
move_event(struct archive_event *ev, TALLOC_CTX *ctx)
{
	enum archive_outcome outcome;
	int ended = 0;
	enum err e;

	do {
		if ((e = move_pieces(ev, ctx, &outcome)) == ERR_OK && outcome == OUTCOME_WAITS)
			e = end_endless(ev, ctx, &ended);
	} while (e == ERR_OK && outcome == OUTCOME_WAITS && ended > 0 && !stop_wait(0));
	if (e == ERR_OK) {
		ev->tally->events += outcome == OUTCOME_DONE;
		ev->tally->waiting += outcome == OUTCOME_WAITS || outcome == OUTCOME_OTHERS;
	}
	return e;
}

static void
log_tally(const struct archive_tally *t, enum err e)
{
	log_line(e == ERR_OK ? LOG_INFO : LOG_WARN,
	         e == ERR_OK ? "archived" : "archiving was interrupted", "events",
	         log_int(t->events), "waiting", log_int(t->waiting), "ended", log_int(t->ended),
	         "bookings", log_int(t->bookings), "journal", log_int(t->journal_rows), "seats",
	         log_int(t->seats), "ms", log_int(t->took_us / 1000), "error",
	         e == ERR_OK ? NULL : err_name(e), NULL);
}

enum err
daemon_archive_once(struct pool *pool, int days, struct archive_tally *out)
{
	const int64_t began_us = clock_mono_us();
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct archive_event ev = { .pool = pool, .days = param_int(ctx, days), .tally = out };
	const struct call due = { STMT_DUE_EVENTS, { ev.days } };
	struct rows *rows;
	enum err e, first;

	assert(pool != NULL && days > 0);
	memset(out, 0, sizeof(*out));
	first = transact_read(pool, ctx, &due, 1, &rows);
	for (int r = 0, n = first == ERR_OK ? rows_count(rows) : 0; r < n && !stop_wait(0); r++) {
		TALLOC_CTX *tmp = talloc_new(ctx);

		ev.event_id = row_i32(rows, r, DUE_EVENTS_ID);
		ev.event = param_int(tmp, ev.event_id);
		if ((e = move_event(&ev, tmp)) != ERR_OK && first == ERR_OK)
			first = e;
		talloc_free(tmp);
	}
	talloc_free(ctx);
	out->took_us = clock_mono_us() - began_us;
	metrics_job(JOB_ARCHIVE, out->took_us, first != ERR_OK);
	log_tally(out, first);
	return first;
}

/* Sleeps until an instant of the wall clock; true when asked to stop. */
static bool
wait_until(int64_t at_us)
{
	int64_t left_us;

	while ((left_us = at_us - clock_now_us()) > 0) {
		if (stop_wait(left_us / 1000 < LOOK_MS ? (int)(left_us / 1000) + 1 : LOOK_MS))
			return true;
	}
	return false;
}

int
daemon_archive_run(TALLOC_CTX *ctx, const struct config *config, const char *database)
{
	struct pool *pool = pool_new(ctx, database, 1);
	char text[CLOCK_TEXT];

	for (;;) {
		const int64_t at_us = clock_next_hour(clock_now_us(), HOUR);
		struct archive_tally tally;

		log_line(LOG_INFO, "archiving", "next", clock_text(at_us, text), NULL);
		if (wait_until(at_us))
			return 0;
		while (daemon_archive_once(pool, (int)config->archive_days, &tally) != ERR_OK) {
			if (stop_wait(LOOK_MS))
				return 0;
		}
	}
}
