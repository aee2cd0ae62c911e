/*
 * The second round trip of a reservation: what the clerk has decided, written by one flat
 * statement for each kind of write, then holds, seats and the journal.
 */
#include "store/reserve_write.h"

#include <assert.h>

#include "store/journal_rows.h"
#include "store/param.h"

/* The calls of a batch: one a kind of booking, holds, seats, the journal; and COMMIT. */
#define WRITE_CALLS (WRITE_HELD + HOLDING_CALLS + 2 + 1)

_Static_assert(WRITE_CALLS <= EXCHANGE_MOST, "one round trip");

/* What statements take of each booking, an array a column. */
enum booking_column {
	EVENT,
	ID,
	USER,
	NAME,
	SEATS,
	PRICES,
	TOTAL,
	CURRENCY,
	MINUTES,
	MODE,
	QUANTITY,
	SECTION,
	SUBSECTION,
	POSITIONS,
	REASON,
	BOOKING__COLUMNS
};

/* The statement that writes bookings of a kind, and its parameters. */
static const struct {
	enum stmt stmt;
	size_t n;
	enum booking_column columns[STMT_MAX_PARAMS];
} kinds[] = {
	[WRITE_BOOKED] = { STMT_INSERT_BOOKINGS,
	                   10,
	                   { EVENT, ID, USER, NAME, SEATS, PRICES, TOTAL, CURRENCY, MINUTES,
	                     MODE } },
	[WRITE_ACCEPTED] = { STMT_INSERT_REQUESTS,
	                     13,
	                     { EVENT, ID, USER, NAME, SEATS, PRICES, TOTAL, CURRENCY, QUANTITY,
	                       MODE, SECTION, SUBSECTION, POSITIONS } },
	[WRITE_SEATED] = { STMT_SEAT_BOOKINGS,
	                   7,
	                   { EVENT, ID, SEATS, PRICES, TOTAL, MINUTES, POSITIONS } },
	[WRITE_FAILED] = { STMT_FAIL_BOOKINGS, 3, { EVENT, ID, REASON } },
};

_Static_assert(sizeof(kinds) / sizeof(kinds[0]) == WRITE_HELD, "a line for each kind of booking");

bool
reserve_write_takes_seats(const struct reserve_write *w)
{
	assert(w->kind < WRITE__MAX);
	return w->kind == WRITE_BOOKED || w->kind == WRITE_SEATED || w->kind == WRITE_HELD;
}

static void
add_booking(struct array *a, TALLOC_CTX *ctx, const struct reserve_write *w)
{
	array_int(&a[EVENT], w->event_id);
	array_uuid(&a[ID], &w->id);
	array_text(&a[USER], w->user_id);
	array_text(&a[NAME], w->user_name);
	array_text(&a[SEATS], param_ints(ctx, w->seats, w->n_seats));
	array_text(&a[PRICES], param_ints(ctx, w->prices_minor, w->n_seats));
	array_int(&a[TOTAL], w->total_minor);
	array_text(&a[CURRENCY], w->currency);
	array_int_or_null(&a[MINUTES], w->window_min);
	array_text(&a[MODE], booking_mode_name(w->mode));
	array_int(&a[QUANTITY], w->quantity);
	array_text(&a[SECTION], w->section);
	array_int_or_null(&a[SUBSECTION], w->subsection);
	array_text(&a[POSITIONS], w->positions);
	array_text(&a[REASON], w->reason);
}

/* The call that writes the bookings of one kind; false when there are none. */
static bool
bookings_call(TALLOC_CTX *ctx, enum write_kind kind, const struct reserve_write *writes, size_t n,
              struct call *out)
{
	struct array columns[BOOKING__COLUMNS];
	size_t i = 0;

	assert(kind < WRITE_HELD);
	while (i < n && writes[i].kind != kind)
		i++;
	if (i == n)
		return false;
	arrays_init(columns, BOOKING__COLUMNS, ctx);
	for (; i < n; i++) {
		if (writes[i].kind == kind)
			add_booking(columns, ctx, &writes[i]);
	}
	*out = (struct call){ .stmt = kinds[kind].stmt };
	for (size_t p = 0; p < kinds[kind].n; p++)
		out->param[p] = array_done(&columns[kinds[kind].columns[p]]);
	return true;
}

enum seat_column { SEAT_EVENT, SEAT_NO, SEAT_HOLDER, SEAT_MINUTES, SEAT_BOOKING, SEAT__COLUMNS };

/* Likewise for the seats of all bookings that got some. */
static bool
seats_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n, struct call *out)
{
	struct array columns[SEAT__COLUMNS];
	size_t found = 0;

	arrays_init(columns, SEAT__COLUMNS, ctx);
	for (size_t i = 0; i < n; i++) {
		const struct reserve_write *w = &writes[i];

		if (w->kind == WRITE_HELD || !reserve_write_takes_seats(w))
			continue;
		for (size_t k = 0; k < w->n_seats; k++) {
			array_int(&columns[SEAT_EVENT], w->event_id);
			array_int(&columns[SEAT_NO], w->seats[k]);
			array_text(&columns[SEAT_HOLDER], w->user_id);
			array_int_or_null(&columns[SEAT_MINUTES], w->window_min);
			array_uuid(&columns[SEAT_BOOKING], &w->id);
		}
		found++;
	}
	*out = (struct call){ .stmt = STMT_RESERVE_SEATS };
	arrays_done(columns, SEAT__COLUMNS, out->param);
	return found > 0;
}

static struct call
journal_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n)
{
	struct journal_rows journal;

	journal_rows_init(&journal, ctx);
	for (size_t i = 0; i < n; i++) {
		const struct reserve_write *w = &writes[i];

		journal_rows_add(&journal, w->event_id, w->kind == WRITE_HELD ? NULL : &w->id,
		                 w->user_id, w->type, w->correlation_id, w->payload);
	}
	return journal_rows_call(&journal);
}

/* The calls that write it all, without COMMIT; how many. */
static size_t
write_calls(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n,
            struct call calls[WRITE_CALLS])
{
	size_t used = 0;

	assert(writes != NULL && n > 0);
	for (enum write_kind kind = 0; kind < WRITE_HELD; kind++)
		used += bookings_call(ctx, kind, writes, n, &calls[used]);
	used += hold_rows_write_calls(ctx, writes, n, &calls[used]);
	used += seats_call(ctx, writes, n, &calls[used]);
	calls[used++] = journal_call(ctx, writes, n);
	assert(used < WRITE_CALLS);
	return used;
}

static struct reserve_write *
find_write(struct reserve_write *writes, size_t n, const struct uuid *id, size_t likely)
{
	for (size_t i = 0; i < n; i++) {
		struct reserve_write *w = &writes[(likely + i) % n];

		if (uuid_equal(&w->id, id))
			return w;
	}
	return NULL;
}

/* Notes the numbers that the database gave: rows that begin like those of FIND_BOOKINGS. */
static void
read_numbers(const struct rows *rows, struct reserve_write *writes, size_t n)
{
	for (int r = 0; r < rows_count(rows); r++) {
		const struct uuid id = row_uuid(rows, r, FIND_BOOKINGS_ID);
		struct reserve_write *w = find_write(writes, n, &id, (size_t)r);

		assert(w != NULL);
		w->number = row_i64(rows, r, FIND_BOOKINGS_NUMBER);
	}
}

/* Notes what the answers to those calls say. */
static void
read_written(const struct call *calls, struct rows *const *rows, size_t used,
             struct reserve_write *writes, size_t n)
{
	for (size_t i = 0; i < used; i++) {
		if (calls[i].stmt == STMT_INSERT_BOOKINGS || calls[i].stmt == STMT_INSERT_REQUESTS)
			read_numbers(rows[i], writes, n);
	}
}

enum err
reserve_write(struct db *db, TALLOC_CTX *ctx, struct reserve_write *writes, size_t n,
              void (*on_before_commit)(void *), void *arg)
{
	struct call calls[WRITE_CALLS];
	struct rows *rows[WRITE_CALLS];
	size_t used = write_calls(ctx, writes, n, calls);
	enum err e;

	assert(db_in_transaction(db));
	calls[used++] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange_early(db, ctx, calls, used, rows, on_before_commit, arg);
	if (e == ERR_OK)
		read_written(calls, rows, used, writes, n);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}

enum err
reserve_write_open(struct db *db, TALLOC_CTX *ctx, struct reserve_write *writes, size_t n)
{
	struct call calls[WRITE_CALLS];
	struct rows *rows[WRITE_CALLS];
	const size_t used = write_calls(ctx, writes, n, calls);
	enum err e;

	assert(db_in_transaction(db));
	e = db_exchange(db, ctx, calls, used, rows);
	if (e == ERR_OK)
		read_written(calls, rows, used, writes, n);
	return e;
}

enum err
reserve_write_commit(struct db *db, TALLOC_CTX *ctx, const struct idempotency_row *answers,
                     size_t n, void (*on_before_commit)(void *), void *arg)
{
	struct call calls[IDEMPOTENCY_STORE_CALLS + 1];
	enum err e;

	assert(db_in_transaction(db));
	idempotency_store(ctx, answers, n, calls);
	calls[IDEMPOTENCY_STORE_CALLS] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange_early(db, ctx, calls, IDEMPOTENCY_STORE_CALLS + 1, NULL, on_before_commit,
	                      arg);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}

/* Whether a row of FIND_BOOKINGS is as a transaction that moved it would have left it. */
static bool
has_moved(const struct rows *rows, int r)
{
	const char *status = row_text(rows, r, FIND_BOOKINGS_STATUS);

	return booking_status_parse(status) != BOOKING_REQUESTED;
}

enum err
reserve_write_find(struct db *db, TALLOC_CTX *ctx, const struct lock_set *locks,
                   struct reserve_write *writes, size_t n, bool *committed)
{
	struct uuid *ids = talloc_array(ctx, struct uuid, (unsigned)n);
	struct rows *rows[4];
	bool is_new = false;
	size_t asked = 0;
	enum err e;

	assert(!db_in_transaction(db) && locks->n_keys > 0);
	for (size_t i = 0; i < n; i++) {
		is_new = is_new || writes[i].kind == WRITE_BOOKED ||
		         writes[i].kind == WRITE_ACCEPTED;
		if (writes[i].kind != WRITE_HELD)
			ids[asked++] = writes[i].id;
	}
	const struct id_params p = param_ids(ctx, ids, asked);
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_USERS, { param_bigints(ctx, locks->lock_keys, locks->n_keys) } },
		{ STMT_FIND_BOOKINGS, { p.events, p.ids } },
		{ .stmt = STMT_COMMIT },
	};
	*committed = false;
	if ((e = db_exchange(db, ctx, calls, 4, rows)) != ERR_OK || rows_count(rows[2]) == 0)
		return e;
	read_numbers(rows[2], writes, n);
	/*
	 * New bookings exist only if it was committed; one accepted before exists anyway, and may
	 * have moved on since.
	 */
	*committed = true;
	for (int r = 0; !is_new && r < rows_count(rows[2]); r++)
		*committed = *committed && has_moved(rows[2], r);
	return ERR_OK;
}
