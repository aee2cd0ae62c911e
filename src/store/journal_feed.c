/* The journal as its readers see it, their cursors, and the lock of the active relay. */
#include "store/journal_feed.h"

#include <assert.h>

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

	assert(name != NULL && at != NULL);
	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0) /* it was deleted in between */
		return ERR_TX_RETRY;
	at->xid = (uint64_t)row_i64(rows[1], 0, GET_CURSOR_XID);
	at->seq = row_i64(rows[1], 0, GET_CURSOR_SEQ);
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

	assert(most > 0 && !db_in_transaction(db)); /* whose snapshot would stand still */
	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	*n = (size_t)rows_count(rows);
	*out = talloc_array(ctx, struct journal_row, (unsigned)*n);
	for (int r = 0; r < (int)*n; r++) {
		struct journal_row *row = &(*out)[r];

		row->at = (struct cursor){ (uint64_t)row_i64(rows, r, READ_FEED_XID),
			                   row_i64(rows, r, READ_FEED_SEQ) };
		row->event_id = row_i32(rows, r, READ_FEED_EVENT);
		row->has_booking = !row_null(rows, r, READ_FEED_BOOKING);
		row->booking_id = row->has_booking ? row_uuid(rows, r, READ_FEED_BOOKING)
		                                   : (struct uuid){ { 0 } };
		row->at_us = row_us(rows, r, READ_FEED_AT);
		row->user_id = row_text(rows, r, READ_FEED_USER);
		row->type = row_text(rows, r, READ_FEED_TYPE);
		row->correlation_id = row_text(rows, r, READ_FEED_CORRELATION);
		row->payload = row_text(rows, r, READ_FEED_PAYLOAD);
		assert(cursor_compare(r == 0 ? &after : &row[-1].at, &row->at) < 0);
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

	assert(cursor_compare(&from, &to) <= 0); /* a reader's place never goes back */
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
	assert(rows_count(rows) == 1);
	*got = row_bool(rows, 0, LOCK_RELAY_GOT);
	return ERR_OK;
}
