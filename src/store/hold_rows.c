#include "store/hold_rows.h"

#include <stdlib.h>
#include <string.h>

#include "store/param.h"
#include "store/reserve.h"

/* The events and users of holdings, as two arrays. */
static void
owner_params(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n, const char **events,
             const char **users)
{
	struct array event, user;

	array_init(&event, ctx);
	array_init(&user, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, holdings[i].event_id);
		array_text(&user, holdings[i].user_id);
	}
	*events = array_done(&event);
	*users = array_done(&user);
}

/* --- for the clerk --- */

struct call
hold_rows_read_call(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n)
{
	struct call call = { .stmt = STMT_READ_HELD };

	owner_params(ctx, holdings, n, &call.param[0], &call.param[1]);
	return call;
}

void
hold_rows_read(TALLOC_CTX *ctx, const struct rows *rows, struct hold_rows *holdings, size_t n)
{
	struct held_seat *all = talloc_array(ctx, struct held_seat, (unsigned)rows_count(rows));

	for (size_t i = 0; i < n; i++)
		holdings[i].n = 0;
	for (int r = 0; r < rows_count(rows); r++) { /* they come holding by holding */
		struct hold_rows *h = &holdings[row_i64(rows, r, 0) - 1];

		if (h->n == 0)
			h->seats = &all[r];
		h->seats[h->n++] = (struct held_seat){ row_i32(rows, r, 1), row_bool(rows, r, 2) };
	}
}

/* The call that marks the seats as held. */
static struct call
seats_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n)
{
	struct array event, no, holder, minutes;

	array_init(&event, ctx);
	array_init(&no, ctx);
	array_init(&holder, ctx);
	array_init(&minutes, ctx);
	for (size_t i = 0; i < n; i++) {
		const struct reserve_write *w = &writes[i];

		for (size_t k = 0; w->kind == WRITE_HELD && k < w->n_seats; k++) {
			array_int(&event, w->event_id);
			array_int(&no, w->seats[k]);
			array_text(&holder, w->user_id);
			array_int(&minutes, w->window_min);
		}
	}
	return (struct call){ STMT_HOLD_SEATS,
		              { array_done(&event), array_done(&no), array_done(&holder),
		                array_done(&minutes) } };
}

/* The call that lists them, one row a user and event; false when there is nothing to list. */
static bool
lists_call(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n, struct call *out)
{
	struct array event, user, seats, minutes;
	size_t found = 0;

	array_init(&event, ctx);
	array_init(&user, ctx);
	array_init(&seats, ctx);
	array_init(&minutes, ctx);
	for (size_t i = 0; i < n; i++) {
		const struct hold_rows *h = writes[i].kind == WRITE_HELD ? writes[i].holding : NULL;
		struct array list;

		if (h == NULL || h->n == 0)
			continue;
		array_init(&list, ctx);
		for (size_t k = 0; k < h->n; k++)
			array_int(&list, h->seats[k].no);
		array_int(&event, h->event_id);
		array_text(&user, h->user_id);
		array_text(&seats, array_done(&list));
		array_int(&minutes, writes[i].window_min);
		found++;
	}
	*out = (struct call){ STMT_PUT_HOLDS,
		              { array_done(&event), array_done(&user), array_done(&seats),
		                array_done(&minutes) } };
	return found > 0;
}

size_t
hold_rows_write_calls(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n,
                      struct call *out)
{
	size_t used = 0, i = 0;

	while (i < n && writes[i].kind != WRITE_HELD)
		i++;
	if (i == n)
		return 0;
	out[used++] = seats_call(ctx, writes, n);
	used += lists_call(ctx, writes, n, &out[used]);
	return used;
}

/* --- letting go --- */

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

	if ((e = db_exchange(db, ctx, calls, 3, rows)) != ERR_OK)
		return e;
	*n = (size_t)rows_count(rows[2]);
	*out = talloc_zero_array(ctx, struct hold_rows, (unsigned)*n);
	for (int r = 0; r < (int)*n; r++) {
		(*out)[r].event_id = row_i32(rows[2], r, 0);
		(*out)[r].user_id = user_id;
		read_list(ctx, rows[2], r, 1, &(*out)[r]);
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
		(*out)[r].event_id = row_i32(rows, r, 0);
		(*out)[r].user_id = row_text(rows, r, 1);
	}
	return ERR_OK;
}

/* Keeps the holdings at the places that the rows' first column names, from 1, ascending. */
static size_t
keep_named(const struct rows *rows, struct hold_rows *holdings)
{
	size_t kept = 0;

	for (int r = 0; r < rows_count(rows); r++)
		holdings[kept++] = holdings[row_i64(rows, r, 0) - 1];
	return kept;
}

enum err
hold_rows_lock_found(struct db *db, TALLOC_CTX *ctx, const int64_t *lock_keys, bool running,
                     struct hold_rows *holdings, size_t *n)
{
	struct call still = { STMT_STILL_ENDED, { NULL, NULL, param_bool(running) } };
	struct array keys;
	struct rows *rows[2];
	enum err e;

	array_init(&keys, ctx);
	for (size_t i = 0; i < *n; i++)
		array_int(&keys, lock_keys[i]);
	const struct call lock[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_TRY_LOCKS, { array_done(&keys) } },
	};
	if ((e = db_exchange(db, ctx, lock, 2, rows)) != ERR_OK)
		return e;
	*n = keep_named(rows[1], holdings);
	owner_params(ctx, holdings, *n, &still.param[0], &still.param[1]);
	if ((e = db_query(db, ctx, still, &rows[0])) != ERR_OK)
		return e;
	*n = keep_named(rows[0], holdings);
	for (size_t i = 0; i < *n; i++)
		read_list(ctx, rows[0], (int)i, 1, &holdings[i]);
	return ERR_OK;
}

/* A seat of a holding. */
struct listed {
	struct seat_key key; /* first, so that seat_key_compare fits */
	size_t at;           /* the holding */
};

/* The call that frees the seats of holdings, in lock order. */
static struct call
free_call(TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n, bool running)
{
	struct array event, no, holder, at;
	struct listed *seats;
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += holdings[i].n;
	seats = talloc_array(ctx, struct listed, (unsigned)total);
	total = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < holdings[i].n; k++)
			seats[total++] = (struct listed){
				{ holdings[i].event_id, holdings[i].seats[k].no }, i
			};
	}
	qsort(seats, total, sizeof(*seats), seat_key_compare);
	array_init(&event, ctx);
	array_init(&no, ctx);
	array_init(&holder, ctx);
	array_init(&at, ctx);
	for (size_t i = 0; i < total; i++) {
		array_int(&event, seats[i].key.event_id);
		array_int(&no, seats[i].key.no);
		array_text(&holder, holdings[seats[i].at].user_id);
		array_int(&at, (int64_t)seats[i].at);
	}
	return (struct call){ STMT_FREE_HELD,
		              { array_done(&event), array_done(&no), array_done(&holder),
		                array_done(&at), param_bool(running) } };
}

enum err
hold_rows_free(struct db *db, TALLOC_CTX *ctx, struct hold_rows *holdings, size_t n, bool running)
{
	const char *events, *users;

	owner_params(ctx, holdings, n, &events, &users);
	const struct call calls[] = {
		free_call(ctx, holdings, n, running),
		{ STMT_TRIM_HOLDS, { events, users } },
		{ STMT_DELETE_EMPTY_HOLDS, { events, users } },
	};
	struct rows *rows[3];
	enum err e;

	if ((e = db_exchange(db, ctx, calls, 3, rows)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		holdings[i].n = 0;
	for (int r = 0; r < rows_count(rows[0]); r++) {
		struct hold_rows *h = &holdings[row_i32(rows[0], r, 0)];

		h->seats[h->n++].no = row_i32(rows[0], r, 1);
	}
	return ERR_OK;
}

enum err
hold_rows_commit(struct db *db, TALLOC_CTX *ctx, const struct hold_rows *holdings, size_t n,
                 const char *const *payloads, const char *correlation_id)
{
	struct array event, booking, user, type, correlation, payload;
	enum err e;

	array_init(&event, ctx);
	array_init(&booking, ctx);
	array_init(&user, ctx);
	array_init(&type, ctx);
	array_init(&correlation, ctx);
	array_init(&payload, ctx);
	for (size_t i = 0; i < n; i++) {
		if (holdings[i].n == 0)
			continue;
		array_int(&event, holdings[i].event_id);
		array_text(&booking, NULL);
		array_text(&user, holdings[i].user_id);
		array_text(&type, "seats.released");
		array_text(&correlation, correlation_id);
		array_text(&payload, payloads[i]);
	}
	const struct call calls[] = {
		{ STMT_INSERT_JOURNAL,
		  { array_done(&event), array_done(&booking), array_done(&user), array_done(&type),
		    array_done(&correlation), array_done(&payload) } },
		{ .stmt = STMT_COMMIT },
	};
	e = db_exchange(db, ctx, calls, 2, NULL);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}
