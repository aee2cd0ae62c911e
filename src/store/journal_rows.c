/* Writing the journal: the one place that knows the columns of its rows. */
#include "store/journal_rows.h"

#include <assert.h>

void
journal_rows_init(struct journal_rows *rows, TALLOC_CTX *ctx)
{
	arrays_init(rows->columns, JOURNAL_ROW__COLUMNS, ctx);
	rows->n = 0;
}

void
journal_rows_add(struct journal_rows *rows, int32_t event_id, const struct uuid *booking_id,
                 const char *user_id, const char *type, const char *correlation_id,
                 const char *payload)
{
	assert(event_id > 0 && type != NULL && payload != NULL);
	array_int(&rows->columns[JOURNAL_ROW_EVENT], event_id);
	array_uuid(&rows->columns[JOURNAL_ROW_BOOKING], booking_id);
	array_text(&rows->columns[JOURNAL_ROW_USER], user_id);
	array_text(&rows->columns[JOURNAL_ROW_TYPE], type);
	array_text(&rows->columns[JOURNAL_ROW_CORRELATION], correlation_id);
	array_text(&rows->columns[JOURNAL_ROW_PAYLOAD], payload);
	rows->n++;
}

struct call
journal_rows_call(struct journal_rows *rows)
{
	struct call call = { .stmt = STMT_INSERT_JOURNAL };

	assert(rows->n > 0);
	arrays_done(rows->columns, JOURNAL_ROW__COLUMNS, call.param);
	return call;
}
