/* The first round trip of a reservation: locks in order, and what the decision needs is read. */
#include "store/reserve.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/param.h"

#define LOCK_CALLS 11 /* of reserve_lock, at the most */

_Static_assert(LOCK_CALLS <= EXCHANGE_MOST, "one round trip");

/* A call that takes seats, in lock order, as two arrays. */
static struct call
call_of_seats(TALLOC_CTX *ctx, enum stmt stmt, const struct seat_key *keys, size_t n)
{
	struct array event, no;

	array_init(&event, ctx);
	array_init(&no, ctx);
	for (size_t i = 0; i < n; i++) {
		assert(i == 0 || seat_key_compare(&keys[i - 1], &keys[i]) < 0);
		array_int(&event, keys[i].event_id);
		array_int(&no, keys[i].no);
	}
	return (struct call){ stmt, { array_done(&event), array_done(&no) } };
}

static struct call
call_of_bookings(TALLOC_CTX *ctx, enum stmt stmt, const struct uuid *ids, size_t n)
{
	const struct id_params p = param_ids(ctx, ids, n);

	return (struct call){ stmt, { p.events, p.ids } };
}

/* What the event's policy says of a limit; 0: nothing. */
static int32_t
limit_of(const struct rows *rows, int r, int column)
{
	return row_null(rows, r, column) ? 0 : row_i32(rows, r, column);
}

static void
read_events(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	int n = rows_count(rows);

	out->n_events = (size_t)n;
	out->events = talloc_zero_array(ctx, struct event_facts, (unsigned)n);
	out->now_us = n == 0 ? -1 : row_us(rows, 0, READ_EVENTS_NOW);
	for (int r = 0; r < n; r++) {
		struct event_facts *e = &out->events[r];
		const char *currency = row_text(rows, r, READ_EVENTS_CURRENCY);

		e->id = row_i32(rows, r, READ_EVENTS_ID);
		e->status = event_status_parse(row_text(rows, r, READ_EVENTS_STATUS));
		assert(e->status < EVENT__MAX && strlen(currency) < sizeof(e->currency));
		strcpy(e->currency, currency);
		e->max_seats = limit_of(rows, r, READ_EVENTS_MAX_SEATS);
		e->window_named = row_bool(rows, r, READ_EVENTS_HAS_WINDOW);
		e->window_min = limit_of(rows, r, READ_EVENTS_WINDOW_MIN);
		e->max_pending = limit_of(rows, r, READ_EVENTS_MAX_PENDING);
		e->hold_min = limit_of(rows, r, READ_EVENTS_HOLD_MIN);
	}
}

/* Adds the seats of an answer to those read so far. */
static void
read_seats(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	int n = rows_count(rows);

	if (n == 0)
		return;
	out->seats = talloc_realloc(ctx, out->seats, struct seat_facts,
	                            (unsigned)out->n_seats + (unsigned)n);
	for (int r = 0; r < n; r++) {
		struct seat_facts *s = &out->seats[out->n_seats++];

		*s = (struct seat_facts){
			.key = { row_i32(rows, r, LOCK_SEATS_EVENT),
			         row_i32(rows, r, LOCK_SEATS_NO) },
			.status = seat_status_parse(row_text(rows, r, LOCK_SEATS_STATUS)),
			.holder = row_text(rows, r, LOCK_SEATS_HOLDER),
			.lapsed = row_bool(rows, r, LOCK_SEATS_LAPSED),
			.price_minor = row_i32(rows, r, LOCK_SEATS_PRICE),
			.section = row_text(rows, r, LOCK_SEATS_SECTION),
			.subsection = row_i32(rows, r, LOCK_SEATS_SUBSECTION),
			.row = row_text(rows, r, LOCK_SEATS_ROW),
			.label = row_text(rows, r, LOCK_SEATS_LABEL),
			.tier = row_text(rows, r, LOCK_SEATS_TIER),
		};
		if (!row_null(rows, r, LOCK_SEATS_BOOKING))
			s->booking_id = row_uuid(rows, r, LOCK_SEATS_BOOKING);
		assert(s->status < SEAT__MAX &&
		       (s->status == SEAT_FREE || s->holder != NULL || s->status == SEAT_BLOCKED));
	}
	qsort(out->seats, out->n_seats, sizeof(out->seats[0]), seat_key_compare);
}

static void
read_requested(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	out->n_requested = (size_t)rows_count(rows);
	out->requested = talloc_array(ctx, struct uuid, (unsigned)out->n_requested);
	for (int r = 0; r < (int)out->n_requested; r++)
		out->requested[r] = row_uuid(rows, r, LOCK_REQUESTED_ID);
	qsort(out->requested, out->n_requested, sizeof(struct uuid), uuid_compare);
}

static void
read_pending(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	int n = rows_count(rows);

	out->n_pending = (size_t)n;
	out->pending = talloc_array(ctx, struct pending_facts, (unsigned)n);
	for (int r = 0; r < n; r++) {
		out->pending[r].user_id = row_text(rows, r, COUNT_PENDING_USER);
		out->pending[r].count = row_i64(rows, r, COUNT_PENDING_N);
	}
}

enum err
reserve_alone(struct db *db, TALLOC_CTX *ctx, struct choosing *choosing)
{
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_EVENTS, { param_ints(ctx, choosing->events, choosing->n) } },
	};

	assert(!db_in_transaction(db) && choosing->n > 0 && !choosing->alone);
	choosing->alone = true;
	return db_exchange(db, ctx, calls, 2, NULL);
}

enum err
reserve_lock(struct db *db, TALLOC_CTX *ctx, const struct lock_set *locks, struct locked *out)
{
	const struct choosing *choosing = locks->choosing;
	const bool alone = choosing != NULL && choosing->alone;
	struct call calls[LOCK_CALLS];
	struct rows *rows[LOCK_CALLS];
	size_t n = 0, tried = 0, pending, events, requested = 0, idle = 0, seats = 0, held = 0;
	enum err e;

	assert(db_in_transaction(db) == alone);
	assert(locks->n_keys > 0 && locks->n_users > 0 && locks->n_events > 0);
	if (!alone) {
		calls[n++] = (struct call){ .stmt = STMT_BEGIN };
		if (choosing != NULL && choosing->n > 0)
			calls[n++] = (struct call){ STMT_SHARE_EVENTS,
				                    { param_ints(ctx, choosing->events,
				                                 choosing->n) } };
	}
	if (locks->n_answer_keys > 0)
		calls[tried = n++] = idempotency_try(ctx, locks->answer_keys, locks->n_answer_keys);
	calls[n++] = (struct call){ STMT_LOCK_USERS,
		                    { param_bigints(ctx, locks->lock_keys, locks->n_keys) } };
	calls[pending = n++] = (struct call){ STMT_COUNT_PENDING,
		                              { param_texts(ctx, locks->users, locks->n_users) } };
	calls[events = n++] = (struct call){ STMT_READ_EVENTS,
		                             { param_ints(ctx, locks->events, locks->n_events) } };
	if (locks->n_bookings > 0)
		calls[requested = n++] = call_of_bookings(ctx, STMT_LOCK_REQUESTED, locks->bookings,
		                                          locks->n_bookings);
	if (locks->n_seats > 0)
		calls[seats = n++] = call_of_seats(ctx, STMT_LOCK_SEATS, locks->seats,
		                                   locks->n_seats);
	if (locks->n_idle > 0)
		calls[idle = n++] = call_of_seats(ctx, STMT_LOCK_IDLE_SEATS, locks->idle,
		                                  locks->n_idle);
	if (locks->n_holdings > 0)
		calls[held = n++] = hold_rows_read_call(ctx, locks->holdings, locks->n_holdings);
	if (locks->n_answer_keys > 0)
		calls[n++] = idempotency_look(ctx, locks->answer_keys, locks->n_answer_keys);
	assert(n <= LOCK_CALLS);
	memset(out, 0, sizeof(*out));
	out->seats = talloc_array(ctx, struct seat_facts, 0); /* not NULL: it is searched */
	if ((e = db_exchange(db, ctx, calls, n, rows)) != ERR_OK)
		return e;
	read_pending(ctx, rows[pending], out);
	read_events(ctx, rows[events], out);
	if (requested > 0)
		read_requested(ctx, rows[requested], out);
	if (seats > 0)
		read_seats(ctx, rows[seats], out);
	if (idle > 0)
		read_seats(ctx, rows[idle], out);
	if (held > 0)
		hold_rows_read(ctx, rows[held], locks->holdings, locks->n_holdings);
	out->holdings = locks->holdings;
	out->n_holdings = locks->n_holdings;
	if (locks->n_answer_keys > 0) {
		out->keys = talloc_array(ctx, enum key_state, (unsigned)locks->n_answer_keys);
		idempotency_states(rows[tried], rows[n - 1], out->keys, locks->n_answer_keys);
	}
	return ERR_OK;
}
