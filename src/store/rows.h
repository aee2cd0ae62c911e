#ifndef ROWLOCK_STORE_ROWS_H
#define ROWLOCK_STORE_ROWS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/ids.h"

/* The rows of one answer, in binary; freed with its talloc parent. */
struct rows;

struct pg_result; /* libpq's PGresult */

/* Takes an answer of libpq over; it is cleared with the rows. */
struct rows *rows_wrap(TALLOC_CTX *ctx, struct pg_result *result);

/* How many rows there are; of a statement that returns none, 0. */
int rows_count(const struct rows *rows);

/*
 * Reading a value.
 *
 * r	the row, from 0
 * c	the column, by its name in statements.def; of the type that the function is for
 *
 * Only the functions that say so take a null. Texts live as long as the rows.
 */
bool row_null(const struct rows *rows, int r, int c);
int32_t row_i32(const struct rows *rows, int r, int c); /* int2, int4 */
int64_t row_i64(const struct rows *rows, int r, int c); /* int8, xid8 */
double row_real(const struct rows *rows, int r, int c); /* float4 */
bool row_bool(const struct rows *rows, int r, int c);
int64_t row_us(const struct rows *rows, int r, int c); /* timestamptz; null: -1 */
struct uuid row_uuid(const struct rows *rows, int r, int c);
const char *row_text(const struct rows *rows, int r, int c); /* text, enum, name; null: NULL */
/* int4[]: *n elements on ctx; null or empty: n 0, and NULL. */
int32_t *row_ints(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, size_t *n);

/*
 * A place in arrays that were a statement's parameters: WITH ORDINALITY counts from 1, this from
 * 0. Less than n, the arrays' length.
 */
size_t row_place(const struct rows *rows, int r, int c, size_t n);

#endif
