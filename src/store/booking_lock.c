/*
 * Locking bookings in the transaction that will change them: one that is waited for, or several
 * of which those that other transactions have locked are left out.
 */
#include "store/booking_lock.h"

#include <assert.h>

#include "store/param.h"

#define LOCK_CALLS 3 /* of booking_lock_one, without what is asked for beside it */

_Static_assert(LOCK_CALLS + LOCK_EXTRA_MOST <= EXCHANGE_MOST, "one round trip");

/* The columns that all bookings which are locked have. */
static struct locked_booking
read_locked(TALLOC_CTX *ctx, const struct rows *rows, int r)
{
	struct locked_booking b = {
		.event_id = row_i32(rows, r, LOCKED_EVENT),
		.id = row_uuid(rows, r, LOCKED_ID),
		.user_id = row_text(rows, r, LOCKED_USER),
		.queue = row_text(rows, r, LOCKED_QUEUE),
		.status = booking_status_parse(row_text(rows, r, LOCKED_STATUS)),
		.windowed = row_bool(rows, r, LOCKED_HAS_WINDOW),
		.total_minor = row_i64(rows, r, LOCKED_TOTAL),
		.currency = row_text(rows, r, LOCKED_CURRENCY),
	};

	assert(b.status < BOOKING__MAX);
	b.seats = row_ints(ctx, rows, r, LOCKED_SEATS, &b.n_seats);
	return b;
}

/* BEGIN, and a call that locks. */
static enum err
lock_all(struct db *db, TALLOC_CTX *ctx, const struct call *lock, struct locked_booking **out,
         size_t *n_out)
{
	const struct call calls[] = { { .stmt = STMT_BEGIN }, *lock };
	struct rows *rows[2];
	enum err e;

	assert(!db_in_transaction(db));
	*out = NULL;
	*n_out = 0;
	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	*n_out = (size_t)rows_count(rows[1]);
	*out = talloc_array(ctx, struct locked_booking, (unsigned)*n_out);
	for (size_t i = 0; i < *n_out; i++)
		(*out)[i] = read_locked(ctx, rows[1], (int)i);
	return ERR_OK;
}

enum err
booking_lock_lapsed(struct db *db, TALLOC_CTX *ctx, const struct booking_key *keys, size_t n,
                    int32_t paying_min, struct locked_booking **out, size_t *n_out)
{
	struct array event, id;

	assert(keys != NULL && n > 0);
	array_init(&event, ctx);
	array_init(&id, ctx);
	for (size_t i = 0; i < n; i++) {
		assert(i == 0 || uuid_compare(&keys[i - 1].id, &keys[i].id) <= 0);
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
	assert(most > 0 && paying_min > 0);
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
	const struct rows *one;
	enum err e;

	assert(!db_in_transaction(db));
	assert(n_extra <= LOCK_EXTRA_MOST && (n_extra == 0 || (extra != NULL && rows != NULL)));
	for (size_t i = 0; i < n_extra; i++)
		calls[LOCK_CALLS + i] = extra[i];
	if ((e = db_exchange(db, ctx, calls, LOCK_CALLS + n_extra, all)) != ERR_OK)
		return e;
	one = all[LOCK_CALLS - 1];
	if (rows_count(one) == 0)
		return ERR_BOOKING_NOT_FOUND;
	*out = read_locked(ctx, one, 0);
	out->lapsed = row_bool(one, 0, LOCK_BOOKING_LAPSED);
	out->seller = row_text(one, 0, LOCK_BOOKING_SELLER);
	out->ticket_ref = row_text(one, 0, LOCK_BOOKING_TICKET_REF);
	out->reason = row_text(one, 0, LOCK_BOOKING_REASON);
	out->tiers = row_text(one, 0, LOCK_BOOKING_TIERS);
	out->expires_us = row_us(one, 0, LOCK_BOOKING_EXPIRES);
	out->created_us = row_us(one, 0, LOCK_BOOKING_CREATED);
	out->starts_us = row_us(one, 0, LOCK_BOOKING_STARTS);
	out->now_us = row_us(one, 0, LOCK_BOOKING_NOW);
	out->extensions = row_i32(one, 0, LOCK_BOOKING_EXTENSIONS);
	out->attempts = row_i32(one, 0, LOCK_BOOKING_ATTEMPTS);
	out->event_status = event_status_parse(row_text(one, 0, LOCK_BOOKING_EVENT_STATUS));
	assert(out->event_status < EVENT__MAX);
	for (size_t i = 0; i < n_extra; i++)
		rows[i] = all[LOCK_CALLS + i];
	return ERR_OK;
}
