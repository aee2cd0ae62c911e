#include "core/event/event.h"

#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"
#include "store/changeset.h"
#include "store/param.h"
#include "store/transact.h"

#define OTHERS_US (3 * US_PER_S)

/* Which status may follow which, by an owner's PATCH; cancelling goes its own way. */
static const bool may_follow[EVENT__MAX][EVENT__MAX] = {
	[EVENT_DRAFT] = { [EVENT_ON_SALE] = true },
	[EVENT_ON_SALE] = { [EVENT_CLOSED] = true },
	[EVENT_CLOSED] = { [EVENT_ON_SALE] = true },
};

/* Row r of EVENT_COLUMNS. */
static void
read_event(const struct rows *rows, int r, struct event *e)
{
	e->id = row_i32(rows, r, 0);
	e->seller = row_text(rows, r, 1);
	e->title = row_text(rows, r, 2);
	e->venue_name = row_text(rows, r, 3);
	e->plan_id = row_uuid(rows, r, 4);
	e->n_seats = row_i32(rows, r, 5);
	e->starts_us = row_us(rows, r, 6);
	e->timezone = row_text(rows, r, 7);
	e->currency = row_text(rows, r, 8);
	e->status = event_status_parse(row_text(rows, r, 9));
	e->policy = row_text(rows, r, 10);
	e->metadata = row_text(rows, r, 11);
	e->price_min_minor = row_i32(rows, r, 12);
	e->price_max_minor = row_i32(rows, r, 13);
	e->created_us = row_us(rows, r, 14);
	e->updated_us = row_us(rows, r, 15);
}

/* Fills in the counts of n events. */
static enum err
read_counts(struct pool *pool, TALLOC_CTX *ctx, struct event *events, size_t n)
{
	struct seat_counts *counts = talloc_array(ctx, struct seat_counts, (unsigned)n);
	int32_t *ids = talloc_array(ctx, int32_t, (unsigned)n);
	enum err e;

	for (size_t i = 0; i < n; i++)
		ids[i] = events[i].id;
	e = seat_counts_read(pool, ctx, ids, n, counts);
	for (size_t i = 0; e == ERR_OK && i < n; i++)
		events[i].counts = counts[i];
	return e;
}

enum err
event_get(struct pool *pool, TALLOC_CTX *ctx, int32_t id, struct event *out)
{
	const struct call call = { STMT_GET_EVENT, { param_int(ctx, id) } };
	struct rows *rows;
	enum err e;

	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_EVENT_NOT_FOUND;
	memset(out, 0, sizeof(*out));
	read_event(rows, 0, out);
	return read_counts(pool, ctx, out, 1);
}

enum err
event_get_new(struct db *db, TALLOC_CTX *ctx, int32_t id, struct event *out)
{
	const struct call call = { STMT_GET_EVENT, { param_int(ctx, id) } };
	struct rows *rows;
	enum err e;

	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_INTERNAL;
	memset(out, 0, sizeof(*out));
	read_event(rows, 0, out);
	out->counts.n[SEAT_FREE] = out->n_seats;
	return ERR_OK;
}

enum err
event_list(struct pool *pool, TALLOC_CTX *ctx, struct event_page *page)
{
	const char *status = page->status == EVENT__MAX ? NULL : event_status_name(page->status);
	const int64_t skip = page->after > 0 ? 0 : (int64_t)(page->page - 1) * page->limit;
	const struct call calls[] = {
		{ STMT_LIST_EVENTS,
		  { status, page->words, page->movie_id, page->drafts_of,
		    param_int(ctx, page->limit), param_int(ctx, skip),
		    page->after > 0 ? param_int(ctx, page->after) : NULL } },
		{ STMT_COUNT_EVENTS, { status, page->words, page->movie_id, page->drafts_of } },
	};
	struct rows *rows[2];
	enum err e;

	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	page->n = (size_t)rows_count(rows[0]);
	page->total = row_i64(rows[1], 0, 0);
	page->events = talloc_zero_array(ctx, struct event, (unsigned)page->n);
	for (size_t i = 0; i < page->n; i++)
		read_event(rows[0], (int)i, &page->events[i]);
	return page->n == 0 ? ERR_OK : read_counts(pool, ctx, page->events, page->n);
}

/* Whether a name is in PostgreSQL's list of time zones. */
static enum err
check_timezone(struct db *db, TALLOC_CTX *ctx, const char *name)
{
	struct rows *rows;
	enum err e = db_query(db, ctx, (struct call){ STMT_IS_TIMEZONE, { name } }, &rows);

	if (e != ERR_OK)
		return e;
	return row_bool(rows, 0, 0) ? ERR_OK : ERR_VALIDATION_ERROR;
}

/* What a patched event will be. */
static enum err
apply_patch(struct event *event, const struct event_patch *patch)
{
	if (event->status == EVENT_CANCELLED)
		return ERR_EVENT_CANCELLED;
	if (patch->status != EVENT__MAX && patch->status != event->status) {
		if (!may_follow[event->status][patch->status])
			return ERR_INVALID_STATE;
		event->status = patch->status;
	}
	event->title = patch->title != NULL ? patch->title : event->title;
	event->venue_name = patch->venue_name != NULL ? patch->venue_name : event->venue_name;
	event->timezone = patch->timezone != NULL ? patch->timezone : event->timezone;
	event->policy = patch->policy != NULL ? patch->policy : event->policy;
	event->starts_us = patch->starts_us >= 0 ? patch->starts_us : event->starts_us;
	return ERR_OK;
}

enum err
event_wait_for_others(struct pool *pool, TALLOC_CTX *ctx)
{
	const struct timespec pause = { .tv_nsec = 2000000 };
	const struct call limit = { .stmt = STMT_TAKE_LIMIT };
	int64_t until = clock_mono_us() + OTHERS_US;
	struct rows *rows;
	enum err e;

	if ((e = transact_read(pool, ctx, &limit, 1, &rows)) != ERR_OK)
		return e;
	const struct call call = { STMT_AFTER_ALL, { param_int(ctx, row_i64(rows, 0, 0)) } };
	while ((e = transact_read(pool, ctx, &call, 1, &rows)) == ERR_OK && !row_bool(rows, 0, 0)) {
		if (clock_mono_us() > until) {
			log_line(LOG_WARN,
			         "a transaction does not end, a change of an event waits no longer",
			         NULL);
			return ERR_OK;
		}
		nanosleep(&pause, NULL);
	}
	return e;
}

static enum err
change_locked(struct db *db, TALLOC_CTX *ctx, int32_t id, const char *user_id, bool staff,
              const char *correlation_id, const struct event_patch *patch)
{
	const char *number = param_int(ctx, id);
	const struct call lock[] = { { .stmt = STMT_BEGIN }, { STMT_LOCK_EVENT, { number } } };
	enum event_status before;
	bool archiving;
	struct rows *rows[2];
	struct event event = { 0 };
	struct changeset m;
	enum err e;

	if ((e = db_exchange(db, ctx, lock, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return ERR_EVENT_NOT_FOUND;
	read_event(rows[1], 0, &event);
	archiving = row_bool(rows[1], 0, 16);
	if (!staff && strcmp(event.seller, user_id) != 0)
		return ERR_FORBIDDEN;
	if (archiving)
		return ERR_INVALID_STATE;
	if (patch->timezone != NULL && (e = check_timezone(db, ctx, patch->timezone)) != ERR_OK)
		return e;
	before = event.status;
	if ((e = apply_patch(&event, patch)) != ERR_OK)
		return e;
	changeset_init(&m, ctx, correlation_id);
	changeset_call(&m, (struct call){ STMT_UPDATE_EVENT,
	                                  { number, event.title, event.venue_name,
	                                    param_time(ctx, event.starts_us), event.timezone,
	                                    event_status_name(event.status), event.policy } });
	if (before != event.status && event.status == EVENT_ON_SALE)
		changeset_row(&m, id, NULL, user_id, "event.on_sale", "{}");
	return changeset_commit(db, &m);
}

enum err
event_change(struct pool *pool, TALLOC_CTX *ctx, int32_t id, const char *user_id, bool staff,
             const char *correlation_id, const struct event_patch *patch)
{
	enum err e = ERR_TX_RETRY;

	for (int i = 0; e == ERR_TX_RETRY && i < POOL_ATTEMPTS; i++) {
		struct db *db;

		if ((e = pool_take(pool, &db)) != ERR_OK)
			return e;
		e = change_locked(db, ctx, id, user_id, staff, correlation_id, patch);
		pool_give(pool, db);
	}
	if (e == ERR_OK && (patch->status != EVENT__MAX || patch->policy != NULL))
		e = event_wait_for_others(pool, ctx);
	shared_event_changed(id);
	return e;
}
