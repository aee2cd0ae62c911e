/*
 * Cancelling an event: the event's own state at once, then its bookings and holds, batch by batch.
 * Each step is a transaction of its own and finds what is left, so any process may take it.
 */
#include "core/event/event_cancel.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"
#include "base/stop.h"
#include "core/booking/booking_move.h"
#include "core/booking/refund.h"
#include "core/booking/refund_move.h"
#include "core/event/event.h"
#include "core/journal/journal.h"
#include "core/reserve/hold.h"
#include "store/param.h"
#include "store/transact.h"

#define BATCH       500 /* bookings, or holds, of one transaction */
#define REASON      "EVENT_CANCELLED"
#define SLICE_US    (2 * US_PER_S) /* that event_cancel_all takes at a time */
#define ROUNDS_IDLE 10 /* rounds in which no event can go on, until they are left for later */

/* --- the event --- */

/* A request to cancel an event. */
struct cancel_request {
	int32_t event_id;
	const char *user_id;
	bool staff;
	const char *correlation_id;
};

/* Writes the event's state, that there is a cancellation to go on with, and the journal's row. */
static enum err
store_cancel(struct db *db, TALLOC_CTX *ctx, const struct cancel_request *c, const char *event)
{
	struct changeset changes;

	changeset_init(&changes, ctx, c->correlation_id);
	changeset_call(&changes, (struct call){ STMT_CANCEL_EVENT, { event } });
	changeset_call(&changes, (struct call){ STMT_INSERT_CANCELLATION,
	                                        { event, c->user_id, c->correlation_id } });
	changeset_row(&changes, c->event_id, NULL, c->user_id,
	              journal_type_name(JOURNAL_EVENT_CANCELLED), "{}");
	return changeset_commit(db, &changes);
}

static enum err
run_cancel(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	const struct cancel_request *c = arg;
	const char *event = param_int(ctx, c->event_id);
	const struct call lock[] = { { .stmt = STMT_BEGIN }, { STMT_LOCK_EVENT, { event } } };
	struct rows *rows[2];
	enum err e;

	if ((e = db_exchange(db, ctx, lock, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return ERR_EVENT_NOT_FOUND;
	if (!c->staff && strcmp(row_text(rows[1], 0, GET_EVENT_SELLER), c->user_id) != 0)
		return ERR_FORBIDDEN;
	if (event_status_parse(row_text(rows[1], 0, GET_EVENT_STATUS)) == EVENT_CANCELLED)
		return ERR_OK;
	if (row_bool(rows[1], 0, LOCK_EVENT_ARCHIVING)) /* or it is in the archive */
		return ERR_INVALID_STATE;
	return store_cancel(db, ctx, c, event);
}

enum err
event_cancel(struct pool *pool, TALLOC_CTX *ctx, int32_t event_id, const char *user_id, bool staff,
             const char *correlation_id)
{
	struct cancel_request c = { event_id, user_id, staff, correlation_id };
	const struct transaction t = { run_cancel, transact_again, &c }; /* once more is harmless */
	enum err e;

	assert(staff || user_id != NULL);
	e = transact(pool, ctx, &t);
	if (e == ERR_OK) /* also when it was cancelled before: that may have been an instant ago */
		e = event_wait_for_others(pool, ctx);
	shared_event_changed(event_id);
	return e;
}

/* The row of GET_CANCELLATION. */
static void
read_progress(const struct rows *rows, struct event_cancellation *out)
{
	const bool counted = !row_null(rows, 0, GET_CANCELLATION_TOTAL);

	*out = (struct event_cancellation){
		.total = counted ? row_i32(rows, 0, GET_CANCELLATION_TOTAL) : -1,
		.cancelled = row_i32(rows, 0, GET_CANCELLATION_CANCELLED),
		.refunded = row_i32(rows, 0, GET_CANCELLATION_REFUNDED),
		.requested_us = row_us(rows, 0, GET_CANCELLATION_REQUESTED),
		.finished_us = row_us(rows, 0, GET_CANCELLATION_FINISHED),
		.correlation_id = row_text(rows, 0, GET_CANCELLATION_CORRELATION),
		.refunds_pending = row_i64(rows, 0, GET_CANCELLATION_REFUNDS_PENDING),
		.refunds_failed = row_i64(rows, 0, GET_CANCELLATION_REFUNDS_FAILED)
	};
	assert(out->cancelled >= 0 && out->refunded >= 0);
}

enum err
event_cancel_progress(struct pool *pool, TALLOC_CTX *ctx, int32_t event_id,
                      struct event_cancellation *out)
{
	const struct call call = { STMT_GET_CANCELLATION, { param_int(ctx, event_id) } };
	struct rows *rows;
	enum err e = transact_read(pool, ctx, &call, 1, &rows);

	if (e == ERR_OK && rows_count(rows) == 0)
		return ERR_EVENT_NOT_FOUND;
	if (e == ERR_OK)
		read_progress(rows, out);
	return e;
}

/* --- one batch --- */

/* A batch of bookings that end in one transaction, those that are paid behind the others. */
struct cancel_batch {
	struct db *db;
	TALLOC_CTX *ctx;
	int32_t event_id;
	const char *correlation_id;
	struct locked_booking *bookings;
	size_t n, n_unpaid;
	struct refund_write *refunds;
	size_t n_refunds;
	int64_t *given_minor; /* to each of the paid ones */
	struct changeset changes;
};

/* Those that are not paid first; in each part the order stays. */
static void
sort_batch(struct cancel_batch *b)
{
	struct locked_booking *sorted = talloc_array(b->ctx, struct locked_booking, (unsigned)b->n);
	size_t used = 0;

	for (int paid = 0; paid < 2; paid++) {
		for (size_t i = 0; i < b->n; i++) {
			if ((b->bookings[i].status == BOOKING_CONFIRMED) == (paid == 1))
				sorted[used++] = b->bookings[i];
		}
		if (paid == 0)
			b->n_unpaid = used;
	}
	assert(used == b->n);
	b->bookings = sorted;
}

/* Plans the refunds of the bookings that are paid: all that was paid is given back. */
static enum err
plan_refunds(struct cancel_batch *b)
{
	const size_t n = b->n - b->n_unpaid;
	struct call calls[ACCOUNT_CALLS];
	struct rows *rows[ACCOUNT_CALLS];
	int row[ACCOUNT_CALLS] = { 0 };
	struct array events, ids;
	enum err e;

	if (n == 0)
		return ERR_OK;
	array_init(&events, b->ctx);
	array_init(&ids, b->ctx);
	for (size_t i = b->n_unpaid; i < b->n; i++) {
		array_int(&events, b->event_id);
		array_uuid(&ids, &b->bookings[i].id);
	}
	account_calls_of(array_done(&events), array_done(&ids), calls);
	if ((e = db_exchange(b->db, b->ctx, calls, ACCOUNT_CALLS, rows)) != ERR_OK)
		return e;
	b->refunds = talloc_array(b->ctx, struct refund_write, (unsigned)(n * REFUNDS_MOST));
	b->given_minor = talloc_array(b->ctx, int64_t, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		const struct locked_booking *one = &b->bookings[b->n_unpaid + i];
		struct account account;

		account_read_at(b->ctx, rows, i, row, &account);
		assert(one->status == BOOKING_CONFIRMED);
		b->n_refunds += refund_plan(one, &account, one->total_minor, REASON,
		                            &b->refunds[b->n_refunds], &b->given_minor[i]);
	}
	assert(b->n_refunds <= n * REFUNDS_MOST);
	return ERR_OK;
}

/* Nothing was paid for these: they are cancelled. */
static void
cancel_unpaid(struct cancel_batch *b)
{
	if (b->n_unpaid > 0)
		booking_move_cancel(&b->changes, b->bookings, b->n_unpaid, REASON);
}

/* A booking that cost nothing is refunded as well: it was confirmed. */
static void
refund_paid(struct cancel_batch *b)
{
	const struct locked_booking *paid = b->bookings + b->n_unpaid;
	const size_t n = b->n - b->n_unpaid;
	int64_t *kept_minor = talloc_array(b->ctx, int64_t, (unsigned)n);

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		kept_minor[i] = paid[i].total_minor - b->given_minor[i];
	booking_move_refund(&b->changes, paid, n, b->given_minor, kept_minor, REASON, NULL);
	refund_move_request(&b->changes, b->refunds, b->n_refunds);
}

/* Ends the bookings of a batch, which are locked, and counts them; commits. */
static enum err
end_batch(struct cancel_batch *b)
{
	enum err e;

	assert(db_in_transaction(b->db) && b->n > 0);
	sort_batch(b);
	if ((e = plan_refunds(b)) != ERR_OK)
		return e;
	changeset_init(&b->changes, b->ctx, b->correlation_id);
	cancel_unpaid(b);
	refund_paid(b);
	changeset_call(&b->changes,
	               (struct call){ STMT_ADD_CANCELLED,
	                              { param_int(b->ctx, b->event_id),
	                                param_int(b->ctx, (int64_t)b->n_unpaid),
	                                param_int(b->ctx, (int64_t)(b->n - b->n_unpaid)) } });
	e = changeset_commit(b->db, &b->changes);
	shared_event_changed(b->event_id);
	return e;
}

/*
 * No booking was found: the holds end, and then the cancellation, unless a booking or hold is left
 * that another transaction had locked.
 */
static enum err
finish(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const char *correlation_id,
       enum cancel_state *state)
{
	const struct call call = { STMT_END_CANCELLATION, { param_int(ctx, event_id) } };
	struct rows *rows;
	size_t holds;
	enum err e;

	db_rollback(db);
	if ((e = hold_end(db, ctx, event_id, correlation_id, BATCH, &holds)) != ERR_OK || holds > 0)
		return e;
	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	*state = rows_count(rows) > 0 ? CANCEL_FINISHED : CANCEL_WAITS;
	if (*state == CANCEL_FINISHED)
		log_line(LOG_INFO, "all bookings of a cancelled event are ended", "event",
		         log_int(event_id), NULL);
	return ERR_OK;
}

/* A step on its way. */
struct cancel_step {
	int32_t event_id;
	const struct uuid *after;
	struct uuid next; /* the `after` of the next step */
	enum cancel_state state;
};

/*
 * One transaction. A pass over all bookings that began at the first and found none at all, while
 * no transaction is left that may book, is the last one.
 */
static enum err
run_step(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct cancel_step *s = arg;
	const bool first = uuid_is_zero(s->after);
	const char *event = param_int(ctx, s->event_id);
	const struct call calls[] = { { STMT_BEGIN_CANCELLATION, { event } },
		                      { STMT_GET_CANCELLATION, { event } } };
	struct cancel_batch b = { .db = db, .ctx = ctx, .event_id = s->event_id };
	struct event_cancellation c;
	struct rows *rows[2];
	enum err e;

	memset(&s->next, 0, sizeof(s->next));
	s->state = CANCEL_FINISHED;
	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK || rows_count(rows[1]) == 0)
		return e;
	read_progress(rows[1], &c);
	if (c.finished_us >= 0)
		return ERR_OK;
	s->state = CANCEL_GOES_ON;
	b.correlation_id = c.correlation_id;
	if ((e = booking_lock_live(db, ctx, s->event_id, s->after, BATCH, &b.bookings, &b.n)) !=
	    ERR_OK)
		return e;
	if (b.n > 0) {
		s->next = b.bookings[b.n - 1].id;
		return end_batch(&b);
	}
	if (first && !row_bool(rows[1], 0, GET_CANCELLATION_OTHERS))
		return finish(db, ctx, s->event_id, b.correlation_id, &s->state);
	if (first)
		s->state = CANCEL_WAITS;
	return ERR_OK;
}

enum err
event_cancel_step(struct pool *pool, int32_t event_id, struct uuid *after, enum cancel_state *state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct cancel_step s = { .event_id = event_id, .after = after };
	/* After a COMMIT that was not answered, bookings that were ended are not found again. */
	const struct transaction t = { run_step, transact_again, &s };
	enum err e;

	assert(after != NULL && state != NULL && event_id > 0);
	e = transact(pool, ctx, &t);
	*state = e == ERR_OK ? s.state : CANCEL_GOES_ON;
	if (e == ERR_OK)
		*after = s.next;
	talloc_free(ctx);
	return e;
}

/* --- all of them --- */

/* One event among those that are to be finished. */
struct cancel_turn {
	int32_t event_id;
	struct uuid after;
	enum cancel_state state;
	bool failed; /* and is left for the next call of event_cancel_all */
};

/* A step of each that is not finished; whether one of them can go on. *first: the first error. */
static bool
step_each(struct pool *pool, struct cancel_turn *turns, size_t n, enum err *first)
{
	bool busy = false;

	for (size_t i = 0; i < n && !stop_wait(0); i++) {
		struct cancel_turn *t = &turns[i];
		enum err e;

		if (t->failed || t->state == CANCEL_FINISHED)
			continue;
		e = event_cancel_step(pool, t->event_id, &t->after, &t->state);
		t->failed = e != ERR_OK;
		if (e != ERR_OK && *first == ERR_OK)
			*first = e;
		busy = busy || (e == ERR_OK && t->state == CANCEL_GOES_ON);
	}
	return busy;
}

/* How many have come to a state. */
static size_t
count_turns(const struct cancel_turn *turns, size_t n, enum cancel_state state)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += !turns[i].failed && turns[i].state == state;
	return found;
}

enum err
event_cancel_all(struct pool *pool, size_t *done, bool *more)
{
	const struct call call = { .stmt = STMT_OPEN_CANCELLATIONS };
	const int64_t until_us = clock_mono_us() + SLICE_US;
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct rows *rows;
	struct cancel_turn *turns;
	size_t n;
	int idle = 0;
	enum err e;

	assert(done != NULL && more != NULL);
	*more = false;
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK) {
		talloc_free(ctx);
		return e;
	}
	n = (size_t)rows_count(rows);
	turns = talloc_zero_array(ctx, struct cancel_turn, (unsigned)n);
	for (size_t i = 0; i < n; i++)
		turns[i].event_id = row_i32(rows, (int)i, OPEN_CANCELLATIONS_EVENT);
	do {
		*more = step_each(pool, turns, n, &e);
		idle = *more ? 0 : idle + 1;
		if (!*more && count_turns(turns, n, CANCEL_WAITS) == 0)
			break;
	} while (idle < ROUNDS_IDLE && clock_mono_us() < until_us &&
	         !stop_wait(idle > 0 ? CANCEL_WAIT_MS : 0));
	*done += count_turns(turns, n, CANCEL_FINISHED);
	talloc_free(ctx);
	return e;
}
