/*
 * The Idempotency-Key below the API: the table idempotency_key, and the advisory lock that keeps
 * two transactions from serving one request side by side. The header is api/request's.
 */
#include "store/idempotency.h"

#include <assert.h>
#include <string.h>

#include "store/param.h"
#include "store/transact.h"

/* The columns of INSERT_KEYS and OFFER_KEYS; FIND_KEYS and DROP_OLD_KEYS take the first three. */
enum key_column {
	KEY_PRINCIPAL,
	KEY_ROUTE,
	KEY_KEY,
	KEY_HASH,
	KEY_STATUS,
	KEY_LOCATION,
	KEY_BODY,
	KEY__COLUMNS
};
#define KEY__OWN (KEY_KEY + 1) /* of them, those that say which request it is */

struct idempotency_row
idempotency_row(const struct idempotent *request)
{
	const char *scope = talloc_asprintf(request->ctx, "%s\n%s\n%s", request->principal,
	                                    request->route, request->key);

	return (struct idempotency_row){ .principal = request->principal,
		                         .route = request->route,
		                         .key = request->key,
		                         .hash = request->hash,
		                         .lock_key = (int64_t)hash_text(scope),
		                         .reply = request->reply };
}

struct call
idempotency_try(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n)
{
	struct array locks;

	assert(keys != NULL && n > 0);
	array_init(&locks, ctx);
	for (size_t i = 0; i < n; i++)
		array_int(&locks, keys[i].lock_key);
	return (struct call){ STMT_TRY_LOCKS, { array_done(&locks) } };
}

/* Which request it is. */
static void
add_key(struct array *columns, const struct idempotency_row *key)
{
	assert(key->principal != NULL && key->route != NULL && key->key != NULL);
	array_text(&columns[KEY_PRINCIPAL], key->principal);
	array_text(&columns[KEY_ROUTE], key->route);
	array_text(&columns[KEY_KEY], key->key);
}

struct call
idempotency_look(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n)
{
	struct call call = { .stmt = STMT_FIND_KEYS };
	struct array columns[KEY__OWN];

	assert(keys != NULL && n > 0);
	arrays_init(columns, KEY__OWN, ctx);
	for (size_t i = 0; i < n; i++)
		add_key(columns, &keys[i]);
	arrays_done(columns, KEY__OWN, call.param);
	return call;
}

void
idempotency_states(const struct rows *tried, const struct rows *looked, enum key_state *out,
                   size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = KEY_BUSY;
	for (int r = 0; r < rows_count(tried); r++)
		out[row_place(tried, r, TRY_LOCKS_PLACE, n)] = KEY_NEW;
	for (int r = 0; r < rows_count(looked); r++)
		out[row_place(looked, r, FIND_KEYS_PLACE, n)] = KEY_KNOWN;
}

/* Clears old answers away, and inserts with INSERT_KEYS or OFFER_KEYS. */
static void
store_calls(TALLOC_CTX *ctx, enum stmt insert, const struct idempotency_row *keys, size_t n,
            struct call out[IDEMPOTENCY_STORE_CALLS])
{
	struct array columns[KEY__COLUMNS];

	assert(keys != NULL && n > 0);
	arrays_init(columns, KEY__COLUMNS, ctx);
	for (size_t i = 0; i < n; i++) {
		assert(keys[i].reply.status != 0 && keys[i].reply.body != NULL);
		add_key(columns, &keys[i]);
		array_text(&columns[KEY_HASH], keys[i].hash);
		array_int(&columns[KEY_STATUS], keys[i].reply.status);
		array_text(&columns[KEY_LOCATION], keys[i].reply.location);
		array_text(&columns[KEY_BODY], keys[i].reply.body);
	}
	out[1] = (struct call){ .stmt = insert };
	arrays_done(columns, KEY__COLUMNS, out[1].param);
	out[0] = out[1];
	out[0].stmt = STMT_DROP_OLD_KEYS;
}

void
idempotency_store(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n,
                  struct call out[IDEMPOTENCY_STORE_CALLS])
{
	store_calls(ctx, STMT_INSERT_KEYS, keys, n, out);
}

enum err
idempotency_find(struct pool *pool, struct idempotent *request, bool *found)
{
	const struct idempotency_row key = idempotency_row(request);
	const struct call call = idempotency_look(request->ctx, &key, 1);
	struct rows *rows;
	enum err e;

	*found = false;
	if ((e = transact_read(pool, request->ctx, &call, 1, &rows)) != ERR_OK ||
	    rows_count(rows) == 0)
		return e;
	if (strcmp(row_text(rows, 0, FIND_KEYS_HASH), request->hash) != 0)
		return ERR_IDEMPOTENCY_MISMATCH;
	request->reply = (struct reply){ .status = row_i32(rows, 0, FIND_KEYS_STATUS),
		                         .location = row_text(rows, 0, FIND_KEYS_LOCATION),
		                         .body = row_text(rows, 0, FIND_KEYS_BODY) };
	*found = true;
	return ERR_OK;
}

enum err
idempotency_begin(struct db *db, TALLOC_CTX *ctx, const struct idempotent *request)
{
	static const enum err errors[] = {
		[KEY_NEW] = ERR_OK,
		[KEY_BUSY] = ERR_IDEMPOTENCY_IN_PROGRESS,
		[KEY_KNOWN] = ERR_KEY_KNOWN,
	};
	struct rows *rows[2];
	enum key_state state;
	enum err e;

	if (request == NULL)
		return ERR_OK;
	assert(db_in_transaction(db)); /* the lock is the transaction's */
	const struct idempotency_row key = idempotency_row(request);
	const struct call calls[] = { idempotency_try(ctx, &key, 1),
		                      idempotency_look(ctx, &key, 1) };

	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	idempotency_states(rows[0], rows[1], &state, 1);
	return errors[state];
}

enum err
idempotency_commit(struct db *db, TALLOC_CTX *ctx, struct idempotent *request, const void *what)
{
	struct call calls[IDEMPOTENCY_STORE_CALLS + 1];
	size_t n = 0;
	enum err e;

	assert(db_in_transaction(db));
	if (request != NULL) {
		assert(request->render != NULL);
		request->render(request->arg, what, &request->reply);
		const struct idempotency_row key = idempotency_row(request);

		idempotency_store(ctx, &key, 1, calls);
		n = IDEMPOTENCY_STORE_CALLS;
	}
	calls[n++] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange(db, ctx, calls, n, NULL);
	if (e == ERR_OK && request != NULL)
		request->stored = true;
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}

enum err
idempotency_offer(struct pool *pool, struct idempotent *request, bool *other)
{
	const struct idempotency_row key = idempotency_row(request);
	struct call calls[IDEMPOTENCY_STORE_CALLS];
	struct rows *rows[IDEMPOTENCY_STORE_CALLS];
	enum err e;

	*other = false;
	store_calls(request->ctx, STMT_OFFER_KEYS, &key, 1, calls);
	/* May be done twice: the second time finds what the first has stored. */
	e = transact_read(pool, request->ctx, calls, IDEMPOTENCY_STORE_CALLS, rows);
	if (e != ERR_OK)
		return e;
	return rows_count(rows[1]) == 0 ? idempotency_find(pool, request, other) : ERR_OK;
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
