#ifndef ROWLOCK_CORE_EVENT_EVENT_H
#define ROWLOCK_CORE_EVENT_EVENT_H

#include "core/inventory/seat_counts.h"
#include "store/enums.h"
#include "store/pool.h"

/* An event as stored; its strings live on the ctx it was read on. Prices in minor units. */
struct event {
	int32_t id, n_seats;
	const char *seller, *title, *venue_name, *timezone, *currency;
	const char *policy, *metadata; /* JSON objects */
	struct uuid plan_id;
	enum event_status status;
	int64_t starts_us, created_us, updated_us;
	int32_t price_min_minor, price_max_minor;
	struct seat_counts counts;
};

/* A page of events, newest first. NULL or __MAX: not asked for. */
struct event_page {
	enum event_status status; /* EVENT__MAX: all but drafts */
	const char *words;        /* within title or venue, any case */
	const char *movie_id;     /* of the metadata */
	const char *drafts_of;    /* the seller whose drafts may be seen; NULL: those of all */
	int32_t after;            /* only numbers below this; 0: not asked for */
	int32_t page, limit;      /* from 1; 1 to 100 */
	struct event *events;     /* out */
	size_t n;                 /* out */
	int64_t total;            /* out */
};

/* What is to change; NULL, negative or __MAX leaves it. */
struct event_patch {
	const char *title, *venue_name, *timezone, *policy;
	int64_t starts_us;
	enum event_status status;
};

/*
 * Reads an event in the transaction that has just made it, when all its seats are free. Errors as
 * of db_exchange.
 */
enum err event_get_new(struct db *db, TALLOC_CTX *ctx, int32_t id, struct event *out) MUST_CHECK;

/*
 * Whether a name is in PostgreSQL's list of time zones: it is what reckons with them. Errors:
 * VALIDATION_ERROR; as of db_exchange.
 */
enum err event_check_timezone(struct db *db, TALLOC_CTX *ctx, const char *name) MUST_CHECK;

/* Reads an event, with its counts. Errors: EVENT_NOT_FOUND, UNAVAILABLE. */
enum err event_get(struct pool *pool, TALLOC_CTX *ctx, int32_t id, struct event *out) MUST_CHECK;

/* Fills in a page, with counts. Errors: UNAVAILABLE. */
enum err event_list(struct pool *pool, TALLOC_CTX *ctx, struct event_page *page) MUST_CHECK;

/*
 * Changes an event; putting it on sale is written to the journal. When this returns, no
 * booking is made any more by the status and the policy that were before.
 *
 * user_id	asks for it; must be its seller unless staff
 *
 * Errors: EVENT_NOT_FOUND, FORBIDDEN, INVALID_STATE (a status that cannot follow, R-46; the event
 * is on its way to the archive, R-28), EVENT_CANCELLED, VALIDATION_ERROR (time zone), UNAVAILABLE.
 */
enum err event_change(struct pool *pool, TALLOC_CTX *ctx, int32_t id, const char *user_id,
                      bool staff, const char *correlation_id,
                      const struct event_patch *patch) MUST_CHECK;

/*
 * Waits until every booking that still saw an event as it was before the last COMMIT has been
 * committed or given up (HACKING.md, The database). A foreign transaction that never
 * ends is not waited for longer than some seconds. It has a connection only while it looks.
 */
enum err event_wait_for_others(struct pool *pool, TALLOC_CTX *ctx) MUST_CHECK;

#endif
