/* Places in the journal, as numbers and as text. */
#include "base/cursor.h"

#include <assert.h>
#include <stdio.h>

char *
cursor_text(const struct cursor *c, char out[CURSOR_TEXT])
{
	assert(c->seq >= 0);
	snprintf(out, CURSOR_TEXT, "%llu-%lld", (unsigned long long)c->xid, (long long)c->seq);
	return out;
}

/* Reads a whole number up to most, which ends in `end`; steps behind that. */
static bool
number(const char **p, char end, uint64_t most, uint64_t *out)
{
	const char *from = *p;

	*out = 0;
	for (; **p >= '0' && **p <= '9'; (*p)++) {
		const uint64_t digit = (uint64_t)(**p - '0');

		if (*out > (most - digit) / 10)
			return false;
		*out = *out * 10 + digit;
	}
	if (*p == from || (*from == '0' && *p - from > 1) || **p != end)
		return false;
	(*p)++;
	return true;
}

bool
cursor_parse(const char *text, struct cursor *out)
{
	uint64_t seq;

	assert(text != NULL);
	if (!number(&text, '-', INT64_MAX, &out->xid) || !number(&text, '\0', INT64_MAX, &seq))
		return false;
	out->seq = (int64_t)seq;
	return true;
}

int
cursor_compare(const struct cursor *a, const struct cursor *b)
{
	if (a->xid != b->xid)
		return a->xid < b->xid ? -1 : 1;
	return (a->seq > b->seq) - (a->seq < b->seq);
}
