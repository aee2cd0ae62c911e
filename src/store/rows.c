/* The rows of an answer, read out of libpq's binary form; what a column holds, the caller knows. */
#include "store/rows.h"

#include <assert.h>
#include <endian.h>
#include <libpq-fe.h>
#include <string.h>

#define PG_EPOCH_US INT64_C(946684800000000) /* 2000-01-01, where timestamptz counts from */

struct rows {
	PGresult *result;
	int n, columns;
};

static int
rows_free(struct rows *rows)
{
	PQclear(rows->result);
	return 0;
}

struct rows *
rows_wrap(TALLOC_CTX *ctx, PGresult *result)
{
	struct rows *rows = talloc(ctx, struct rows);

	assert(result != NULL);
	rows->result = result;
	rows->n = PQntuples(result);
	rows->columns = PQnfields(result);
	talloc_set_destructor(rows, rows_free);
	return rows;
}

int
rows_count(const struct rows *rows)
{
	assert(rows != NULL);
	return rows->n;
}

/* Whether there is such a row and column: libpq only complains on stderr. */
static bool
is_within(const struct rows *rows, int r, int c)
{
	return r >= 0 && r < rows->n && c >= 0 && c < rows->columns;
}

bool
row_null(const struct rows *rows, int r, int c)
{
	assert(is_within(rows, r, c));
	return PQgetisnull(rows->result, r, c);
}

/* The bytes of a value that must have n of them: a null has none. */
static const char *
bytes(const struct rows *rows, int r, int c, int n)
{
	assert(is_within(rows, r, c));
	assert(PQgetlength(rows->result, r, c) == n);
	return PQgetvalue(rows->result, r, c);
}

static uint32_t
be32(const char *p)
{
	uint32_t v;

	memcpy(&v, p, sizeof(v));
	return be32toh(v);
}

static uint64_t
be64(const char *p)
{
	uint64_t v;

	memcpy(&v, p, sizeof(v));
	return be64toh(v);
}

int32_t
row_i32(const struct rows *rows, int r, int c)
{
	if (PQgetlength(rows->result, r, c) == 2) {
		const unsigned char *p = (const unsigned char *)bytes(rows, r, c, 2);

		return (int16_t)(p[0] << 8 | p[1]);
	}
	return (int32_t)be32(bytes(rows, r, c, 4));
}

int64_t
row_i64(const struct rows *rows, int r, int c)
{
	return (int64_t)be64(bytes(rows, r, c, 8));
}

size_t
row_place(const struct rows *rows, int r, int c, size_t n)
{
	const int64_t place = row_i64(rows, r, c);

	assert(place >= 1 && (size_t)place <= n);
	return (size_t)place - 1;
}

double
row_real(const struct rows *rows, int r, int c)
{
	uint32_t v = be32(bytes(rows, r, c, 4));
	float f;

	memcpy(&f, &v, sizeof(f));
	return (double)f;
}

bool
row_bool(const struct rows *rows, int r, int c)
{
	return *bytes(rows, r, c, 1) != 0;
}

int64_t
row_us(const struct rows *rows, int r, int c)
{
	return row_null(rows, r, c) ? -1 : row_i64(rows, r, c) + PG_EPOCH_US;
}

struct uuid
row_uuid(const struct rows *rows, int r, int c)
{
	struct uuid u;

	memcpy(u.b, bytes(rows, r, c, 16), 16);
	return u;
}

const char *
row_text(const struct rows *rows, int r, int c)
{
	return row_null(rows, r, c) ? NULL : PQgetvalue(rows->result, r, c);
}

/*
 * Binary arrays (array_send in PostgreSQL's arrayfuncs.c): number of dimensions, flags, type, then
 * size and lower bound, then length and value of each element. One dimension, and no nulls.
 */
int32_t *
row_ints(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, size_t *n)
{
	const char *p;
	int32_t *out;

	*n = 0;
	if (row_null(rows, r, c))
		return NULL;
	p = PQgetvalue(rows->result, r, c);
	assert(PQgetlength(rows->result, r, c) >= 12);
	if (be32(p) == 0)
		return NULL;
	assert(be32(p) == 1 && be32(p + 4) == 0);
	*n = be32(p + 12);
	assert((size_t)PQgetlength(rows->result, r, c) == 20 + *n * 8);
	out = talloc_array(ctx, int32_t, (unsigned)*n);
	for (size_t i = 0; i < *n; i++)
		out[i] = (int32_t)be32(p + 24 + i * 8);
	return out;
}
