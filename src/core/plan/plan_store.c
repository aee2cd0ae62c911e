#include "core/plan/plan_store.h"

#include "base/digest.h"
#include "store/param.h"
#include "store/transact.h"

/* Stores a plan; its version and time are set. */
static enum err
insert_once(struct db *db, TALLOC_CTX *ctx, const struct call *insert, struct idempotent *keyed,
            struct plan_info *out)
{
	struct rows *rows;
	enum err e;

	if ((e = db_query(db, ctx, (struct call){ .stmt = STMT_BEGIN }, NULL)) != ERR_OK ||
	    (e = idempotency_begin(db, ctx, keyed)) != ERR_OK ||
	    (e = db_query(db, ctx, *insert, &rows)) != ERR_OK)
		return e;
	out->version = row_i32(rows, 0, 0);
	out->created_us = row_us(rows, 0, 1);
	return idempotency_commit(db, ctx, keyed, out);
}

enum err
plan_store_import(struct pool *pool, TALLOC_CTX *ctx, const char *owner, const char *text,
                  size_t len, struct idempotent *keyed, struct plan_info *out,
                  struct plan_faults *faults)
{
	char checksum[DIGEST_TEXT];
	struct plan *plan;
	struct db *db;
	enum err e;

	if ((e = plan_read(ctx, text, len, &plan, faults)) != ERR_OK)
		return e;
	*out = (struct plan_info){ .id = uuid_of_event(0),
		                   .owner = owner,
		                   .name = plan->name,
		                   .sections = (int32_t)plan->n_sections,
		                   .rows = (int32_t)plan->n_rows,
		                   .seats = (int32_t)plan->n_seats };
	out->checksum = talloc_strdup(ctx, digest_sha256(text, len, checksum));
	const struct call call = { STMT_INSERT_PLAN,
		                   { param_uuid(ctx, &out->id), owner, out->name,
		                     param_int(ctx, out->sections), param_int(ctx, out->rows),
		                     param_int(ctx, out->seats), out->checksum, text } };
	e = ERR_TX_RETRY; /* two imports of one name at once: the later takes the next version */
	for (int i = 0; e == ERR_TX_RETRY && i < POOL_ATTEMPTS; i++) {
		if ((e = pool_take(pool, &db)) != ERR_OK)
			return e;
		e = insert_once(db, ctx, &call, keyed, out);
		pool_give(pool, db);
	}
	return e;
}

/* Row r of PLAN_COLUMNS. */
static void
read_plan(const struct rows *rows, int r, struct plan_info *p)
{
	*p = (struct plan_info){ .id = row_uuid(rows, r, 0),
		                 .owner = row_text(rows, r, 1),
		                 .name = row_text(rows, r, 2),
		                 .version = row_i32(rows, r, 3),
		                 .sections = row_i32(rows, r, 4),
		                 .rows = row_i32(rows, r, 5),
		                 .seats = row_i32(rows, r, 6),
		                 .checksum = row_text(rows, r, 7),
		                 .created_us = row_us(rows, r, 8) };
}

enum err
plan_store_get(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, struct plan_info *out)
{
	const struct call call = { STMT_GET_PLAN, { param_uuid(ctx, id) } };
	struct rows *rows;
	enum err e;

	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_PLAN_NOT_FOUND;
	read_plan(rows, 0, out);
	out->document = row_text(rows, 0, 9);
	return ERR_OK;
}

enum err
plan_store_list(struct pool *pool, TALLOC_CTX *ctx, struct plan_page *page)
{
	const struct call calls[] = {
		{ STMT_LIST_PLANS,
		  { page->owner, param_int(ctx, page->limit),
		    param_int(ctx, (int64_t)(page->page - 1) * page->limit) } },
		{ STMT_COUNT_PLANS, { page->owner } },
	};
	struct rows *rows[2];
	enum err e;

	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	page->n = (size_t)rows_count(rows[0]);
	page->total = row_i64(rows[1], 0, 0);
	page->plans = talloc_zero_array(ctx, struct plan_info, (unsigned)page->n);
	for (size_t i = 0; i < page->n; i++)
		read_plan(rows[0], (int)i, &page->plans[i]);
	return ERR_OK;
}
