/*
 * Giving held seats back: a user lets go of them, their time passes, or their event is cancelled.
 * Each takes the user's advisory lock first, as the clerk does when it gives them.
 */
#include "core/reserve/hold.h"

#include <assert.h>

#include "base/shared.h"
#include "core/journal/journal.h"
#include "core/journal/payload.h"
#include "core/reserve/lock_set.h"
#include "store/transact.h"

/* Frees the seats of locked holds, writes that down, commits, and tells the seat maps. */
static enum err
free_all(struct db *db, TALLOC_CTX *ctx, struct hold_rows *holdings, size_t n, bool running,
         const char *correlation_id)
{
	const char **payloads = talloc_array(ctx, const char *, (unsigned)n);
	enum err e;

	assert(n > 0 && holdings != NULL);
	if ((e = hold_rows_free(db, ctx, holdings, n, running)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		payloads[i] = payload_released(ctx, &holdings[i]);
	e = hold_rows_commit(db, ctx, holdings, n, journal_type_name(JOURNAL_SEATS_RELEASED),
	                     payloads, correlation_id);
	for (size_t i = 0; i < n; i++) {
		if (holdings[i].n > 0)
			shared_event_changed(holdings[i].event_id);
	}
	return e;
}

/* A release, for transact(). */
struct release {
	const char *user_id;
	int32_t event_id;
	const char *correlation_id; /* or NULL */
	struct released *out;
	struct released unknown; /* what the COMMIT whose answer was lost would have set free */
};

static enum err
release_once(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct release *r = arg;
	struct hold_rows *holdings;
	enum err e;

	*r->out = (struct released){ NULL, 0 };
	e = hold_rows_lock_of(db, ctx, lock_set_user_key(r->user_id), r->user_id, r->event_id,
	                      &holdings, &r->out->n);
	if (e != ERR_OK)
		return e;
	if (r->out->n == 0) { /* if there was a COMMIT whose answer was lost, it did it */
		*r->out = r->unknown;
		return ERR_OK;
	}
	r->out->holdings = holdings;
	e = free_all(db, ctx, holdings, r->out->n, true, r->correlation_id);
	if (e == ERR_DB_UNKNOWN)
		r->unknown = *r->out;
	return e;
}

enum err
hold_release(struct pool *pool, TALLOC_CTX *ctx, const char *user_id, int32_t event_id,
             const char *correlation_id, struct released *out)
{
	struct release r = { user_id, event_id, correlation_id, out, { NULL, 0 } };
	const struct transaction t = { release_once, transact_again, &r };

	assert(user_id != NULL && out != NULL);
	return transact(pool, ctx, &t);
}

/* Frees those that were found; running: also the seats whose time has not passed. */
static enum err
end_found(struct db *db, TALLOC_CTX *ctx, struct hold_rows *holdings, size_t *n, bool running,
          const char *correlation_id)
{
	int64_t *keys = talloc_array(ctx, int64_t, (unsigned)*n);
	enum err e;

	for (size_t i = 0; i < *n; i++)
		keys[i] = lock_set_user_key(holdings[i].user_id);
	e = hold_rows_lock_found(db, ctx, keys, running, holdings, n);
	if (e != ERR_OK || *n == 0)
		return e;
	return free_all(db, ctx, holdings, *n, running, correlation_id);
}

/* Ends holds: of an event all, of all events (0) those whose time has passed. */
static enum err
end_some(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const char *correlation_id, int most,
         size_t *done)
{
	struct hold_rows *holdings;
	enum err e;

	assert(db != NULL && most >= 1);
	*done = 0;
	if ((e = hold_rows_find(db, ctx, event_id, most, &holdings, done)) == ERR_OK && *done > 0)
		e = end_found(db, ctx, holdings, done, event_id != 0, correlation_id);
	if (e != ERR_OK)
		*done = 0;
	db_rollback(db);
	return e;
}

enum err
hold_sweep(struct db *db, TALLOC_CTX *ctx, int most, size_t *done)
{
	return end_some(db, ctx, 0, NULL, most, done);
}

enum err
hold_end(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const char *correlation_id, int most,
         size_t *done)
{
	assert(event_id > 0);
	return end_some(db, ctx, event_id, correlation_id, most, done);
}
