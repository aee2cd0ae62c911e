#ifndef ROWLOCK_STORE_JOURNAL_ROWS_H
#define ROWLOCK_STORE_JOURNAL_ROWS_H

#include "store/db.h"
#include "store/param.h"

/* What a row says: the parameters of INSERT_JOURNAL. */
enum journal_column {
	JOURNAL_ROW_EVENT,
	JOURNAL_ROW_BOOKING,
	JOURNAL_ROW_USER,
	JOURNAL_ROW_TYPE,
	JOURNAL_ROW_CORRELATION,
	JOURNAL_ROW_PAYLOAD,
	JOURNAL_ROW__COLUMNS
};

/* Rows for the journal, collected until they are written with what they tell of. */
struct journal_rows {
	struct array columns[JOURNAL_ROW__COLUMNS];
	size_t n;
};

/* No rows yet; everything hangs on ctx. */
void journal_rows_init(struct journal_rows *rows, TALLOC_CTX *ctx);

/*
 * Adds a row; the texts are copied.
 *
 * booking_id	or NULL, as user_id and correlation_id
 * type		a name of core/journal/journal.def
 * payload	JSON
 */
void journal_rows_add(struct journal_rows *rows, int32_t event_id, const struct uuid *booking_id,
                      const char *user_id, const char *type, const char *correlation_id,
                      const char *payload);

/* The call that writes them, in the order in which they were added; nothing is added after it. */
struct call journal_rows_call(struct journal_rows *rows);

#endif
