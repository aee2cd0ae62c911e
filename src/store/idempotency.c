#include "store/idempotency.h"

#include <string.h>

#include "store/param.h"
#include "store/transact.h"

struct idempotency_row
idempotency_row(const struct idempotent *k)
{
	const char *scope = talloc_asprintf(k->ctx, "%s\n%s\n%s", k->principal, k->route, k->key);

	return (struct idempotency_row){ .principal = k->principal,
		                         .route = k->route,
		                         .key = k->key,
		                         .hash = k->hash,
		                         .lock_key = (int64_t)hash_text(scope),
		                         .status = k->reply.status,
		                         .location = k->reply.location,
		                         .body = k->reply.body };
}

enum err
idempotency_find(struct pool *pool, struct idempotent *k, bool *found)
{
	const struct idempotency_row key = idempotency_row(k);
	const struct call call = idempotency_rows_find(k->ctx, &key, 1);
	struct idempotency_row known;
	struct rows *rows;
	enum err e;

	*found = false;
	if ((e = transact_read(pool, k->ctx, &call, 1, &rows)) != ERR_OK || rows_count(rows) == 0)
		return e;
	idempotency_rows_read(rows, 0, &known);
	if (strcmp(known.hash, k->hash) != 0)
		return ERR_IDEMPOTENCY_MISMATCH;
	k->reply = (struct reply){ known.status, known.location, known.body };
	*found = true;
	return ERR_OK;
}

enum err
idempotency_begin(struct db *db, TALLOC_CTX *ctx, const struct idempotent *k)
{
	static const enum err errors[] = {
		[KEY_NEW] = ERR_OK,
		[KEY_BUSY] = ERR_IDEMPOTENCY_IN_PROGRESS,
		[KEY_KNOWN] = ERR_KEY_KNOWN,
	};
	struct rows *rows[2];
	enum key_state state;
	enum err e;

	if (k == NULL)
		return ERR_OK;
	const struct idempotency_row key = idempotency_row(k);
	const struct call calls[] = { idempotency_rows_try(ctx, &key, 1),
		                      idempotency_rows_find(ctx, &key, 1) };

	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	idempotency_rows_states(rows[0], rows[1], &state, 1);
	return errors[state];
}

enum err
idempotency_commit(struct db *db, TALLOC_CTX *ctx, struct idempotent *k, const void *what)
{
	struct call calls[IDEMPOTENCY_STORE_CALLS + 1];
	size_t n = 0;
	enum err e;

	if (k != NULL) {
		k->render(k->arg, what, &k->reply);
		const struct idempotency_row key = idempotency_row(k);

		idempotency_rows_store(ctx, &key, 1, calls);
		n = IDEMPOTENCY_STORE_CALLS;
	}
	calls[n++] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange(db, ctx, calls, n, NULL);
	if (e == ERR_OK && k != NULL)
		k->stored = true;
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}

enum err
idempotency_offer(struct pool *pool, struct idempotent *k, bool *other)
{
	const struct idempotency_row key = idempotency_row(k);
	struct call calls[IDEMPOTENCY_STORE_CALLS];
	struct rows *rows[IDEMPOTENCY_STORE_CALLS];
	struct db *db;
	enum err e;

	*other = false;
	idempotency_rows_offer(k->ctx, &key, calls);
	if ((e = pool_take(pool, &db)) != ERR_OK)
		return e;
	e = db_exchange(db, k->ctx, calls, IDEMPOTENCY_STORE_CALLS, rows);
	pool_give(pool, db);
	if (e != ERR_OK)
		return e;
	return rows_count(rows[1]) == 0 ? idempotency_find(pool, k, other) : ERR_OK;
}

enum err
idempotency_sweep(struct db *db, TALLOC_CTX *ctx, int most, size_t *done)
{
	const struct call call = { STMT_SWEEP_KEYS, { param_int(ctx, most) } };
	struct rows *rows;
	enum err e = db_query(db, ctx, call, &rows);

	*done = e == ERR_OK ? (size_t)rows_count(rows) : 0;
	return e;
}
