/* Stored plans: importing a document as the next version of its name, and reading them back. */
#include "core/plan/plan_store.h"

#include <assert.h>

#include "base/digest.h"
#include "store/param.h"
#include "store/transact.h"

static const struct call begin = { .stmt = STMT_BEGIN };

/* An import on its way. */
struct import {
	const struct call *lock, *insert, *find;
	struct idempotent *idempotent; /* or NULL */
	struct plan_info *out;
};

/* What INSERT_PLAN or FIND_PLAN says. */
static void
take_version(const struct rows *rows, struct plan_info *out)
{
	assert(rows_count(rows) == 1);
	out->version = row_i32(rows, 0, INSERT_PLAN_VERSION);
	out->created_us = row_us(rows, 0, INSERT_PLAN_CREATED);
	assert(out->version >= 1);
}

/* Stores a plan; its version and time are set. No other import of the name chooses meanwhile. */
static enum err
import_once(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct import *im = arg;
	struct rows *rows;
	enum err e;

	if ((e = db_query(db, ctx, begin, NULL)) != ERR_OK ||
	    (e = idempotency_begin(db, ctx, im->idempotent)) != ERR_OK ||
	    (e = db_query(db, ctx, *im->lock, NULL)) != ERR_OK ||
	    (e = db_query(db, ctx, *im->insert, &rows)) != ERR_OK)
		return e;
	take_version(rows, im->out);
	return idempotency_commit(db, ctx, im->idempotent, im->out);
}

/*
 * The answer to COMMIT was lost. With the lock in hand that transaction has ended, either way; the
 * plan's id was made before and tells which. A request with a key finds its answer when run again.
 */
static enum err
import_resolve(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct import *im = arg;
	struct rows *rows;
	enum err e;

	assert(!uuid_is_zero(&im->out->id));
	if ((e = db_query(db, ctx, begin, NULL)) != ERR_OK ||
	    (e = db_query(db, ctx, *im->lock, NULL)) != ERR_OK ||
	    (e = db_query(db, ctx, *im->find, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0 || im->idempotent != NULL)
		return ERR_TX_RETRY;
	take_version(rows, im->out);
	return ERR_OK;
}

/* What the advisory lock of a name of an owner goes by; two names may share one. */
static int32_t
name_key(TALLOC_CTX *ctx, const char *owner, const char *name)
{
	return (int32_t)hash_text(talloc_asprintf(ctx, "%s\n%s", owner, name));
}

enum err
plan_store_import(struct pool *pool, TALLOC_CTX *ctx, const char *owner, const char *text,
                  size_t len, struct idempotent *idempotent, struct plan_info *out,
                  struct plan_faults *faults)
{
	char checksum[DIGEST_TEXT];
	struct plan *plan;
	enum err e;

	assert(owner != NULL && out != NULL && faults != NULL);
	if ((e = plan_read(ctx, text, len, &plan, faults)) != ERR_OK)
		return e;
	*out = (struct plan_info){ .id = uuid_of_event(0),
		                   .owner = owner,
		                   .name = plan->name,
		                   .sections = (int32_t)plan->n_sections,
		                   .rows = (int32_t)plan->n_rows,
		                   .seats = (int32_t)plan->n_seats };
	out->checksum = talloc_strdup(ctx, digest_sha256(text, len, checksum));
	const char *id = param_uuid(ctx, &out->id);
	const struct call lock = { STMT_LOCK_PLAN_NAME,
		                   { param_int(ctx, name_key(ctx, owner, out->name)) } };
	const struct call insert = { STMT_INSERT_PLAN,
		                     { id, owner, out->name, param_int(ctx, out->sections),
		                       param_int(ctx, out->rows), param_int(ctx, out->seats),
		                       out->checksum, text } };
	const struct call find = { STMT_FIND_PLAN, { id } };
	struct import im = { &lock, &insert, &find, idempotent, out };
	const struct transaction t = { import_once, import_resolve, &im };

	return transact(pool, ctx, &t);
}

/* Row r of PLAN_COLUMNS. */
static void
read_plan(const struct rows *rows, int r, struct plan_info *p)
{
	assert(r >= 0 && r < rows_count(rows));
	*p = (struct plan_info){ .id = row_uuid(rows, r, PLAN_ID),
		                 .owner = row_text(rows, r, PLAN_OWNER),
		                 .name = row_text(rows, r, PLAN_NAME),
		                 .version = row_i32(rows, r, PLAN_VERSION),
		                 .sections = row_i32(rows, r, PLAN_SECTIONS),
		                 .rows = row_i32(rows, r, PLAN_ROWS),
		                 .seats = row_i32(rows, r, PLAN_SEATS),
		                 .checksum = row_text(rows, r, PLAN_CHECKSUM),
		                 .created_us = row_us(rows, r, PLAN_CREATED) };
}

enum err
plan_store_get(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id, struct plan_info *out)
{
	const struct call call = { STMT_GET_PLAN, { param_uuid(ctx, id) } };
	struct rows *rows;
	enum err e;

	assert(out != NULL);
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_PLAN_NOT_FOUND;
	read_plan(rows, 0, out);
	out->document = row_text(rows, 0, PLAN__COLUMNS);
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

	assert(page->page >= 1 && page->limit >= 1);
	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	page->n = (size_t)rows_count(rows[0]);
	page->total = row_i64(rows[1], 0, 0);
	page->plans = talloc_zero_array(ctx, struct plan_info, (unsigned)page->n);
	for (size_t i = 0; i < page->n; i++)
		read_plan(rows[0], (int)i, &page->plans[i]);
	return ERR_OK;
}
