#ifndef ROWLOCK_CORE_INVENTORY_INVENTORY_LAYOUT_H
#define ROWLOCK_CORE_INVENTORY_INVENTORY_LAYOUT_H

#include "core/inventory/inventory.h"

/*
 * Looking things up in the layout of an open inventory: sections, seats by their position, prices.
 * The layout never changes, so any thread may, without a lock.
 */

/* A section of an event. */
struct inventory_section {
	int32_t no, subsection, rows, cols;
	int32_t price_minor; /* -1: its seats differ */
	const char *name;
	bool numbered; /* a row has a label that begins with a digit */
};

/* Which seats are wished for; NULL, 0, false: does not matter. */
struct wish {
	int32_t quantity;
	const char *section;
	int32_t subsection;
	const char *tier;
	bool accessible;
};

/*
 * Makes of a wish what seat choice takes; out's arrays hang on ctx.
 *
 * only_section	set: the one section that is meant, or NULL; lives as long as the inventory is open
 * field	set on VALIDATION_ERROR: section, subsection or tier, which no seat of the event has
 */
enum err inventory_resolve(const struct inventory *inventory, TALLOC_CTX *ctx,
                           const struct wish *wish, struct party *out,
                           const struct inventory_section **only_section,
                           const char **field) MUST_CHECK;

/*
 * The seat of a section at a position "row-seat": as printed ("C-12"), or else with the row's
 * number for its label ("3-12"), unless the section's rows are numbered in print. 0 when there is
 * none, or more than one.
 */
int32_t inventory_seat(const struct inventory *inventory, const struct inventory_section *section,
                       const char *position);

/* A seat's price, in minor units; the cheapest seat's that a party may get, 0 if there is none. */
int32_t inventory_price(const struct inventory *inventory, int32_t no);
int32_t inventory_price_least(const struct inventory *inventory, const struct party *party);

#endif
