/* Sorting numbers, and sorting anything without repeats. */
#include "base/sort.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int
compare_i32(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

int
compare_i64(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

size_t
sort_distinct(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	char *at = base;
	size_t kept = 1;

	assert(base != NULL || n == 0);
	assert(size > 0);
	if (n < 2)
		return n;
	qsort(base, n, size, compare);
	for (size_t i = 1; i < n; i++) {
		if (compare(at + (kept - 1) * size, at + i * size) != 0)
			memmove(at + kept++ * size, at + i * size, size);
	}
	return kept;
}
