#include "core/reserve/hold.h"

#include "base/shared.h"
#include "core/journal/payload.h"

/* Frees the seats of locked holds, writes that down, commits, and tells the seat maps. */
static enum err
free_all(struct db *db, TALLOC_CTX *ctx, struct hold_rows *holdings, size_t n, bool running,
         const char *correlation_id)
{
	const char **payloads = talloc_array(ctx, const char *, (unsigned)n);
	enum err e;

	if ((e = hold_rows_free(db, ctx, holdings, n, running)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		payloads[i] = payload_released(ctx, &holdings[i]);
	e = hold_rows_commit(db, ctx, holdings, n, payloads, correlation_id);
	for (size_t i = 0; i < n; i++) {
		if (holdings[i].n > 0)
			shared_event_changed(holdings[i].event_id);
	}
	return e;
}

static enum err
release_once(struct db *db, TALLOC_CTX *ctx, const char *user_id, int32_t event_id,
             const char *correlation_id, struct released *out)
{
	struct hold_rows *holdings;
	enum err e;

	e = hold_rows_lock_of(db, ctx, (int64_t)hash_text(user_id), user_id, event_id, &holdings,
	                      &out->n);
	if (e != ERR_OK || out->n == 0)
		return e;
	out->holdings = holdings;
	return free_all(db, ctx, holdings, out->n, true, correlation_id);
}

enum err
hold_release(struct pool *pool, TALLOC_CTX *ctx, const char *user_id, int32_t event_id,
             const char *correlation_id, struct released *out)
{
	struct released unknown = { NULL, 0 };
	enum err e = ERR_UNAVAILABLE;

	for (int i = 0; i < POOL_ATTEMPTS; i++) {
		struct db *db;

		if ((e = pool_take(pool, &db)) != ERR_OK)
			return e;
		*out = (struct released){ NULL, 0 };
		e = release_once(db, ctx, user_id, event_id, correlation_id, out);
		pool_give(pool, db);
		if (e == ERR_OK && out->n == 0)
			*out = unknown; /* the COMMIT whose answer was lost did it */
		if (e == ERR_DB_UNKNOWN)
			unknown = *out;
		else if (e != ERR_TX_RETRY && e != ERR_DB_LOST)
			return e;
	}
	return e;
}

/* Frees those that were found; running: also the seats whose time has not passed. */
static enum err
end_found(struct db *db, TALLOC_CTX *ctx, struct hold_rows *holdings, size_t *n, bool running,
          const char *correlation_id)
{
	int64_t *keys = talloc_array(ctx, int64_t, (unsigned)*n);
	enum err e;

	for (size_t i = 0; i < *n; i++)
		keys[i] = (int64_t)hash_text(holdings[i].user_id);
	e = hold_rows_lock_found(db, ctx, keys, running, holdings, n);
	if (e != ERR_OK || *n == 0)
		return e;
	return free_all(db, ctx, holdings, *n, running, correlation_id);
}

/* Of an event all, of all events (0) those that have ended. */
static enum err
end_some(struct db *db, TALLOC_CTX *ctx, int32_t event_id, const char *correlation_id, int most,
         size_t *done)
{
	struct hold_rows *holdings;
	enum err e;

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
	return end_some(db, ctx, event_id, correlation_id, most, done);
}
