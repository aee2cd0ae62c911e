#include "store/reserve.h"

#include <assert.h>
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

int
uuid_compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct uuid));
}

static const char *
keys_param(TALLOC_CTX *ctx, const struct wants *w)
{
	struct array a;

	array_init(&a, ctx);
	for (size_t i = 0; i < w->n_keys; i++)
		array_int(&a, w->lock_keys[i]);
	return array_done(&a);
}

/* A call that takes seats as two arrays. */
static struct call
for_keys(TALLOC_CTX *ctx, enum stmt stmt, const struct seat_key *keys, size_t n)
{
	struct array event, no;

	array_init(&event, ctx);
	array_init(&no, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, keys[i].event_id);
		array_int(&no, keys[i].no);
	}
	return (struct call){ stmt, { array_done(&event), array_done(&no) } };
}

/* A call that takes bookings as two arrays: their events are in their ids. */
static struct call
for_bookings(TALLOC_CTX *ctx, enum stmt stmt, const struct uuid *ids, size_t n)
{
	struct array event, id;

	array_init(&event, ctx);
	array_init(&id, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, uuid_event(&ids[i]));
		array_uuid(&id, &ids[i]);
	}
	return (struct call){ stmt, { array_done(&event), array_done(&id) } };
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
		e->hold_min = row_null(rows, r, 8) ? 0 : row_i32(rows, r, 8);
	}
}

/* Adds the seats of an answer to those read so far. */
static void
read_seats(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	int n = rows_count(rows);

	if (n == 0)
		return;
	out->seats = talloc_realloc(ctx, out->seats, struct seat_facts, (unsigned)out->n_seats + (unsigned)n);
	for (int r = 0; r < n; r++) {
		struct seat_facts *s = &out->seats[out->n_seats++];

		*s = (struct seat_facts){
			.key = { row_i32(rows, r, 0), row_i32(rows, r, 1) },
			.status = seat_status_parse(row_text(rows, r, 2)),
			.holder = row_text(rows, r, 3),
			.lapsed = row_bool(rows, r, 4),
			.price_minor = row_i32(rows, r, 6),
			.section = row_text(rows, r, 7),
			.subsection = row_i32(rows, r, 8),
			.row = row_text(rows, r, 9),
			.label = row_text(rows, r, 10),
			.tier = row_text(rows, r, 11),
		};
		if (!row_null(rows, r, 5))
			s->booking_id = row_uuid(rows, r, 5);
	}
	qsort(out->seats, out->n_seats, sizeof(out->seats[0]), seat_key_compare);
}

static void
read_requested(TALLOC_CTX *ctx, const struct rows *rows, struct locked *out)
{
	out->n_requested = (size_t)rows_count(rows);
	out->requested = talloc_array(ctx, struct uuid, (unsigned)out->n_requested);
	for (int r = 0; r < (int)out->n_requested; r++)
		out->requested[r] = row_uuid(rows, r, 0);
	qsort(out->requested, out->n_requested, sizeof(struct uuid), uuid_compare);
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

/* A call of SHARE_EVENTS or LOCK_EVENTS. */
static struct call
for_events(TALLOC_CTX *ctx, enum stmt stmt, const struct choosing *choosing)
{
	struct array a;

	array_init(&a, ctx);
	for (size_t i = 0; i < choosing->n; i++)
		array_int(&a, choosing->events[i]);
	return (struct call){ stmt, { array_done(&a) } };
}

enum err
reserve_alone(struct db *db, TALLOC_CTX *ctx, struct choosing *choosing)
{
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		for_events(ctx, STMT_LOCK_EVENTS, choosing),
	};

	choosing->alone = true;
	return db_exchange(db, ctx, calls, 2, NULL);
}

enum err
reserve_lock(struct db *db, TALLOC_CTX *ctx, const struct wants *w, struct locked *out)
{
	const struct choosing *choosing = w->choosing;
	struct array user, event;
	struct call calls[9];
	struct rows *rows[9];
	size_t n = 0, pending, events, requested = 0, idle = 0, seats = 0, held = 0;
	enum err e;

	array_init(&user, ctx);
	array_init(&event, ctx);
	for (size_t i = 0; i < w->n_users; i++)
		array_text(&user, w->users[i]);
	for (size_t i = 0; i < w->n_events; i++)
		array_int(&event, w->events[i]);
	if (choosing == NULL || !choosing->alone) {
		calls[n++] = (struct call){ .stmt = STMT_BEGIN };
		if (choosing != NULL && choosing->n > 0)
			calls[n++] = for_events(ctx, STMT_SHARE_EVENTS, choosing);
	}
	calls[n++] = (struct call){ STMT_LOCK_USERS, { keys_param(ctx, w) } };
	calls[pending = n++] = (struct call){ STMT_COUNT_PENDING, { array_done(&user) } };
	calls[events = n++] = (struct call){ STMT_READ_EVENTS, { array_done(&event) } };
	if (w->n_bookings > 0)
		calls[requested = n++] = for_bookings(ctx, STMT_LOCK_REQUESTED, w->bookings, w->n_bookings);
	if (w->n_seats > 0)
		calls[seats = n++] = for_keys(ctx, STMT_LOCK_SEATS, w->seats, w->n_seats);
	if (w->n_idle > 0)
		calls[idle = n++] = for_keys(ctx, STMT_LOCK_IDLE_SEATS, w->idle, w->n_idle);
	if (w->n_holdings > 0)
		calls[held = n++] = holding_read_call(ctx, w->holdings, w->n_holdings);
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
		holding_read(ctx, rows[held], w->holdings, w->n_holdings);
	out->holdings = w->holdings;
	out->n_holdings = w->n_holdings;
	return ERR_OK;
}

/* What a statement takes of each booking of its kind, an array a column. */
struct booking_arrays {
	struct array event, id, user, name, seats, prices, total, currency, minutes, mode;
	struct array quantity, section, subsection, positions, reason;
};

/* The columns of INSERT_JOURNAL. */
struct journal_arrays {
	struct array event, id, user, type, correlation, payload;
};

/* The columns of RESERVE_SEATS. */
struct seat_arrays {
	struct array event, no, holder, minutes, booking;
};

/* What the journal calls each kind of write. */
static const char *const journal_types[WRITE__MAX] = {
	[WRITE_BOOKED] = "booking.created",
	[WRITE_ACCEPTED] = "booking.requested",
	[WRITE_SEATED] = "booking.created",
	[WRITE_FAILED] = "booking.failed",
	[WRITE_HELD] = "seats.held",
};

/* A number, or null for 0. */
static void
add_unless_0(struct array *a, int32_t n)
{
	if (n == 0)
		array_text(a, NULL);
	else
		array_int(a, n);
}

static const char *
ints_param(TALLOC_CTX *ctx, const int32_t *values, size_t n)
{
	struct array a;

	array_init(&a, ctx);
	for (size_t i = 0; i < n; i++)
		array_int(&a, values[i]);
	return array_done(&a);
}

static void
add_booking(struct booking_arrays *a, TALLOC_CTX *ctx, const struct booking_write *w)
{
	array_int(&a->event, w->event_id);
	array_uuid(&a->id, &w->id);
	array_text(&a->user, w->user_id);
	array_text(&a->name, w->user_name);
	array_text(&a->seats, ints_param(ctx, w->seats, w->n_seats));
	array_text(&a->prices, ints_param(ctx, w->prices_minor, w->n_seats));
	array_int(&a->total, w->total_minor);
	array_text(&a->currency, w->currency);
	add_unless_0(&a->minutes, w->window_min);
	array_text(&a->mode, booking_mode_name(w->mode));
	array_int(&a->quantity, w->quantity);
	array_text(&a->section, w->section);
	add_unless_0(&a->subsection, w->subsection);
	array_text(&a->positions, w->positions);
	array_text(&a->reason, w->reason);
}

static void
add_journal(struct journal_arrays *a, const struct booking_write *w)
{
	array_int(&a->event, w->event_id);
	if (w->kind == WRITE_HELD)
		array_text(&a->id, NULL);
	else
		array_uuid(&a->id, &w->id);
	array_text(&a->user, w->user_id);
	array_text(&a->type, journal_types[w->kind]);
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
		add_unless_0(&a->minutes, w->window_min);
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

/* The call that writes the bookings of one kind; false when there are none. */
static bool
bookings_call(TALLOC_CTX *ctx, enum write_kind kind, const struct booking_write *writes, size_t n,
              struct call *out)
{
	struct booking_arrays a;
	size_t found = 0;

	init_arrays(&a.event, sizeof(a) / sizeof(struct array), ctx);
	for (size_t i = 0; i < n; i++) {
		if (writes[i].kind != kind)
			continue;
		add_booking(&a, ctx, &writes[i]);
		found++;
	}
	if (found == 0)
		return false;
	const char *event = array_done(&a.event), *id = array_done(&a.id), *user = array_done(&a.user),
	           *name = array_done(&a.name), *seats = array_done(&a.seats),
	           *prices = array_done(&a.prices), *total = array_done(&a.total),
	           *currency = array_done(&a.currency), *minutes = array_done(&a.minutes),
	           *mode = array_done(&a.mode);

	switch (kind) {
	case WRITE_BOOKED:
		*out = (struct call){ STMT_INSERT_BOOKINGS,
			                  { event, id, user, name, seats, prices, total, currency, minutes, mode } };
		break;
	case WRITE_ACCEPTED:
		*out = (struct call){ STMT_INSERT_REQUESTS,
			                  { event, id, user, name, seats, prices, total, currency,
			                    array_done(&a.quantity), mode, array_done(&a.section),
			                    array_done(&a.subsection), array_done(&a.positions) } };
		break;
	case WRITE_SEATED:
		*out = (struct call){ STMT_SEAT_BOOKINGS,
			                  { event, id, seats, prices, total, minutes, array_done(&a.positions) } };
		break;
	default:
		*out = (struct call){ STMT_FAIL_BOOKINGS, { event, id, array_done(&a.reason) } };
	}
	return true;
}

/* Likewise for the seats of all that got some. */
static bool
seats_call(TALLOC_CTX *ctx, const struct booking_write *writes, size_t n, struct call *out)
{
	struct seat_arrays s;
	size_t found = 0;

	init_arrays(&s.event, sizeof(s) / sizeof(struct array), ctx);
	for (size_t i = 0; i < n; i++) {
		if (writes[i].kind != WRITE_BOOKED && writes[i].kind != WRITE_SEATED)
			continue;
		add_seats(&s, &writes[i]);
		found++;
	}
	if (found == 0)
		return false;
	*out = (struct call){ STMT_RESERVE_SEATS,
		                  { array_done(&s.event), array_done(&s.no), array_done(&s.holder),
		                    array_done(&s.minutes), array_done(&s.booking) } };
	return true;
}

static struct call
journal_call(TALLOC_CTX *ctx, const struct booking_write *writes, size_t n)
{
	struct journal_arrays j;

	init_arrays(&j.event, sizeof(j) / sizeof(struct array), ctx);
	for (size_t i = 0; i < n; i++)
		add_journal(&j, &writes[i]);
	return (struct call){ STMT_INSERT_JOURNAL,
		                  { array_done(&j.event), array_done(&j.id), array_done(&j.user),
		                    array_done(&j.type), array_done(&j.correlation),
		                    array_done(&j.payload) } };
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

/* Notes the numbers that the database gave: rows of id, number. */
static void
read_numbers(const struct rows *rows, struct booking_write *writes, size_t n)
{
	for (int r = 0; r < rows_count(rows); r++) {
		struct uuid id = row_uuid(rows, r, 0);
		struct booking_write *w = find_write(writes, n, &id, (size_t)r);

		assert(w != NULL);
		w->number = row_i64(rows, r, 1);
	}
}

enum err
reserve_write(struct db *db, TALLOC_CTX *ctx, struct booking_write *writes, size_t n,
              void (*written)(void *), void *arg)
{
	struct call calls[WRITE_HELD + HOLDING_CALLS + 3];
	struct rows *rows[WRITE_HELD + HOLDING_CALLS + 3];
	size_t used = 0;
	enum err e;

	for (enum write_kind kind = 0; kind < WRITE_HELD; kind++)
		used += bookings_call(ctx, kind, writes, n, &calls[used]);
	used += holding_write_calls(ctx, writes, n, &calls[used]);
	used += seats_call(ctx, writes, n, &calls[used]);
	calls[used++] = journal_call(ctx, writes, n);
	calls[used++] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange_early(db, ctx, calls, used, rows, written, arg);
	if (e == ERR_DB_LOST)
		return ERR_DB_UNKNOWN;
	for (size_t i = 0; e == ERR_OK && i < used; i++) {
		if (calls[i].stmt == STMT_INSERT_BOOKINGS || calls[i].stmt == STMT_INSERT_REQUESTS)
			read_numbers(rows[i], writes, n);
	}
	return e;
}

enum err
reserve_find(struct db *db, TALLOC_CTX *ctx, const struct wants *wants, struct booking_write *writes,
             size_t n, bool *committed)
{
	struct uuid *ids = talloc_array(ctx, struct uuid, (unsigned)n);
	struct rows *rows[4];
	bool is_new = false;
	size_t asked = 0;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		is_new = is_new || writes[i].kind == WRITE_BOOKED || writes[i].kind == WRITE_ACCEPTED;
		if (writes[i].kind != WRITE_HELD)
			ids[asked++] = writes[i].id;
	}
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_USERS, { keys_param(ctx, wants) } },
		for_bookings(ctx, STMT_FIND_BOOKINGS, ids, asked),
		{ .stmt = STMT_COMMIT },
	};
	*committed = false;
	if ((e = db_exchange(db, ctx, calls, 4, rows)) != ERR_OK || rows_count(rows[2]) == 0)
		return e;
	read_numbers(rows[2], writes, n);
	*committed = true;
	for (int r = 0; !is_new && r < rows_count(rows[2]); r++) { /* others may have moved one */
		if (booking_status_parse(row_text(rows[2], r, 2)) == BOOKING_REQUESTED)
			*committed = false;
	}
	return ERR_OK;
}
