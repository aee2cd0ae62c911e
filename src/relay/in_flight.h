#ifndef ROWLOCK_RELAY_IN_FLIGHT_H
#define ROWLOCK_RELAY_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/cursor.h"

/*
 * The rows that were sent to a sink and are not acknowledged, in the journal's order, and how many
 * messages of each are missing. Acknowledgements come in any order; a row is done when all of its
 * messages are acknowledged, and those of all rows before it. Used by one thread.
 */
struct in_flight;

/* Empty; room for `capacity` rows at once, 1 or more. */
struct in_flight *in_flight_new(TALLOC_CTX *ctx, size_t capacity);

/* How many rows are in it. */
size_t in_flight_count(const struct in_flight *f);

/* Whether there is no room for another one. */
bool in_flight_full(const struct in_flight *f);

/*
 * Adds a row, behind all that are in it; only while it is not full.
 *
 * at	the row's place, behind that of the row before
 * messages	how many acknowledgements it needs, 0 or more
 *
 * Returns the tag by which its messages are acknowledged.
 */
uint64_t in_flight_start(struct in_flight *f, struct cursor at, unsigned messages);

/* Counts one message of a row as acknowledged; a tag from before a reset is passed over. */
void in_flight_acknowledge(struct in_flight *f, uint64_t tag);

/*
 * Takes the rows that are done off the front.
 *
 * upto	set to the place of the last of them; left alone when there is none
 *
 * Returns how many there are.
 */
size_t in_flight_advance(struct in_flight *f, struct cursor *upto);

/* Takes all rows out: those that are not acknowledged never will be. */
void in_flight_reset(struct in_flight *f);

#endif
