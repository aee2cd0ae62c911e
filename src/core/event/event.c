/*
 * Events: reading and listing them, and an owner's changes. Making and cancelling them are files
 * of their own.
 */
#include "core/event/event.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/shared.h"
#include "core/journal/journal.h"
#include "store/changeset.h"
#include "store/param.h"
#include "store/transact.h"

#define OTHERS_US    (3 * US_PER_S) /* how long a change waits for transactions that began before */
#define OTHERS_PAUSE 2000000        /* nanoseconds between two looks */

/* Which status may follow which, by an owner's PATCH; cancelling goes its own way. */
static const bool may_follow[EVENT__MAX][EVENT__MAX] = {
	[EVENT_DRAFT] = { [EVENT_ON_SALE] = true },
	[EVENT_ON_SALE] = { [EVENT_CLOSED] = true },
	[EVENT_CLOSED] = { [EVENT_ON_SALE] = true },
};

/* Row r of GET_EVENT, or of another statement that has its columns. */
static void
read_event(const struct rows *rows, int r, struct event *e)
{
	e->id = row_i32(rows, r, GET_EVENT_ID);
	e->seller = row_text(rows, r, GET_EVENT_SELLER);
	e->title = row_text(rows, r, GET_EVENT_TITLE);
	e->venue_name = row_text(rows, r, GET_EVENT_VENUE);
	e->plan_id = row_uuid(rows, r, GET_EVENT_PLAN);
	e->n_seats = row_i32(rows, r, GET_EVENT_SEATS);
	e->starts_us = row_us(rows, r, GET_EVENT_STARTS);
	e->timezone = row_text(rows, r, GET_EVENT_TIMEZONE);
	e->currency = row_text(rows, r, GET_EVENT_CURRENCY);
	e->status = event_status_parse(row_text(rows, r, GET_EVENT_STATUS));
	e->policy = row_text(rows, r, GET_EVENT_POLICY);
	e->metadata = row_text(rows, r, GET_EVENT_METADATA);
	e->price_min_minor = row_i32(rows, r, GET_EVENT_PRICE_MIN);
	e->price_max_minor = row_i32(rows, r, GET_EVENT_PRICE_MAX);
	e->created_us = row_us(rows, r, GET_EVENT_CREATED);
	e->updated_us = row_us(rows, r, GET_EVENT_UPDATED);
	assert(e->status < EVENT__MAX && e->price_min_minor <= e->price_max_minor);
}

/* Fills in the counts of n events, all with one statement. */
static enum err
read_counts(struct pool *pool, TALLOC_CTX *ctx, struct event *events, size_t n)
{
	struct seat_counts *counts = talloc_array(ctx, struct seat_counts, (unsigned)n);
	int32_t *ids = talloc_array(ctx, int32_t, (unsigned)n);
	enum err e;

	assert(events != NULL && n > 0);
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

	assert(out != NULL);
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

	assert(db_in_transaction(db));
	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	assert(rows_count(rows) == 1);
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

	assert(page->limit >= 1 && (page->after > 0 || page->page >= 1));
	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	page->n = (size_t)rows_count(rows[0]);
	page->total = row_i64(rows[1], 0, COUNT_EVENTS_N);
	page->events = talloc_zero_array(ctx, struct event, (unsigned)page->n);
	for (size_t i = 0; i < page->n; i++)
		read_event(rows[0], (int)i, &page->events[i]);
	return page->n == 0 ? ERR_OK : read_counts(pool, ctx, page->events, page->n);
}

enum err
event_check_timezone(struct db *db, TALLOC_CTX *ctx, const char *name)
{
	struct rows *rows;
	enum err e;

	assert(name != NULL);
	e = db_query(db, ctx, (struct call){ STMT_IS_TIMEZONE, { name } }, &rows);
	if (e != ERR_OK)
		return e;
	return row_bool(rows, 0, IS_TIMEZONE_KNOWN) ? ERR_OK : ERR_VALIDATION_ERROR;
}

/* Makes of an event what it will be. Errors: EVENT_CANCELLED, INVALID_STATE. */
static enum err
apply_patch(struct event *event, const struct event_patch *patch)
{
	assert(event->status < EVENT__MAX && patch->status <= EVENT__MAX);
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
	const struct timespec pause = { .tv_nsec = OTHERS_PAUSE };
	const struct call limit = { .stmt = STMT_TAKE_LIMIT };
	int64_t until = clock_mono_us() + OTHERS_US;
	struct rows *rows;
	enum err e;

	if ((e = transact_read(pool, ctx, &limit, 1, &rows)) != ERR_OK)
		return e;
	const struct call call = { STMT_AFTER_ALL,
		                   { param_int(ctx, row_i64(rows, 0, TAKE_LIMIT_XID)) } };
	while ((e = transact_read(pool, ctx, &call, 1, &rows)) == ERR_OK &&
	       !row_bool(rows, 0, AFTER_ALL_REACHED)) {
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

/* A change on its way. */
struct event_change {
	int32_t id;
	const char *user_id;
	bool staff;
	const char *correlation_id;
	const struct event_patch *patch;
};

/* Whether the event of a row of LOCK_EVENT may be changed, and by this user. */
static enum err
check_change(const struct rows *rows, const struct event_change *c)
{
	const char *seller = row_text(rows, 0, GET_EVENT_SELLER);

	if (!c->staff && strcmp(seller, c->user_id) != 0)
		return ERR_FORBIDDEN;
	return row_bool(rows, 0, LOCK_EVENT_ARCHIVING) ? ERR_INVALID_STATE : ERR_OK;
}

/* Writes an event as it will be, and what the journal says of that; commits. */
static enum err
store_change(struct db *db, TALLOC_CTX *ctx, const struct event_change *c,
             const struct event *event, enum event_status before)
{
	struct changeset changes;

	assert(event->id == c->id && event->status != EVENT_CANCELLED);
	changeset_init(&changes, ctx, c->correlation_id);
	changeset_call(&changes,
	               (struct call){ STMT_UPDATE_EVENT,
	                              { param_int(ctx, c->id), event->title, event->venue_name,
	                                param_time(ctx, event->starts_us), event->timezone,
	                                event_status_name(event->status), event->policy } });
	if (before != event->status && event->status == EVENT_ON_SALE)
		changeset_row(&changes, c->id, NULL, c->user_id,
		              journal_type_name(JOURNAL_EVENT_ON_SALE), "{}");
	return changeset_commit(db, &changes);
}

/* Locks the event, checks that it may be changed so, and writes. */
static enum err
run_change(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	const struct event_change *c = arg;
	const struct call lock[] = { { .stmt = STMT_BEGIN },
		                     { STMT_LOCK_EVENT, { param_int(ctx, c->id) } } };
	enum event_status before;
	struct rows *rows[2];
	struct event event = { 0 };
	enum err e;

	if ((e = db_exchange(db, ctx, lock, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return ERR_EVENT_NOT_FOUND;
	if ((e = check_change(rows[1], c)) != ERR_OK)
		return e;
	if (c->patch->timezone != NULL &&
	    (e = event_check_timezone(db, ctx, c->patch->timezone)) != ERR_OK)
		return e;
	read_event(rows[1], 0, &event);
	before = event.status;
	if ((e = apply_patch(&event, c->patch)) != ERR_OK)
		return e;
	return store_change(db, ctx, c, &event, before);
}

enum err
event_change(struct pool *pool, TALLOC_CTX *ctx, int32_t id, const char *user_id, bool staff,
             const char *correlation_id, const struct event_patch *patch)
{
	struct event_change c = { id, user_id, staff, correlation_id, patch };
	/* A COMMIT whose answer was lost stays unknown: done twice it could undo another change. */
	const struct transaction t = { .run = run_change, .arg = &c };
	enum err e;

	assert(patch != NULL && (staff || user_id != NULL));
	e = transact(pool, ctx, &t);
	if (e == ERR_OK && (patch->status != EVENT__MAX || patch->policy != NULL))
		e = event_wait_for_others(pool, ctx);
	shared_event_changed(id);
	return e;
}
