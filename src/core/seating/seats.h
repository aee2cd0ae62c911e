#ifndef ROWLOCK_CORE_SEATING_SEATS_H
#define ROWLOCK_CORE_SEATING_SEATS_H

/*
 * Choosing the best available seats of one house. No input or output, no clock: the
 * same house and the same party give the same seats. In the order of preference:
 *
 * 1. A block, which is adjacent seats of one row (a hole in `col`, an aisle, parts the row),
 *    that leaves no single: no lone available seat beside it.
 * 2. A block that leaves a single. Rather one at an aisle, at the end of the row, or beside a
 *    seat that only other parties are given (accessible or not), which merely sells badly;
 *    last one between seats that are not available, an orphan.
 * 3. The fewest pieces, nobody in a piece alone if that can be helped, and of those the pieces
 *    that lie closest together: see seats_pieces.c.
 *
 * Of several blocks the nearest is taken (seats_measure in seats_inner.h says what that is),
 * then the one of the lowest number. All this goes for a party of one as well: it fills a
 * single, or sits where it makes none.
 *
 * A seat fits a party when it is available, in a section and of the tier that the party wants,
 * and accessible exactly if the party asks for that. Other seats are never chosen.
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

/* Who wants seats, and which. */
struct party {
	int32_t quantity;     /* 1 to SEATS_MAX_PARTY */
	const bool *sections; /* whether each is wanted, by section number; NULL: any */
	int32_t tier;         /* or SEATS_ANY_TIER */
	bool accessible;
};

/*
 * A house of n > 0 seats, none of them available yet. The spots are copied. It keeps all it
 * needs on itself, so when threads share it under a mutex ctx must be NULL or a tree that
 * the same mutex guards.
 */
struct seats *seats_new(TALLOC_CTX *ctx, const struct seat_spot *spots, size_t n,
                        bool has_coordinates);

/* Says whether anybody may have a seat; one that is held, taken or blocked is not available. */
void seats_set(struct seats *s, int32_t no, bool available);

bool seats_available(const struct seats *s, int32_t no);

/* How many seats fit the party, whatever its quantity. Looks at sections, not at seats. */
size_t seats_count(const struct seats *s, const struct party *party);

/*
 * Chooses seats for a party, and leaves them available: the caller says what becomes of them.
 *
 * out	party->quantity seat numbers, ascending; set on ERR_OK
 *
 * Errors: NOT_ENOUGH_SEATS, if and only if seats_count is less than the quantity.
 */
enum err seats_choose(struct seats *s, const struct party *party, int32_t *out) MUST_CHECK;

#endif
