#ifndef ROWLOCK_BASE_CURSOR_H
#define ROWLOCK_BASE_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

/*
 * A place in the journal: everything up to and with the row that has this xid and seq. Rows are
 * read in this order, and only below the snapshot horizon (HACKING.md, Words).
 */
struct cursor {
	uint64_t xid;
	int64_t seq; /* 0: before all rows of xid */
};

#define CURSOR_TEXT 42 /* room for cursor_text, with its end */

/* Writes "<xid>-<seq>", both decimal; returns out. */
char *cursor_text(const struct cursor *c, char out[CURSOR_TEXT]);

/* Reads what cursor_text writes; false for anything else, leading zeros and signs included. */
bool cursor_parse(const char *text, struct cursor *out);

/* Below 0, 0 or above 0, as a is before, at or behind b. */
int cursor_compare(const struct cursor *a, const struct cursor *b);

#endif
