#ifndef ROWLOCK_BASE_SORT_H
#define ROWLOCK_BASE_SORT_H

#include <stddef.h>

/* Order two int32_t or two int64_t, the smaller first; for qsort and bsearch. */
int compare_i32(const void *a, const void *b);
int compare_i64(const void *a, const void *b);

/*
 * Sorts an array and drops repeated elements.
 *
 * base		n elements of size bytes each; NULL only with n 0
 * compare	as for qsort; of elements that it finds equal the first after sorting is kept
 *
 * Returns how many elements are left, at the front of base.
 */
size_t sort_distinct(void *base, size_t n, size_t size, int (*compare)(const void *, const void *));

#endif
