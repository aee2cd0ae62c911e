/* JSON as text, front to back; faster than building a tree, and each member in its order. */
#include "base/json_write.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"

void
jsonw_init(struct jsonw *w, TALLOC_CTX *ctx, size_t room)
{
	assert(w != NULL);
	w->room = room < 64 ? 64 : room;
	w->text = talloc_size(ctx, w->room);
	if (w->text == NULL)
		abort();
	w->used = 0;
	w->comma = false;
}

/* Makes room for n more bytes and the end; doubled, so that what is written is copied seldom. */
static void
need(struct jsonw *w, size_t n)
{
	if (w->used + n + 1 <= w->room)
		return;
	while (w->used + n + 1 > w->room)
		w->room *= 2;
	w->text = talloc_realloc_size(NULL, w->text, w->room);
	if (w->text == NULL)
		abort();
}

static void
put(struct jsonw *w, const char *s, size_t n)
{
	need(w, n);
	memcpy(w->text + w->used, s, n);
	w->used += n;
}

/* What stands before any value: a comma, and its name. */
static void
put_lead(struct jsonw *w, const char *name)
{
	if (w->comma)
		put(w, ",", 1);
	w->comma = true;
	if (name != NULL) {
		put(w, "\"", 1);
		put(w, name, strlen(name));
		put(w, "\":", 2);
	}
}

void
jsonw_open(struct jsonw *w, const char *name, char bracket)
{
	assert(bracket == '{' || bracket == '[');
	put_lead(w, name);
	put(w, &bracket, 1);
	w->comma = false;
}

void
jsonw_close(struct jsonw *w, char bracket)
{
	assert(bracket == '}' || bracket == ']');
	put(w, &bracket, 1);
	w->comma = true;
}

/* A string between its quotes: bytes that need no escape are copied together. */
static void
put_escaped(struct jsonw *w, const char *s)
{
	const char *plain = s;

	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;
		char esc[8];

		if (c >= ' ' && c != '"' && c != '\\')
			continue;
		put(w, plain, (size_t)(s - plain));
		plain = s + 1;
		if (c == '"' || c == '\\')
			snprintf(esc, sizeof(esc), "\\%c", c);
		else if (c == '\n')
			snprintf(esc, sizeof(esc), "\\n");
		else
			snprintf(esc, sizeof(esc), "\\u%04x", c);
		put(w, esc, strlen(esc));
	}
	put(w, plain, (size_t)(s - plain));
}

void
jsonw_str(struct jsonw *w, const char *name, const char *s)
{
	if (s == NULL) {
		jsonw_null(w, name);
		return;
	}
	put_lead(w, name);
	put(w, "\"", 1);
	put_escaped(w, s);
	put(w, "\"", 1);
}

void
jsonw_name(struct jsonw *w, const char *name)
{
	jsonw_str(w, NULL, name);
	put(w, ":", 1);
	w->comma = false;
}

void
jsonw_int(struct jsonw *w, const char *name, int64_t n)
{
	char digits[24], *p = digits + sizeof(digits);
	uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;

	put_lead(w, name);
	do {
		*--p = (char)('0' + left % 10);
		left /= 10;
	} while (left > 0);
	if (n < 0)
		*--p = '-';
	put(w, p, (size_t)(digits + sizeof(digits) - p));
}

void
jsonw_ints(struct jsonw *w, const char *name, const int32_t *values, size_t n)
{
	assert(values != NULL || n == 0);
	jsonw_open(w, name, '[');
	for (size_t i = 0; i < n; i++)
		jsonw_int(w, NULL, values[i]);
	jsonw_close(w, ']');
}

void
jsonw_bool(struct jsonw *w, const char *name, bool b)
{
	jsonw_raw(w, name, b ? "true" : "false");
}

void
jsonw_null(struct jsonw *w, const char *name)
{
	jsonw_raw(w, name, NULL);
}

void
jsonw_real(struct jsonw *w, const char *name, double d)
{
	char text[40];

	assert(isfinite(d)); /* JSON has no other numbers */
	for (int digits = 6; digits <= 17; digits++) {
		snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d) /* exactly: the shortest text that reads back */
			break;
	}
	jsonw_raw(w, name, text);
}

void
jsonw_uuid(struct jsonw *w, const char *name, const struct uuid *u)
{
	char text[UUID_TEXT];

	jsonw_str(w, name, uuid_text(u, text));
}

void
jsonw_time(struct jsonw *w, const char *name, int64_t at_us)
{
	char text[CLOCK_TEXT];

	jsonw_str(w, name, at_us < 0 ? NULL : clock_text(at_us, text));
}

void
jsonw_raw(struct jsonw *w, const char *name, const char *json)
{
	if (json == NULL)
		json = "null";
	put_lead(w, name);
	put(w, json, strlen(json));
}

char *
jsonw_text(struct jsonw *w)
{
	assert(w->text != NULL && w->used < w->room);
	w->text[w->used] = '\0'; /* need() leaves room for it */
	return w->text;
}

void
jsonw_digits(struct jsonw *w, const char *name, const char *s)
{
	const size_t n = s == NULL ? 0 : strlen(s);
	const bool digits = n > 0 && n <= 16 && strspn(s, "0123456789") == n &&
	                    (*s != '0' || n == 1);

	if (digits && strtoll(s, NULL, 10) <= INT64_C(9007199254740991))
		jsonw_raw(w, name, s);
	else
		jsonw_str(w, name, s);
}
