/* The order in which seats are locked. */
#include "store/seat_key.h"

int
seat_key_compare(const void *a, const void *b)
{
	const struct seat_key *x = a, *y = b;

	if (x->event_id != y->event_id)
		return x->event_id < y->event_id ? -1 : 1;
	return (x->no > y->no) - (x->no < y->no);
}
