#include "store/reserve.h"

#include <stdlib.h>
#include <string.h>

#include "store/param.h"

int
seat_key_compare(const void *a, const void *b)
{
	const struct seat_key *x = a, *y = b;

	if (x->event_id != y->event_id)
		return x->event_id < y->event_id ? -1 : 1;
	return (x->no > y->no) - (x->no < y->no);
}

static const char *
keys_param(TALLOC_CTX *ctx, const int64_t *keys, size_t n)
{
	struct array a;

	array_init(&a, ctx);
	for (size_t i = 0; i < n; i++)
		array_int(&a, keys[i]);
	return array_done(&a);
}

static void
read_events(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	int n = rows_count(rows);

	out->n_events = (size_t)n;
	out->events = talloc_zero_array(ctx, struct event_facts, (unsigned)n);
	out->now_us = n == 0 ? -1 : row_us(rows, 0, 7);
	for (int r = 0; r < n; r++) {
		struct event_facts *e = &out->events[r];

		e->id = row_i32(rows, r, 0);
		e->status = event_status_parse(row_text(rows, r, 1));
		memcpy(e->currency, row_text(rows, r, 2), sizeof(e->currency));
		e->max_seats = row_null(rows, r, 3) ? 0 : row_i32(rows, r, 3);
		e->window_named = row_bool(rows, r, 4);
		e->window_min = row_null(rows, r, 5) ? 0 : row_i32(rows, r, 5);
		e->max_pending = row_null(rows, r, 6) ? 0 : row_i32(rows, r, 6);
	}
}

static void
read_seats(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	int n = rows_count(rows);

	out->n_seats = (size_t)n;
	out->seats = talloc_zero_array(ctx, struct seat_facts, (unsigned)n);
	for (int r = 0; r < n; r++) {
		struct seat_facts *s = &out->seats[r];

		s->key.event_id = row_i32(rows, r, 0);
		s->key.no = row_i32(rows, r, 1);
		s->status = seat_status_parse(row_text(rows, r, 2));
		s->holder = row_text(rows, r, 3);
		s->lapsed = row_bool(rows, r, 4);
		if (!row_null(rows, r, 5))
			s->booking_id = row_uuid(rows, r, 5);
		s->price_minor = row_i32(rows, r, 6);
		s->section = row_text(rows, r, 7);
		s->subsection = row_i32(rows, r, 8);
		s->row = row_text(rows, r, 9);
		s->label = row_text(rows, r, 10);
		s->tier = row_text(rows, r, 11);
	}
	qsort(out->seats, out->n_seats, sizeof(out->seats[0]), seat_key_compare);
}

static void
read_pending(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	int n = rows_count(rows);

	out->n_pending = (size_t)n;
	out->pending = talloc_array(ctx, struct pending_facts, (unsigned)n);
	for (int r = 0; r < n; r++) {
		out->pending[r].user_id = row_text(rows, r, 0);
		out->pending[r].count = row_i64(rows, r, 1);
	}
}

enum err
reserve_lock(struct db *db, TALLOC_CTX *ctx, const int64_t *lock_keys, size_t n_keys,
             const char *const *users, size_t n_users, const int32_t *events, size_t n_events,
             const struct seat_key *seats, size_t n_seats, struct locked *out)
{
	struct array user, event, seat_event, seat_no;
	struct rows *rows[5];
	enum err e;

	array_init(&user, ctx);
	array_init(&event, ctx);
	array_init(&seat_event, ctx);
	array_init(&seat_no, ctx);
	for (size_t i = 0; i < n_users; i++)
		array_text(&user, users[i]);
	for (size_t i = 0; i < n_events; i++)
		array_int(&event, events[i]);
	for (size_t i = 0; i < n_seats; i++) {
		array_int(&seat_event, seats[i].event_id);
		array_int(&seat_no, seats[i].no);
	}
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_USERS, { keys_param(ctx, lock_keys, n_keys) } },
		{ STMT_COUNT_PENDING, { array_done(&user) } },
		{ STMT_READ_EVENTS, { array_done(&event) } },
		{ STMT_LOCK_SEATS, { array_done(&seat_event), array_done(&seat_no) } },
	};
	if ((e = db_exchange(db, ctx, calls, 5, rows)) != ERR_OK)
		return e;
	read_pending(ctx, rows[2], out);
	read_events(ctx, rows[3], out);
	read_seats(ctx, rows[4], out);
	return ERR_OK;
}

/* The columns of INSERT_BOOKINGS and INSERT_JOURNAL, an array each. */
struct booking_arrays {
	struct array event, id, user, name, seats, prices, total, currency, minutes;
	struct array type, correlation, payload;
};

/* The columns of RESERVE_SEATS. */
struct seat_arrays {
	struct array event, no, holder, minutes, booking;
};

static void
add_minutes(struct array *a, int32_t minutes)
{
	if (minutes == 0)
		array_text(a, NULL);
	else
		array_int(a, minutes);
}

static void
add_booking(struct booking_arrays *a, TALLOC_CTX *ctx, const struct booking_write *w)
{
	struct array seats, prices;

	array_init(&seats, ctx);
	array_init(&prices, ctx);
	for (size_t i = 0; i < w->n_seats; i++) {
		array_int(&seats, w->seats[i]);
		array_int(&prices, w->prices_minor[i]);
	}
	array_int(&a->event, w->event_id);
	array_uuid(&a->id, &w->id);
	array_text(&a->user, w->user_id);
	array_text(&a->name, w->user_name);
	array_text(&a->seats, array_done(&seats));
	array_text(&a->prices, array_done(&prices));
	array_int(&a->total, w->total_minor);
	array_text(&a->currency, w->currency);
	add_minutes(&a->minutes, w->window_min);
	array_text(&a->type, "booking.created");
	array_text(&a->correlation, w->correlation_id);
	array_text(&a->payload, w->payload);
}

static void
add_seats(struct seat_arrays *a, const struct booking_write *w)
{
	for (size_t i = 0; i < w->n_seats; i++) {
		array_int(&a->event, w->event_id);
		array_int(&a->no, w->seats[i]);
		array_text(&a->holder, w->user_id);
		add_minutes(&a->minutes, w->window_min);
		array_uuid(&a->booking, &w->id);
	}
}

/* Initialises n arrays that lie one after the other. */
static void
init_arrays(struct array *first, size_t n, TALLOC_CTX *ctx)
{
	for (size_t i = 0; i < n; i++)
		array_init(&first[i], ctx);
}

static struct booking_write *
find_write(struct booking_write *writes, size_t n, const struct uuid *id, size_t likely)
{
	for (size_t i = 0; i < n; i++) {
		struct booking_write *w = &writes[(likely + i) % n];

		if (memcmp(&w->id, id, sizeof(*id)) == 0)
			return w;
	}
	return NULL;
}

enum err
reserve_write(struct db *db, TALLOC_CTX *ctx, struct booking_write *writes, size_t n,
              void (*written)(void *), void *arg)
{
	struct booking_arrays b;
	struct seat_arrays s;
	struct rows *rows[4];
	enum err e;

	init_arrays(&b.event, sizeof(b) / sizeof(struct array), ctx);
	init_arrays(&s.event, sizeof(s) / sizeof(struct array), ctx);
	for (size_t i = 0; i < n; i++) {
		add_booking(&b, ctx, &writes[i]);
		add_seats(&s, &writes[i]);
	}
	const char *event = array_done(&b.event), *id = array_done(&b.id), *user = array_done(&b.user);
	const struct call calls[] = {
		{ STMT_INSERT_BOOKINGS,
		  { event, id, user, array_done(&b.name), array_done(&b.seats), array_done(&b.prices),
		    array_done(&b.total), array_done(&b.currency), array_done(&b.minutes) } },
		{ STMT_RESERVE_SEATS,
		  { array_done(&s.event), array_done(&s.no), array_done(&s.holder), array_done(&s.minutes),
		    array_done(&s.booking) } },
		{ STMT_INSERT_JOURNAL,
		  { event, id, user, array_done(&b.type), array_done(&b.correlation),
		    array_done(&b.payload) } },
		{ .stmt = STMT_COMMIT },
	};
	e = db_exchange_early(db, ctx, calls, 4, rows, written, arg);
	if (e == ERR_DB_LOST)
		return ERR_DB_UNKNOWN;
	for (int r = 0; e == ERR_OK && r < rows_count(rows[0]); r++) {
		struct uuid got = row_uuid(rows[0], r, 0);
		struct booking_write *w = find_write(writes, n, &got, (size_t)r);

		if (w == NULL)
			return ERR_INTERNAL;
		w->number = row_i64(rows[0], r, 1);
	}
	return e;
}

enum err
reserve_find(struct db *db, TALLOC_CTX *ctx, const int64_t *lock_keys, size_t n_keys,
             struct booking_write *writes, size_t n, bool *found, int64_t *created_us)
{
	struct array event, id;
	struct rows *rows[4];
	enum err e;

	array_init(&event, ctx);
	array_init(&id, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, writes[i].event_id);
		array_uuid(&id, &writes[i].id);
		found[i] = false;
	}
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_USERS, { keys_param(ctx, lock_keys, n_keys) } },
		{ STMT_FIND_BOOKINGS, { array_done(&event), array_done(&id) } },
		{ .stmt = STMT_COMMIT },
	};
	*created_us = -1;
	if ((e = db_exchange(db, ctx, calls, 4, rows)) != ERR_OK)
		return e;
	for (int r = 0; r < rows_count(rows[2]); r++) {
		struct uuid got = row_uuid(rows[2], r, 0);
		struct booking_write *w = find_write(writes, n, &got, (size_t)r);

		w->number = row_i64(rows[2], r, 1);
		*created_us = row_us(rows[2], r, 2);
		found[w - writes] = true;
	}
	return ERR_OK;
}
