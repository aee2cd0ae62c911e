#include "core/event/event_cancel.h"

#include <string.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"
#include "base/stop.h"
#include "core/event/event.h"
#include "core/reserve/hold.h"
#include "core/booking/booking_move.h"
#include "core/booking/refund.h"
#include "core/booking/refund_move.h"
#include "store/param.h"
#include "store/transact.h"

#define BATCH    500 /* bookings, or holds, of one transaction */
#define REASON   "EVENT_CANCELLED"
#define SLICE_US (2 * US_PER_S) /* that event_cancel_all takes at a time */
#define PATIENCE 10             /* rounds in which none can go on, until it leaves them for later */

/* --- the beginning --- */

static enum err
cancel_locked(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const char *user_id, bool staff,
              const char *correlation_id)
{
	const char *number = param_int(ctx, event_id);
	const struct call lock[] = { { .stmt = STMT_BEGIN }, { STMT_LOCK_EVENT, { number } } };
	struct rows *rows[2];
	struct changeset m;
	enum err e;

	if ((e = db_exchange(db, ctx, lock, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return ERR_EVENT_NOT_FOUND;
	if (!staff && strcmp(row_text(rows[1], 0, 1), user_id) != 0)
		return ERR_FORBIDDEN;
	if (event_status_parse(row_text(rows[1], 0, 9)) == EVENT_CANCELLED)
		return ERR_OK;
	if (row_bool(rows[1], 0, 16)) /* it is being archived, or is */
		return ERR_INVALID_STATE;
	changeset_init(&m, ctx, correlation_id);
	changeset_call(&m, (struct call){ STMT_CANCEL_EVENT, { number } });
	changeset_call(&m, (struct call){ STMT_INSERT_CANCELLATION,
	                                  { number, user_id, correlation_id } });
	changeset_row(&m, event_id, NULL, user_id, "event.cancelled", "{}");
	return changeset_commit(db, &m);
}

enum err
event_cancel(struct pool *pool, TALLOC_CTX *ctx, int32_t event_id, const char *user_id, bool staff,
             const char *correlation_id)
{
	enum err e = ERR_UNAVAILABLE;

	for (int i = 0; i < POOL_ATTEMPTS; i++) {
		struct db *db;

		if ((e = pool_take(pool, &db)) != ERR_OK)
			return e;
		e = cancel_locked(db, ctx, event_id, user_id, staff, correlation_id);
		pool_give(pool, db);
		if (e != ERR_TX_RETRY && e != ERR_DB_LOST && e != ERR_DB_UNKNOWN)
			break;
	}
	if (e == ERR_OK) /* also when it was cancelled before: that may have been an instant ago */
		e = event_wait_for_others(pool, ctx);
	shared_event_changed(event_id);
	return e;
}

static void
read_progress(const struct rows *rows, struct event_cancellation *out)
{
	*out = (struct event_cancellation){ .total = row_null(rows, 0, 0) ? -1
		                                                          : row_i32(rows, 0, 0),
		                            .cancelled = row_i32(rows, 0, 1),
		                            .refunded = row_i32(rows, 0, 2),
		                            .requested_us = row_us(rows, 0, 3),
		                            .finished_us = row_us(rows, 0, 4),
		                            .correlation_id = row_text(rows, 0, 5),
		                            .refunds_pending = row_i64(rows, 0, 7),
		                            .refunds_failed = row_i64(rows, 0, 8) };
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

/* A batch of bookings, those that are paid behind the others. */
struct cancel_batch {
	struct db *db;
	TALLOC_CTX *ctx;
	int32_t event_id;
	const char *correlation_id;
	struct locked_booking *bookings;
	size_t n, n_unpaid;
	struct refund_write *refunds;
	size_t n_refunds;
	int64_t *given; /* of the paid ones */
	struct changeset moves;
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
	b->bookings = sorted;
}

/* The refunds of those that are paid, all that they have. */
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
	b->given = talloc_array(b->ctx, int64_t, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		const struct locked_booking *one = &b->bookings[b->n_unpaid + i];
		struct account account;

		account_read_at(b->ctx, rows, i, row, &account);
		b->n_refunds += refund_plan(one, &account, one->total_minor, REASON,
		                            &b->refunds[b->n_refunds], &b->given[i]);
	}
	return ERR_OK;
}

static void
cancel_unpaid(struct cancel_batch *b)
{
	if (b->n_unpaid > 0)
		booking_move_cancel(&b->moves, b->bookings, b->n_unpaid, REASON);
}

/* One that cost nothing is refunded as well: it was confirmed, and its event is off. */
static void
refund_paid(struct cancel_batch *b)
{
	const struct locked_booking *paid = b->bookings + b->n_unpaid;
	const size_t n = b->n - b->n_unpaid;
	int64_t *kept = talloc_array(b->ctx, int64_t, (unsigned)n);

	if (n == 0)
		return;
	for (size_t i = 0; i < n; i++)
		kept[i] = paid[i].total_minor - b->given[i];
	booking_move_refund(&b->moves, paid, n, b->given, kept, REASON, NULL);
	refund_move_request(&b->moves, b->refunds, b->n_refunds);
}

static enum err
end_batch(struct cancel_batch *b)
{
	enum err e;

	sort_batch(b);
	if ((e = plan_refunds(b)) != ERR_OK)
		return e;
	changeset_init(&b->moves, b->ctx, b->correlation_id);
	cancel_unpaid(b);
	refund_paid(b);
	changeset_call(&b->moves,
	               (struct call){ STMT_ADD_CANCELLED,
	                              { param_int(b->ctx, b->event_id),
	                                param_int(b->ctx, (int64_t)b->n_unpaid),
	                                param_int(b->ctx, (int64_t)(b->n - b->n_unpaid)) } });
	e = changeset_commit(b->db, &b->moves);
	shared_event_changed(b->event_id);
	return e;
}

/* No booking was found: holds end, too, and that was all, unless somebody is still at one of them. */
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

static enum err
step(struct db *db, TALLOC_CTX *ctx, int32_t event_id, struct uuid *after, enum cancel_state *state)
{
	const char *number = param_int(ctx, event_id);
	const struct call calls[] = { { STMT_BEGIN_CANCELLATION, { number } },
		                      { STMT_GET_CANCELLATION, { number } } };
	struct cancel_batch b = { .db = db, .ctx = ctx, .event_id = event_id };
	struct event_cancellation c;
	struct rows *rows[2];
	bool others, first = uuid_is_zero(after);
	enum err e;

	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	*state = rows_count(rows[1]) == 0 || row_us(rows[1], 0, 4) >= 0 ? CANCEL_FINISHED
	                                                                : CANCEL_GOES_ON;
	if (*state == CANCEL_FINISHED)
		return ERR_OK;
	read_progress(rows[1], &c);
	others = row_bool(rows[1], 0, 6);
	b.correlation_id = c.correlation_id;
	if ((e = booking_lock_live(db, ctx, event_id, after, BATCH, &b.bookings, &b.n)) != ERR_OK)
		return e;
	if (b.n > 0) {
		*after = b.bookings[b.n - 1].id;
		return end_batch(&b);
	}
	memset(after, 0, sizeof(*after));
	if (first && !others)
		return finish(db, ctx, event_id, b.correlation_id, state);
	if (first)
		*state = CANCEL_WAITS;
	return ERR_OK;
}

enum err
event_cancel_step(struct pool *pool, int32_t event_id, struct uuid *after, enum cancel_state *state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	enum err e = ERR_UNAVAILABLE;

	*state = CANCEL_GOES_ON;
	for (int i = 0; i < POOL_ATTEMPTS; i++) {
		struct uuid from = *after;
		struct db *db;

		if ((e = pool_take(pool, &db)) != ERR_OK)
			break;
		e = step(db, ctx, event_id, &from, state);
		pool_give(pool, db);
		if (e == ERR_OK)
			*after = from;
		if (e != ERR_TX_RETRY && e != ERR_DB_LOST && e != ERR_DB_UNKNOWN)
			break; /* after a COMMIT that was cut off, what is done is not found again */
	}
	talloc_free(ctx);
	return e;
}

/* --- all of them --- */

/* One event among those that are to be finished. */
struct cancel_turn {
	int32_t event_id;
	struct uuid after;
	enum cancel_state state;
	bool left; /* it failed, and is left for another time */
};

/* A step of each that is not finished; whether one of them can go on. */
static bool
step_each(struct pool *pool, struct cancel_turn *turns, size_t n, enum err *first)
{
	bool busy = false;

	for (size_t i = 0; i < n && !stop_wait(0); i++) {
		struct cancel_turn *t = &turns[i];
		enum err e;

		if (t->left || t->state == CANCEL_FINISHED)
			continue;
		e = event_cancel_step(pool, t->event_id, &t->after, &t->state);
		t->left = e != ERR_OK;
		if (e != ERR_OK && *first == ERR_OK)
			*first = e;
		busy = busy || (e == ERR_OK && t->state == CANCEL_GOES_ON);
	}
	return busy;
}

/* How many have come to this state. */
static size_t
count_turns(const struct cancel_turn *turns, size_t n, enum cancel_state state)
{
	size_t found = 0;

	for (size_t i = 0; i < n; i++)
		found += !turns[i].left && turns[i].state == state;
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

	*more = false;
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK) {
		talloc_free(ctx);
		return e;
	}
	n = (size_t)rows_count(rows);
	turns = talloc_zero_array(ctx, struct cancel_turn, (unsigned)n);
	for (size_t i = 0; i < n; i++)
		turns[i].event_id = row_i32(rows, (int)i, 0);
	do {
		*more = step_each(pool, turns, n, &e);
		idle = *more ? 0 : idle + 1;
		if (!*more && count_turns(turns, n, CANCEL_WAITS) == 0)
			break;
	} while (idle < PATIENCE && clock_mono_us() < until_us &&
	         !stop_wait(idle > 0 ? CANCEL_WAIT_MS : 0));
	*done += count_turns(turns, n, CANCEL_FINISHED);
	talloc_free(ctx);
	return e;
}
