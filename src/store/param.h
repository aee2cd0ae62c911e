#ifndef ROWLOCK_STORE_PARAM_H
#define ROWLOCK_STORE_PARAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/ids.h"

/* Parameters of statements, as PostgreSQL reads them in text form. Everything hangs on ctx. */

const char *param_int(TALLOC_CTX *ctx, int64_t n);
const char *param_uuid(TALLOC_CTX *ctx, const struct uuid *u);
const char *param_bool(bool b); /* a constant */
/* An instant, in full precision; negative gives NULL (null). */
const char *param_time(TALLOC_CTX *ctx, int64_t at_us);

/* n values as an array; n may be 0. */
const char *param_ints(TALLOC_CTX *ctx, const int32_t *values, size_t n);
const char *param_bigints(TALLOC_CTX *ctx, const int64_t *values, size_t n);
const char *param_texts(TALLOC_CTX *ctx, const char *const *values, size_t n);

/* An array literal under construction: one-dimensional, elements in the order of the calls. */
struct array {
	char *text;
	size_t used, room;
};

void array_init(struct array *a, TALLOC_CTX *ctx);
void array_int(struct array *a, int64_t n);
void array_int_or_null(struct array *a, int64_t n); /* 0: null */
void array_real(struct array *a, double d);
void array_uuid(struct array *a, const struct uuid *u); /* NULL: null */
void array_text(struct array *a, const char *s);        /* NULL: null */
void array_time(struct array *a, int64_t at_us);        /* negative: null */
/* The finished literal; the array takes nothing more. */
const char *array_done(struct array *a);

/*
 * What a statement takes of many rows: n arrays side by side, one for each of its columns (an
 * enum of the columns names their places).
 */
void arrays_init(struct array *arrays, size_t n, TALLOC_CTX *ctx);
/* Finishes them; params takes n parameters, in the arrays' order. */
void arrays_done(struct array *arrays, size_t n, const char **params);

/* Things whose event is in their id (uuid_of_event), as two arrays side by side. */
struct id_params {
	const char *events, *ids;
};
struct id_params param_ids(TALLOC_CTX *ctx, const struct uuid *ids, size_t n);

#endif
