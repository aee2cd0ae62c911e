#include "store/idempotency_rows.h"

#include "store/param.h"

struct call
idempotency_rows_try(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n)
{
	struct array a;

	array_init(&a, ctx);
	for (size_t i = 0; i < n; i++)
		array_int(&a, keys[i].lock_key);
	return (struct call){ STMT_TRY_LOCKS, { array_done(&a) } };
}

/* A call that takes keys as three arrays. */
static struct call
for_keys(TALLOC_CTX *ctx, enum stmt stmt, const struct idempotency_row *keys, size_t n)
{
	struct array principal, route, key;

	array_init(&principal, ctx);
	array_init(&route, ctx);
	array_init(&key, ctx);
	for (size_t i = 0; i < n; i++) {
		array_text(&principal, keys[i].principal);
		array_text(&route, keys[i].route);
		array_text(&key, keys[i].key);
	}
	return (struct call){ stmt,
		              { array_done(&principal), array_done(&route), array_done(&key) } };
}

struct call
idempotency_rows_find(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n)
{
	return for_keys(ctx, STMT_FIND_KEYS, keys, n);
}

void
idempotency_rows_states(const struct rows *tried, const struct rows *found, enum key_state *out,
                        size_t n)
{
	for (size_t i = 0; i < n; i++)
		out[i] = KEY_BUSY;
	for (int r = 0; r < rows_count(tried); r++)
		out[row_i64(tried, r, 0) - 1] = KEY_NEW;
	for (int r = 0; r < rows_count(found); r++)
		out[row_i64(found, r, 0) - 1] = KEY_KNOWN;
}

void
idempotency_rows_read(const struct rows *rows, int r, struct idempotency_row *out)
{
	out->hash = row_text(rows, r, 1);
	out->status = row_i32(rows, r, 2);
	out->location = row_text(rows, r, 3);
	out->body = row_text(rows, r, 4);
}

/* Clears old answers away, and inserts. */
static void
store_calls(TALLOC_CTX *ctx, enum stmt insert, const struct idempotency_row *keys, size_t n,
            struct call *out)
{
	struct array hash, status, location, body;

	array_init(&hash, ctx);
	array_init(&status, ctx);
	array_init(&location, ctx);
	array_init(&body, ctx);
	for (size_t i = 0; i < n; i++) {
		array_text(&hash, keys[i].hash);
		array_int(&status, keys[i].status);
		array_text(&location, keys[i].location);
		array_text(&body, keys[i].body);
	}
	out[0] = for_keys(ctx, STMT_DROP_OLD_KEYS, keys, n);
	out[1] = out[0];
	out[1].stmt = insert;
	out[1].param[3] = array_done(&hash);
	out[1].param[4] = array_done(&status);
	out[1].param[5] = array_done(&location);
	out[1].param[6] = array_done(&body);
}

void
idempotency_rows_store(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n,
                       struct call out[IDEMPOTENCY_STORE_CALLS])
{
	store_calls(ctx, STMT_INSERT_KEYS, keys, n, out);
}

void
idempotency_rows_offer(TALLOC_CTX *ctx, const struct idempotency_row *key,
                       struct call out[IDEMPOTENCY_STORE_CALLS])
{
	store_calls(ctx, STMT_OFFER_KEYS, key, 1, out);
}
