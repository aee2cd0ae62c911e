/* The log: one logfmt line for each call, in one write(2), so that lines of threads never mix. */
#include "base/log.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"

#define LINE_MAX_BYTES 4096

static const char *const level_names[LOG__MAX] = { "error", "warn", "info", "debug" };
static enum log_level threshold = LOG_INFO; /* set once, before threads */

/* A line under construction; what does not fit is cut. */
struct line {
	char text[LINE_MAX_BYTES];
	size_t used;
};

int
log_set_level(const char *name)
{
	assert(name != NULL);
	for (int i = 0; i < LOG__MAX; i++) {
		if (strcmp(name, level_names[i]) == 0) {
			threshold = (enum log_level)i;
			return 0;
		}
	}
	return -1;
}

const char *
log_int(int64_t n)
{
	static _Thread_local char ring[8][24];
	static _Thread_local unsigned at;
	char *out = ring[at++ % 8];

	snprintf(out, sizeof(ring[0]), "%lld", (long long)n);
	return out;
}

static void
put_char(struct line *l, char c)
{
	if (l->used < sizeof(l->text) - 1)
		l->text[l->used++] = c;
}

static void
put_text(struct line *l, const char *s)
{
	while (*s != '\0')
		put_char(l, *s++);
}

/* Whether a value needs no quotes. */
static int
is_bare(const char *s)
{
	if (*s == '\0')
		return 0;
	for (; *s != '\0'; s++) {
		if (*s <= ' ' || *s == '"' || *s == '=' || *s == '\\' || *s == 0x7f)
			return 0;
	}
	return 1;
}

/* A value, quoted where it must be: no text can end its line or pass for another pair. */
static void
put_value(struct line *l, const char *s)
{
	static const char hex[] = "0123456789abcdef";

	if (is_bare(s)) {
		put_text(l, s);
		return;
	}
	put_char(l, '"');
	for (; *s != '\0'; s++) {
		unsigned char c = (unsigned char)*s;

		if (c < ' ' || c == 0x7f) {
			put_text(l, "\\x");
			put_char(l, hex[c >> 4]);
			put_char(l, hex[c & 15]);
			continue;
		}
		if (c == '"' || c == '\\')
			put_char(l, '\\');
		put_char(l, (char)c);
	}
	put_char(l, '"');
}

void
log_line(enum log_level level, const char *msg, ...)
{
	struct line l = { .used = 0 };
	char now[CLOCK_TEXT];
	const char *name, *value;
	va_list ap;

	assert(level < LOG__MAX && msg != NULL);
	if (level > threshold)
		return;
	put_text(&l, "ts=");
	put_text(&l, clock_text(clock_now_us(), now));
	put_text(&l, " level=");
	put_text(&l, level_names[level]);
	put_text(&l, " msg=");
	put_value(&l, msg);
	va_start(ap, msg);
	while ((name = va_arg(ap, const char *)) != NULL) {
		value = va_arg(ap, const char *);
		if (value == NULL)
			continue;
		put_char(&l, ' ');
		put_text(&l, name);
		put_char(&l, '=');
		put_value(&l, value);
	}
	va_end(ap);
	l.text[l.used++] = '\n';
	if (write(STDERR_FILENO, l.text, l.used) < 0)
		return; /* there is no other place to say so */
}
