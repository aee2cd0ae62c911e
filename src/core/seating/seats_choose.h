#ifndef ROWLOCK_CORE_SEATING_SEATS_CHOOSE_H
#define ROWLOCK_CORE_SEATING_SEATS_CHOOSE_H

/*
 * Choosing the best available seats of one event. The same seats and the same party give
 * the same choice. In the order of preference:
 *
 * 1. A block, which is adjacent seats of one row (a hole in `col`, an aisle, parts the row),
 *    that leaves no single: no lone available seat beside it.
 * 2. A block that leaves a single. Rather one at an aisle, at the end of the row, or beside a
 *    seat that only other parties are given (accessible or not), which merely sells badly;
 *    last one between seats that are not available, an orphan.
 * 3. The fewest pieces, none of a single seat if possible, and of those the pieces that lie
 *    closest together: see seats_pieces.c.
 *
 * Of several blocks the nearest is taken (seats_measure in seats_impl.h says what that is),
 * then the one of the lowest number. All this goes for a party of one as well: it fills a
 * single, or sits where it makes none. Seats that do not fit the party (seats.h) are never chosen.
 */

#include "core/seating/seats.h"

/*
 * Chooses seats for a party, and leaves them available: the caller says what becomes of them.
 *
 * s	changes only in what it remembers for the next choice
 * party	1 to SEATS_MAX_PARTY seats
 * out	party->quantity seat numbers, ascending; set on ERR_OK
 *
 * Errors: NOT_ENOUGH_SEATS, if and only if seats_count is less than the quantity.
 */
enum err seats_choose(struct seats *s, const struct party *party, int32_t *out) MUST_CHECK;

#endif
