#ifndef ROWLOCK_BASE_JSON_WRITE_H
#define ROWLOCK_BASE_JSON_WRITE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/ids.h"

/*
 * Writes JSON (RFC 8259) as text, front to back; commas are put by the writer. A name is
 * NULL inside an array and at the top. Names must be plain ASCII without quotes; strings
 * must be UTF-8.
 */
struct jsonw {
	char *text;  /* grows; talloc'd under the ctx of jsonw_init; ends in NUL after jsonw_text */
	size_t used; /* bytes */
	size_t room; /* bytes */
	bool comma;  /* the next value needs one */
};

/* Begins a text on ctx; room: about how many bytes it will have. */
void jsonw_init(struct jsonw *w, TALLOC_CTX *ctx, size_t room);

/* An object or an array: '{' or '[', later '}' or ']'. */
void jsonw_open(struct jsonw *w, const char *name, char bracket);
void jsonw_close(struct jsonw *w, char bracket);

/* A string, UTF-8; NULL writes null. */
void jsonw_str(struct jsonw *w, const char *name, const char *s);

/* A whole number. */
void jsonw_int(struct jsonw *w, const char *name, int64_t n);

/* An array of n whole numbers; values may be NULL when n is 0. */
void jsonw_ints(struct jsonw *w, const char *name, const int32_t *values, size_t n);

/* A text that is a whole number below 2^53 in its only spelling as that number; else as text. */
void jsonw_digits(struct jsonw *w, const char *name, const char *s);

void jsonw_bool(struct jsonw *w, const char *name, bool b);
void jsonw_null(struct jsonw *w, const char *name);

/* A finite number in the shortest form that reads back the same. */
void jsonw_real(struct jsonw *w, const char *name, double d);

void jsonw_uuid(struct jsonw *w, const char *name, const struct uuid *u);

/* A member's name that may be any text; the value follows, written with name NULL. */
void jsonw_name(struct jsonw *w, const char *name);

/* An instant as text; negative writes null. */
void jsonw_time(struct jsonw *w, const char *name, int64_t at_us);

/* JSON that is known to be valid, as it is; NULL writes null. */
void jsonw_raw(struct jsonw *w, const char *name, const char *json);

/* The finished text, with an end; it stays on the ctx of jsonw_init. */
char *jsonw_text(struct jsonw *w);

#endif
