/* Ends bookings whose window has passed, or whose payment takes too long: for the clerk, the
 * settling of payments and the sweeper. */
#include "core/booking/booking_expire.h"

#include <assert.h>
#include <stdlib.h>

#include "base/shared.h"
#include "base/sort.h"
#include "core/booking/booking_move.h"
#include "core/booking/booking_state.h"

static int
compare_keys(const void *a, const void *b)
{
	const struct booking_key *x = a, *y = b;

	return uuid_compare(&x->id, &y->id);
}

/* Commits, and lets seat maps know which events have changed. */
static enum err
commit(struct db *db, struct changeset *m, const struct locked_booking *bookings, size_t n)
{
	const enum err e = changeset_commit(db, m);

	for (size_t i = 0; i < n; i++)
		shared_event_changed(bookings[i].event_id);
	return e;
}

static enum err
expire_locked(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *bookings, size_t n)
{
	struct changeset m;

	changeset_init(&m, ctx, NULL);
	booking_move_expire(&m, bookings, n);
	return commit(db, &m, bookings, n);
}

enum err
booking_expire(struct db *db, TALLOC_CTX *ctx, struct booking_key *keys, size_t n,
               int32_t paying_min)
{
	struct locked_booking *bookings;
	enum err e;

	assert(db != NULL && keys != NULL && paying_min > 0);
	n = sort_distinct(keys, n, sizeof(*keys), compare_keys);
	e = booking_lock_lapsed(db, ctx, keys, n, paying_min, &bookings, &n);
	if (e == ERR_OK && n > 0)
		e = expire_locked(db, ctx, bookings, n);
	if (e != ERR_OK || n == 0)
		db_rollback(db);
	return e;
}

/*
 * There may be a hundred thousand of them after a rush that was not paid for, so this one move is
 * made by the database, with all that booking_move_expire writes, in one statement.
 */
enum err
booking_expire_due(struct db *db, TALLOC_CTX *ctx, int32_t most, size_t *n)
{
	const struct call call = { STMT_EXPIRE_DUE, { param_int(ctx, most) } };
	struct rows *rows;
	enum err e = db_query(db, ctx, call, &rows);

	assert(booking_state_may_move(BOOKING_PENDING, BOOKING_EXPIRED));
	*n = 0;
	for (int r = 0; e == ERR_OK && r < rows_count(rows); r++) {
		shared_event_changed(row_i32(rows, r, EXPIRE_DUE_EVENT));
		*n += (size_t)row_i64(rows, r, EXPIRE_DUE_BOOKINGS);
	}
	return e;
}

static enum err
return_locked(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *bookings, size_t n)
{
	int64_t *none = talloc_array(ctx, int64_t, (unsigned)n);
	struct changeset m;

	for (size_t i = 0; i < n; i++)
		none[i] = -1;
	changeset_init(&m, ctx, NULL);
	booking_move_return(&m, bookings, n, "PAYMENT_TIMEOUT", false, none);
	return changeset_commit(db, &m); /* no seat changes its state */
}

/* Those with a window first. */
static int
compare_windowed(const void *a, const void *b)
{
	const struct locked_booking *x = a, *y = b;

	return (int)y->windowed - (int)x->windowed;
}

enum err
booking_expire_overdue(struct db *db, TALLOC_CTX *ctx, int32_t most, int32_t paying_min, size_t *n)
{
	struct locked_booking *overdue;
	size_t windowed = 0;
	enum err e;

	assert(most > 0 && paying_min > 0);
	e = booking_lock_overdue(db, ctx, most, paying_min, &overdue, n);
	if (e != ERR_OK || *n == 0) {
		db_rollback(db);
		return e;
	}
	qsort(overdue, *n, sizeof(*overdue), compare_windowed);
	while (windowed < *n && overdue[windowed].windowed)
		windowed++;
	if (windowed > 0) /* the others are locked again by the next call, then alone */
		*n = windowed;
	e = windowed > 0 ? expire_locked(db, ctx, overdue, *n)
	                 : return_locked(db, ctx, overdue, *n);
	if (e != ERR_OK)
		db_rollback(db);
	return e;
}
