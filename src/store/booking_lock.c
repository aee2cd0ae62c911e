#include "store/booking_lock.h"

#include <assert.h>
#include <string.h>

#include "store/param.h"

#define LOCK_CALLS 3 /* of booking_lock_one, without what is asked for beside it */

/* Rows of LOCKED_COLUMNS. */
static void
read_locked(TALLOC_CTX *ctx, const struct rows *rows, struct locked_booking **out, size_t *n)
{
	const size_t first = *n;

	*n += (size_t)rows_count(rows);
	*out = talloc_realloc(ctx, *out, struct locked_booking, (unsigned)*n);
	for (int r = 0; r < rows_count(rows); r++) {
		struct locked_booking *b = &(*out)[first + (size_t)r];

		memset(b, 0, sizeof(*b));
		b->event_id = row_i32(rows, r, 0);
		b->id = row_uuid(rows, r, 1);
		b->user_id = row_text(rows, r, 2);
		b->seats = row_ints(ctx, rows, r, 3, &b->n_seats);
		b->queue = row_text(rows, r, 4);
		b->status = booking_status_parse(row_text(rows, r, 5));
		b->windowed = row_bool(rows, r, 6);
		b->total_minor = row_i64(rows, r, 7);
		b->currency = row_text(rows, r, 8);
	}
}

/* BEGIN, and a call that locks. */
static enum err
lock_all(struct db *db, TALLOC_CTX *ctx, const struct call *lock, struct locked_booking **out,
         size_t *n_out)
{
	const struct call calls[] = { { .stmt = STMT_BEGIN }, *lock };
	struct rows *rows[2];
	enum err e;

	*out = NULL;
	*n_out = 0;
	if ((e = db_exchange(db, ctx, calls, 2, rows)) == ERR_OK)
		read_locked(ctx, rows[1], out, n_out);
	return e;
}

enum err
booking_lock_lapsed(struct db *db, TALLOC_CTX *ctx, const struct booking_key *keys, size_t n,
                    int32_t paying_min, struct locked_booking **out, size_t *n_out)
{
	struct array event, id;

	array_init(&event, ctx);
	array_init(&id, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, keys[i].event_id);
		array_uuid(&id, &keys[i].id);
	}
	const struct call lock = { STMT_LOCK_LAPSED,
		                   { array_done(&event), array_done(&id),
		                     param_int(ctx, paying_min) } };

	return lock_all(db, ctx, &lock, out, n_out);
}

enum err
booking_lock_overdue(struct db *db, TALLOC_CTX *ctx, int32_t most, int32_t paying_min,
                     struct locked_booking **out, size_t *n_out)
{
	const struct call lock = { STMT_LOCK_OVERDUE,
		                   { param_int(ctx, most), param_int(ctx, paying_min) } };

	return lock_all(db, ctx, &lock, out, n_out);
}

enum err
booking_lock_live(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const struct uuid *after,
                  int32_t most, struct locked_booking **out, size_t *n_out)
{
	static const struct uuid first;
	const struct call lock = { STMT_LOCK_LIVE,
		                   { param_int(ctx, event_id),
		                     param_uuid(ctx, after == NULL ? &first : after),
		                     param_int(ctx, most) } };

	return lock_all(db, ctx, &lock, out, n_out);
}

enum err
booking_lock_one(struct db *db, TALLOC_CTX *ctx, const struct booking_key *key,
                 struct locked_booking *out, const struct call *extra, size_t n_extra,
                 struct rows **rows)
{
	const char *event = param_int(ctx, key->event_id), *id = param_uuid(ctx, &key->id);
	struct call calls[LOCK_CALLS + LOCK_EXTRA_MOST] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_AWAIT_BOOKING, { event, id } },
		{ STMT_LOCK_BOOKING, { event, id } },
	};
	struct rows *all[LOCK_CALLS + LOCK_EXTRA_MOST];
	struct locked_booking *locked = NULL;
	const struct rows *one;
	size_t n = 0;
	enum err e;

	assert(n_extra <= LOCK_EXTRA_MOST);
	if (n_extra > 0)
		memcpy(&calls[LOCK_CALLS], extra, n_extra * sizeof(calls[0]));
	if ((e = db_exchange(db, ctx, calls, LOCK_CALLS + n_extra, all)) != ERR_OK)
		return e;
	one = all[LOCK_CALLS - 1];
	if (rows_count(one) == 0)
		return ERR_BOOKING_NOT_FOUND;
	read_locked(ctx, one, &locked, &n);
	*out = *locked;
	out->lapsed = row_bool(one, 0, 9);
	out->seller = row_text(one, 0, 10);
	out->ticket_ref = row_text(one, 0, 11);
	out->reason = row_text(one, 0, 12);
	out->tiers = row_text(one, 0, 13);
	out->expires_us = row_us(one, 0, 14);
	out->created_us = row_us(one, 0, 15);
	out->starts_us = row_us(one, 0, 16);
	out->now_us = row_us(one, 0, 17);
	out->extensions = row_i32(one, 0, 18);
	out->attempts = row_i32(one, 0, 19);
	out->event_status = event_status_parse(row_text(one, 0, 20));
	if (n_extra > 0)
		memcpy(rows, &all[LOCK_CALLS], n_extra * sizeof(rows[0]));
	return ERR_OK;
}
