#ifndef ROWLOCK_STORE_SEAT_KEY_H
#define ROWLOCK_STORE_SEAT_KEY_H

#include <stdint.h>

/* Which seat. */
struct seat_key {
	int32_t event_id, no;
};

/*
 * Orders by (event, no): every transaction locks and updates its seats in this order.
 * For qsort and bsearch, also of structs that begin with a seat_key.
 */
int seat_key_compare(const void *a, const void *b);

#endif
