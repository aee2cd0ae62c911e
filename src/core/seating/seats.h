#ifndef ROWLOCK_CORE_SEATING_SEATS_H
#define ROWLOCK_CORE_SEATING_SEATS_H

/*
 * The seats of one event and which of them are available, as far as the caller has said: no input
 * or output, no clock, no rule about who may have which. seats_choose.h chooses from them.
 *
 * A seat fits a party when it is available, in a section and of the tier that the party wants,
 * and accessible exactly if the party asks for that.
 */

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

#define SEATS_MAX_PARTY 50
#define SEATS_ANY_TIER  (-1)

struct seats;

/* A seat as seat choice sees it. */
struct seat_spot {
	int32_t no;      /* 1, 2, 3 … in the order of R-14: section, row, column */
	int32_t section; /* from 1 */
	int32_t row;     /* from 1 within the section */
	int32_t col;     /* rising within the row; neighbours differ by 1 */
	int32_t tier;    /* from 0 */
	bool accessible;
	float x, y; /* plan coordinates, if the plan has them */
};

/* A party that wants seats, and which. */
struct party {
	int32_t quantity;     /* 1 to SEATS_MAX_PARTY */
	const bool *sections; /* whether each is wanted, by section number; NULL: any */
	int32_t tier;         /* or SEATS_ANY_TIER */
	bool accessible;
};

/*
 * The model of n seats, none of them available yet.
 *
 * ctx	parent of all that the model needs, which also grows at the first choice: when threads share
 *	the model under a mutex, NULL or a tree that the same mutex guards
 * spots	n of them, 1 or more, numbered from 1 in order; copied
 * has_coordinates	whether x and y say where the seats are
 *
 * Returns the model; it never fails.
 */
struct seats *seats_new(TALLOC_CTX *ctx, const struct seat_spot *spots, size_t n,
                        bool has_coordinates);

/* Says whether a seat (1 to n) is available: one that is held, taken or blocked is not. */
void seats_set(struct seats *s, int32_t no, bool available);

/* Whether a seat (1 to n) is available. */
bool seats_available(const struct seats *s, int32_t no);

/* How many seats fit the party, whatever its quantity; costs a look at each section and tier. */
size_t seats_count(const struct seats *s, const struct party *party);

#endif
