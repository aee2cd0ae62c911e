/*
 * Holds: the rows of `hold` that list the seats a user holds of an event, and the seats' own rows.
 * What the clerk reads and writes of them; and how holds end, given back or swept.
 */
#include "store/hold_rows.h"

#include <assert.h>
#include <stdlib.h>

#include "store/journal_rows.h"
#include "store/param.h"
#include "store/reserve_write.h"
#include "store/seat_key.h"

enum owner_column { OWNER_EVENT, OWNER_USER, OWNER__COLUMNS };

/* The events and users of holdings, as the first two parameters of a call. */
static void
owner_params(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n, const char **params)
{
	struct array columns[OWNER__COLUMNS];

	assert(holdings != NULL || n == 0);
	arrays_init(columns, OWNER__COLUMNS, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&columns[OWNER_EVENT], holdings[i].event_id);
		array_text(&columns[OWNER_USER], holdings[i].user_id);
	}
	arrays_done(columns, OWNER__COLUMNS, params);
}

/* --- for the clerk --- */

struct call
hold_rows_read_call(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n)
{
	struct call call = { .stmt = STMT_READ_HELD };

	owner_params(ctx, holdings, n, call.param);
	return call;
}

void
hold_rows_read(TALLOC_CTX *ctx, const struct rows *rows, struct hold_rows *holdings, size_t n)
{
	struct held_seat *all = talloc_array(ctx, struct held_seat, (unsigned)rows_count(rows));

	for (size_t i = 0; i < n; i++)
		holdings[i].n = 0;
	for (int r = 0; r < rows_count(rows); r++) { /* they come holding by holding */
		struct hold_rows *h = &holdings[row_place(rows, r, READ_HELD_PLACE, n)];

		if (h->n == 0)
			h->seats = &all[r];
		assert(h->seats + h->n == &all[r]);
		h->seats[h->n++] = (struct held_seat){ row_i32(rows, r, READ_HELD_NO),
			                               row_bool(rows, r, READ_HELD_LAPSED) };
	}
}

enum held_column { HELD_EVENT, HELD_NO, HELD_HOLDER, HELD_MINUTES, HELD__COLUMNS };

/* The call that marks the seats as held. */
static struct call
mark_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n)
{
	struct call call = { .stmt = STMT_HOLD_SEATS };
	struct array columns[HELD__COLUMNS];

	arrays_init(columns, HELD__COLUMNS, ctx);
	for (size_t i = 0; i < n; i++) {
		const struct reserve_write *w = &writes[i];

		for (size_t k = 0; w->kind == WRITE_HELD && k < w->n_seats; k++) {
			array_int(&columns[HELD_EVENT], w->event_id);
			array_int(&columns[HELD_NO], w->seats[k]);
			array_text(&columns[HELD_HOLDER], w->user_id);
			array_int(&columns[HELD_MINUTES], w->window_min);
		}
	}
	arrays_done(columns, HELD__COLUMNS, call.param);
	return call;
}

enum list_column { LIST_EVENT, LIST_USER, LIST_SEATS, LIST_MINUTES, LIST__COLUMNS };

/* The call that lists them, one row a user and event; false when there is nothing to list. */
static bool
lists_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n, struct call *out)
{
	struct array columns[LIST__COLUMNS];
	size_t found = 0;

	arrays_init(columns, LIST__COLUMNS, ctx);
	for (size_t i = 0; i < n; i++) {
		const struct hold_rows *h = writes[i].kind == WRITE_HELD ? writes[i].holding : NULL;
		struct array seats;

		if (h == NULL || h->n == 0)
			continue;
		array_init(&seats, ctx);
		for (size_t k = 0; k < h->n; k++)
			array_int(&seats, h->seats[k].no);
		array_int(&columns[LIST_EVENT], h->event_id);
		array_text(&columns[LIST_USER], h->user_id);
		array_text(&columns[LIST_SEATS], array_done(&seats));
		array_int(&columns[LIST_MINUTES], writes[i].window_min);
		found++;
	}
	*out = (struct call){ .stmt = STMT_PUT_HOLDS };
	arrays_done(columns, LIST__COLUMNS, out->param);
	return found > 0;
}

size_t
hold_rows_write_calls(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n,
                      struct call out[HOLDING_CALLS])
{
	size_t used = 0, i = 0;

	while (i < n && writes[i].kind != WRITE_HELD)
		i++;
	if (i == n)
		return 0;
	out[used++] = mark_call(ctx, writes, n);
	used += lists_call(ctx, writes, n, &out[used]);
	assert(used <= HOLDING_CALLS);
	return used;
}

/* --- holds that end --- */

/* The seats that a hold lists. */
static void
read_list(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, struct hold_rows *h)
{
	const int32_t *list = row_ints(ctx, rows, r, c, &h->n);

	h->seats = talloc_zero_array(ctx, struct held_seat, (unsigned)h->n);
	for (size_t i = 0; i < h->n; i++)
		h->seats[i].no = list[i];
}

enum err
hold_rows_lock_of(struct db *db, TALLOC_CTX *ctx, int64_t lock_key, const char *user_id,
                  int32_t event_id, struct hold_rows **out, size_t *n)
{
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_USERS, { talloc_asprintf(ctx, "{%lld}", (long long)lock_key) } },
		{ STMT_LIST_HOLDS, { user_id, event_id == 0 ? NULL : param_int(ctx, event_id) } },
	};
	struct rows *rows[3];
	enum err e;

	assert(!db_in_transaction(db) && user_id != NULL);
	if ((e = db_exchange(db, ctx, calls, 3, rows)) != ERR_OK)
		return e;
	*n = (size_t)rows_count(rows[2]);
	*out = talloc_zero_array(ctx, struct hold_rows, (unsigned)*n);
	for (int r = 0; r < (int)*n; r++) {
		(*out)[r].event_id = row_i32(rows[2], r, LIST_HOLDS_EVENT);
		(*out)[r].user_id = user_id;
		read_list(ctx, rows[2], r, LIST_HOLDS_SEATS, &(*out)[r]);
	}
	return ERR_OK;
}

enum err
hold_rows_find(struct db *db, TALLOC_CTX *ctx, int32_t event_id, int most, struct hold_rows **out,
               size_t *n)
{
	const struct call call = { event_id == 0 ? STMT_ENDED_HOLDS : STMT_HOLDS_OF_EVENT,
		                   { param_int(ctx, most), param_int(ctx, event_id) } };
	struct rows *rows;
	enum err e;

	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	*n = (size_t)rows_count(rows);
	*out = talloc_zero_array(ctx, struct hold_rows, (unsigned)*n);
	for (int r = 0; r < (int)*n; r++) {
		(*out)[r].event_id = row_i32(rows, r, FOUND_HOLDS_EVENT);
		(*out)[r].user_id = row_text(rows, r, FOUND_HOLDS_USER);
	}
	return ERR_OK;
}

/* Keeps the holdings, of n, at the places that a column of the rows names, ascending. */
static size_t
keep_named(const struct rows *rows, int column, struct hold_rows *holdings, size_t n)
{
	size_t kept = 0;

	for (int r = 0; r < rows_count(rows); r++) {
		const size_t place = row_place(rows, r, column, n);

		assert(place >= kept);
		holdings[kept++] = holdings[place];
	}
	return kept;
}

enum err
hold_rows_lock_found(struct db *db, TALLOC_CTX *ctx, const int64_t *lock_keys, bool running,
                     struct hold_rows *holdings, size_t *n)
{
	const struct call lock[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_TRY_LOCKS, { param_bigints(ctx, lock_keys, *n) } },
	};
	struct call still = { STMT_STILL_ENDED, { NULL, NULL, param_bool(running) } };
	struct rows *rows[2];
	enum err e;

	assert(!db_in_transaction(db));
	if ((e = db_exchange(db, ctx, lock, 2, rows)) != ERR_OK)
		return e;
	*n = keep_named(rows[1], TRY_LOCKS_PLACE, holdings, *n);
	owner_params(ctx, holdings, *n, still.param);
	if ((e = db_query(db, ctx, still, &rows[0])) != ERR_OK)
		return e;
	*n = keep_named(rows[0], STILL_ENDED_PLACE, holdings, *n);
	for (size_t i = 0; i < *n; i++)
		read_list(ctx, rows[0], (int)i, STILL_ENDED_SEATS, &holdings[i]);
	return ERR_OK;
}

/* A seat of a holding. */
struct hold_seat {
	struct seat_key key; /* first, so that seat_key_compare fits */
	size_t at;           /* the holding */
};

/* All seats of n holdings, in lock order. */
static struct hold_seat *
listed_seats(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n, size_t *total)
{
	struct hold_seat *seats;
	size_t used = 0;

	*total = 0;
	for (size_t i = 0; i < n; i++)
		*total += holdings[i].n;
	seats = talloc_array(ctx, struct hold_seat, (unsigned)*total);
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < holdings[i].n; k++)
			seats[used++] = (struct hold_seat){
				{ holdings[i].event_id, holdings[i].seats[k].no }, i
			};
	}
	assert(used == *total);
	qsort(seats, *total, sizeof(*seats), seat_key_compare);
	return seats;
}

enum free_column { FREE_EVENT, FREE_NO, FREE_HOLDER, FREE_AT, FREE__COLUMNS };

/* The call that frees the seats of holdings, in lock order. */
static struct call
free_call(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n, bool running)
{
	struct call call = { .stmt = STMT_FREE_HELD };
	struct array columns[FREE__COLUMNS];
	size_t total;
	const struct hold_seat *seats = listed_seats(ctx, holdings, n, &total);

	arrays_init(columns, FREE__COLUMNS, ctx);
	for (size_t i = 0; i < total; i++) {
		array_int(&columns[FREE_EVENT], seats[i].key.event_id);
		array_int(&columns[FREE_NO], seats[i].key.no);
		array_text(&columns[FREE_HOLDER], holdings[seats[i].at].user_id);
		array_int(&columns[FREE_AT], (int64_t)seats[i].at);
	}
	arrays_done(columns, FREE__COLUMNS, call.param);
	call.param[FREE__COLUMNS] = param_bool(running);
	return call;
}

enum err
hold_rows_free(struct db *db, TALLOC_CTX *ctx, struct hold_rows *holdings, size_t n, bool running)
{
	struct call calls[] = {
		free_call(ctx, holdings, n, running),
		{ .stmt = STMT_TRIM_HOLDS },
		{ .stmt = STMT_DELETE_EMPTY_HOLDS },
	};
	struct rows *rows[3];
	enum err e;

	assert(db_in_transaction(db));
	owner_params(ctx, holdings, n, calls[1].param);
	owner_params(ctx, holdings, n, calls[2].param);
	if ((e = db_exchange(db, ctx, calls, 3, rows)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		holdings[i].n = 0;
	for (int r = 0; r < rows_count(rows[0]); r++) {
		const int32_t at = row_i32(rows[0], r, FREE_HELD_AT);

		assert(at >= 0 && (size_t)at < n);
		holdings[at].seats[holdings[at].n++].no = row_i32(rows[0], r, FREE_HELD_NO);
	}
	return ERR_OK;
}

enum err
hold_rows_commit(struct db *db, TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n,
                 const char *type, const char *const *payloads, const char *correlation_id)
{
	struct journal_rows journal;
	struct call calls[2];
	size_t used = 0;
	enum err e;

	assert(db_in_transaction(db));
	journal_rows_init(&journal, ctx);
	for (size_t i = 0; i < n; i++) {
		if (holdings[i].n > 0)
			journal_rows_add(&journal, holdings[i].event_id, NULL, holdings[i].user_id,
			                 type, correlation_id, payloads[i]);
	}
	if (journal.n > 0)
		calls[used++] = journal_rows_call(&journal);
	calls[used++] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange(db, ctx, calls, used, NULL);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}
