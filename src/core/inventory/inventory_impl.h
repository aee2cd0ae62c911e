#ifndef ROWLOCK_CORE_INVENTORY_INVENTORY_IMPL_H
#define ROWLOCK_CORE_INVENTORY_INVENTORY_IMPL_H

#include <pthread.h>

#include "core/inventory/inventory.h"

/* What house.c and house_layout.c share. */

/* What keeps a seat from being chosen that may be free. */
enum claim {
	CLAIM_NONE,
	CLAIM_PROMISED, /* to a batch under way */
	CLAIM_LOST,     /* somebody else got there first: it is his for the time being */
};

struct inventory {
	struct inventory_cache *all;
	int32_t event_id;
	bool reading; /* a thread reads its layout; guarded by all->mutex, as the next two */
	int pins;
	int64_t used_us;
	/* The layout: as it is for ever. */
	struct inventory_section *sections; /* by number, from 1 without holes */
	size_t n_sections;
	const char **tiers;
	size_t n_tiers;
	size_t n_seats; /* numbered from 1 without holes */
	struct inventory_seat {
		int32_t price_minor;
		int32_t position; /* "row-seat" in `text` … */
		int32_t label;    /* … and "seat" */
		int32_t row;
		int32_t tier;
		int16_t section;
		bool accessible;
	} * facts;
	char *text;
	int32_t *by_position; /* seat numbers, by section and position */
	/* What is known of the seats; guarded by mutex. */
	pthread_mutex_t mutex;
	struct seats *seats;
	uint8_t *claim; /* enum claim */
	size_t n_promised, n_lost;
	uint32_t *noted; /* how many readings had begun when this process took it */
	uint32_t begun;  /* readings that have begun … */
	uint32_t known;  /* … and the newest that was taken over; 0: none */
	uint64_t own;    /* changes by this process so far … */
	uint64_t others; /* … and by others as of that reading: shared_event_version - own */
	int64_t read_us, cost_us, lapse_us; /* monotonic: begun, how long; next lapse, or -1 */
};

/*
 * Reads the layout of a house whose event_id is set, with nothing known of its seats.
 * Errors: EVENT_NOT_FOUND, UNAVAILABLE.
 */
enum err inventory_read_layout(struct inventory *h, struct pool *pool) MUST_CHECK;

/* Whether a seat is one that a party wants. any_access: whatever it wants in that respect */
bool inventory_fits(const struct inventory_seat *seat, const struct party *party, bool any_access);

#endif
