#include "store/journal_feed.h"

#include "store/param.h"

enum err
journal_feed_open(struct db *db, TALLOC_CTX *ctx, const char *name, bool oldest, struct cursor *at)
{
	const struct call calls[] = {
		{ STMT_MAKE_CURSOR, { name, param_bool(oldest) } },
		{ STMT_GET_CURSOR, { name } },
	};
	struct rows *rows[2];
	enum err e;

	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0) /* somebody took it away in between */
		return ERR_TX_RETRY;
	at->xid = (uint64_t)row_i64(rows[1], 0, 0);
	at->seq = row_i64(rows[1], 0, 1);
	return ERR_OK;
}

enum err
journal_feed_read(struct db *db, TALLOC_CTX *ctx, struct cursor after, int most,
                  struct journal_row **out, size_t *n)
{
	const struct call call = { STMT_READ_FEED,
		                   { param_int(ctx, (int64_t)after.xid), param_int(ctx, after.seq),
		                     param_int(ctx, most) } };
	struct rows *rows;
	enum err e;

	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	*n = (size_t)rows_count(rows);
	*out = talloc_array(ctx, struct journal_row, (unsigned)*n);
	for (int r = 0; r < (int)*n; r++) {
		struct journal_row *row = &(*out)[r];

		row->at = (struct cursor){ (uint64_t)row_i64(rows, r, 0), row_i64(rows, r, 1) };
		row->event_id = row_i32(rows, r, 2);
		row->has_booking = !row_null(rows, r, 3);
		row->booking_id = row->has_booking ? row_uuid(rows, r, 3) : (struct uuid){ { 0 } };
		row->at_us = row_us(rows, r, 4);
		row->user_id = row_text(rows, r, 5);
		row->type = row_text(rows, r, 6);
		row->correlation_id = row_text(rows, r, 7);
		row->payload = row_text(rows, r, 8);
	}
	return ERR_OK;
}

enum err
journal_feed_move(struct db *db, TALLOC_CTX *ctx, const char *name, struct cursor from,
                  struct cursor to, const char *trouble)
{
	const struct call call = { STMT_MOVE_CURSOR,
		                   { name, param_int(ctx, (int64_t)from.xid),
		                     param_int(ctx, from.seq), param_int(ctx, (int64_t)to.xid),
		                     param_int(ctx, to.seq), trouble } };
	struct rows *rows;
	enum err e;

	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	return rows_count(rows) == 0 ? ERR_NOT_FOUND : ERR_OK;
}

enum err
journal_feed_lead(struct db *db, TALLOC_CTX *ctx, int patience_ms, bool *got)
{
	const struct call call = { STMT_LOCK_RELAY, { param_int(ctx, patience_ms) } };
	struct rows *rows;
	enum err e;

	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	*got = row_bool(rows, 0, 0);
	return ERR_OK;
}
