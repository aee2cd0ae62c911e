/* Reads what the journal says of one booking, from the live tables or the archive. */
#include "core/booking/booking_history.h"

#include <assert.h>

#include "store/param.h"
#include "store/transact.h"

enum err
booking_history_read(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *booking_id,
                     struct history *out)
{
	const char *event = param_int(ctx, uuid_event(booking_id)),
		   *id = param_uuid(ctx, booking_id);
	const struct call live[] = { { STMT_BOOKING_OWNERS, { event, id } },
		                     { STMT_BOOKING_HISTORY, { id } } };
	const struct call archived[] = { { STMT_ARCHIVED_OWNERS, { event, id } },
		                         { STMT_ARCHIVED_HISTORY, { id } } };
	struct rows *rows[2];
	enum err e;

	assert(booking_id != NULL);
	e = transact_read(pool, ctx, live, 2, rows);
	if (e == ERR_OK && rows_count(rows[0]) == 0)
		e = transact_read(pool, ctx, archived, 2, rows);
	if (e != ERR_OK)
		return e;
	if (rows_count(rows[0]) == 0)
		return ERR_BOOKING_NOT_FOUND;
	out->user_id = row_text(rows[0], 0, READ_OWNERS_USER);
	out->seller = row_text(rows[0], 0, READ_OWNERS_SELLER);
	out->n = (size_t)rows_count(rows[1]);
	out->rows = talloc_array(ctx, struct history_row, (unsigned)out->n);
	for (int r = 0; r < (int)out->n; r++)
		out->rows[r] = (struct history_row){
			.seq = row_i64(rows[1], r, READ_HISTORY_SEQ),
			.type = row_text(rows[1], r, READ_HISTORY_TYPE),
			.at_us = row_us(rows[1], r, READ_HISTORY_AT),
			.correlation_id = row_text(rows[1], r, READ_HISTORY_CORRELATION),
			.payload = row_text(rows[1], r, READ_HISTORY_PAYLOAD)
		};
	return ERR_OK;
}
