#ifndef ROWLOCK_RELAY_IN_FLIGHT_H
#define ROWLOCK_RELAY_IN_FLIGHT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "store/journal_feed.h"

/*
 * The rows that are on their way to a sink, in their order, and how many messages of each are
 * not acknowledged yet. Acknowledgements come in any order; a row has landed when it and all
 * rows before it have all of theirs.
 */
struct in_flight;

/* room	rows on their way at once */
struct in_flight *in_flight_new(TALLOC_CTX *ctx, size_t room);

/* How many rows are on their way, and whether there is room for no more. */
size_t in_flight_count(const struct in_flight *f);
bool in_flight_full(const struct in_flight *f);

/* Sets a row off; returns the tag for its acknowledgements. Only when not full. */
uint64_t in_flight_start(struct in_flight *f, struct cursor at, unsigned messages);

/* One message of a row is acknowledged. Those of rows that were forgotten are passed over. */
void in_flight_acknowledge(struct in_flight *f, uint64_t tag);

/*
 * Takes the rows that have landed off the front.
 *
 * upto	set to the last of them; left alone when there is none
 *
 * Returns how many.
 */
size_t in_flight_advance(struct in_flight *f, struct cursor *upto);

/* Forgets all rows that are on their way. */
void in_flight_reset(struct in_flight *f);

#endif
