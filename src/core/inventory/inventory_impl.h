#ifndef ROWLOCK_CORE_INVENTORY_INVENTORY_IMPL_H
#define ROWLOCK_CORE_INVENTORY_INVENTORY_IMPL_H

/* What the files of the inventory share. Private to this room. */

#include <pthread.h>

#include "core/inventory/inventory_layout.h"
#include "core/inventory/inventory_state.h"

struct inventory {
	struct inventory_cache *cache;
	int32_t event_id;
	bool reading; /* a thread reads its layout; guarded by the cache's mutex, as the next two */
	int pins;
	int64_t used_us;
	/* The layout: written once, before any other thread sees it. */
	struct inventory_section *sections; /* by number, from 1 without holes */
	size_t n_sections;
	const char **tiers;
	size_t n_tiers;
	size_t n_seats;            /* numbered from 1 without holes */
	struct layout_seat *seats; /* by number, from 1 */
	char *text;                /* what the positions point into */
	int32_t *by_position;      /* seat numbers, by section and position */
	pthread_mutex_t mutex;     /* guards state */
	struct inventory_state state;
};

/*
 * Reads the layout of an inventory whose event_id is set, with nothing known of its seats.
 *
 * pool	a connection of it is used
 *
 * Errors: EVENT_NOT_FOUND, EVENT_NOT_ON_SALE (its seats are on their way to the archive); as of
 * transact_read. What was read so far stays on the inventory.
 */
enum err inventory_layout_read(struct inventory *inventory, struct pool *pool) MUST_CHECK;

#endif
