#ifndef ROWLOCK_PARAM_H
#define ROWLOCK_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/ids.h"

/* Parameters of statements, as PostgreSQL reads them in text form. Everything hangs on ctx. */

const char *param_int(TALLOC_CTX *ctx, int64_t n);
const char *param_uuid(TALLOC_CTX *ctx, const struct uuid *u);
const char *param_bool(bool b);
/* An instant, in full precision; negative gives NULL (null). */
const char *param_time(TALLOC_CTX *ctx, int64_t at_us);

/* An array literal under construction: one-dimensional, in order. */
struct array {
	char *text;
	size_t used, room;
};

void array_init(struct array *a, TALLOC_CTX *ctx);
void array_int(struct array *a, int64_t n);
void array_real(struct array *a, double d);
void array_uuid(struct array *a, const struct uuid *u);
void array_text(struct array *a, const char *s); /* NULL: null */
/* The finished literal; the array takes nothing more. */
const char *array_done(struct array *a);

/* Bookings, or what else has its event in its id, as two arrays side by side. */
struct id_params {
	const char *events, *ids;
};
struct id_params param_ids(TALLOC_CTX *ctx, const struct uuid *ids, size_t n);

#endif
