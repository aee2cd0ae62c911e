/* Values written as PostgreSQL reads them in text form, alone and in array literals. */
#include "store/param.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"

#define ARRAY_ROOM 256 /* bytes, to begin with */
#define CLOSING    2   /* bytes: the brace and the end of the text */

const char *
param_int(TALLOC_CTX *ctx, int64_t n)
{
	return talloc_asprintf(ctx, "%lld", (long long)n);
}

const char *
param_uuid(TALLOC_CTX *ctx, const struct uuid *u)
{
	char text[UUID_TEXT];

	assert(u != NULL);
	return talloc_strdup(ctx, uuid_text(u, text));
}

const char *
param_bool(bool b)
{
	return b ? "t" : "f";
}

const char *
param_time(TALLOC_CTX *ctx, int64_t at_us)
{
	char text[CLOCK_TEXT];
	time_t s = (time_t)(at_us / US_PER_S);
	struct tm tm;

	if (at_us < 0)
		return NULL;
	gmtime_r(&s, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	return talloc_asprintf(ctx, "%s.%06uZ", text, (unsigned)(at_us % US_PER_S));
}

void
array_init(struct array *a, TALLOC_CTX *ctx)
{
	a->room = ARRAY_ROOM;
	a->used = 1; /* the brace */
	a->text = talloc_size(ctx, a->room);
	a->text[0] = '{';
}

/* Starts an element of at most n bytes, behind a comma unless it is the first. */
static char *
element(struct array *a, size_t n)
{
	assert(a->used >= 1 && a->used + CLOSING <= a->room);
	while (a->used + 1 + n + CLOSING > a->room) {
		a->room *= 2;
		a->text = talloc_realloc_size(NULL, a->text, a->room);
	}
	if (a->used > 1)
		a->text[a->used++] = ',';
	return a->text + a->used;
}

void
array_int(struct array *a, int64_t n)
{
	char *p = element(a, 24);

	a->used += (size_t)snprintf(p, 24, "%lld", (long long)n);
}

void
array_real(struct array *a, double d)
{
	char *p = element(a, 40);

	a->used += (size_t)snprintf(p, 40, "%.9g", d);
}

void
array_int_or_null(struct array *a, int64_t n)
{
	if (n == 0)
		array_text(a, NULL);
	else
		array_int(a, n);
}

void
array_uuid(struct array *a, const struct uuid *u)
{
	if (u == NULL) {
		array_text(a, NULL);
		return;
	}
	uuid_text(u, element(a, UUID_TEXT));
	a->used += UUID_TEXT - 1;
}

void
array_text(struct array *a, const char *s)
{
	char *p;

	if (s == NULL) {
		memcpy(element(a, 4), "NULL", 4);
		a->used += 4;
		return;
	}
	p = element(a, 2 * strlen(s) + 2);
	*p++ = '"';
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			*p++ = '\\';
		*p++ = *s;
	}
	*p++ = '"';
	a->used = (size_t)(p - a->text);
}

void
array_time(struct array *a, int64_t at_us)
{
	array_text(a, param_time(a->text, at_us));
}

const char *
array_done(struct array *a)
{
	assert(a->used >= 1 && a->used + CLOSING <= a->room);
	a->text[a->used] = '}';
	a->text[a->used + 1] = '\0';
	return a->text;
}

void
arrays_init(struct array *arrays, size_t n, TALLOC_CTX *ctx)
{
	assert(n > 0);
	for (size_t i = 0; i < n; i++)
		array_init(&arrays[i], ctx);
}

void
arrays_done(struct array *arrays, size_t n, const char **params)
{
	assert(n > 0);
	for (size_t i = 0; i < n; i++)
		params[i] = array_done(&arrays[i]);
}

const char *
param_ints(TALLOC_CTX *ctx, const int32_t *values, size_t n)
{
	struct array a;

	assert(values != NULL || n == 0);
	array_init(&a, ctx);
	for (size_t i = 0; i < n; i++)
		array_int(&a, values[i]);
	return array_done(&a);
}

const char *
param_bigints(TALLOC_CTX *ctx, const int64_t *values, size_t n)
{
	struct array a;

	assert(values != NULL || n == 0);
	array_init(&a, ctx);
	for (size_t i = 0; i < n; i++)
		array_int(&a, values[i]);
	return array_done(&a);
}

const char *
param_texts(TALLOC_CTX *ctx, const char *const *values, size_t n)
{
	struct array a;

	assert(values != NULL || n == 0);
	array_init(&a, ctx);
	for (size_t i = 0; i < n; i++)
		array_text(&a, values[i]);
	return array_done(&a);
}

struct id_params
param_ids(TALLOC_CTX *ctx, const struct uuid *ids, size_t n)
{
	struct array event, id;

	assert(ids != NULL || n == 0);
	array_init(&event, ctx);
	array_init(&id, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, uuid_event(&ids[i]));
		array_uuid(&id, &ids[i]);
	}
	return (struct id_params){ array_done(&event), array_done(&id) };
}
