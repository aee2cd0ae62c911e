#ifndef ROWLOCK_CORE_INVENTORY_INVENTORY_STATE_H
#define ROWLOCK_CORE_INVENTORY_INVENTORY_STATE_H

#include "core/inventory/inventory.h"

/*
 * What is known of an event's seats: which are free, which are promised to batches under way, and
 * how old that knowledge is. Pure: no database, no clock, no lock; the caller holds the
 * inventory's mutex, and says what time it is and what was read.
 */

/* What never changes of a seat. */
struct layout_seat {
	int32_t price_minor;
	int32_t position; /* "row-seat" in the layout's text … */
	int32_t label;    /* … and "seat" */
	int32_t row;
	int32_t tier;
	int16_t section;
	bool accessible;
};

/* What keeps a seat from being chosen that may be free. */
enum seat_claim {
	CLAIM_NONE,
	CLAIM_PROMISED, /* to a batch under way */
	CLAIM_LOST, /* taken by others first, or so a lock said: left alone for the time being */
};

struct inventory_state {
	struct seats *seats;
	size_t n;
	uint8_t *claim; /* enum seat_claim, by seat */
	size_t n_promised, n_lost;
	/* By seat: how many readings had begun when this process took or lost it. */
	uint32_t *noted;
	uint32_t begun;  /* readings that have begun … */
	uint32_t known;  /* … and the newest that was taken over; 0: none */
	uint64_t own;    /* changes by this process so far … */
	uint64_t others; /* … and by others as of that reading: shared_event_version - own */
	int64_t read_us, cost_us, lapse_us; /* monotonic: begun, how long; next lapse, or -1 */
};

/* A reading of the seats that are not free, on its way. */
struct seat_reading {
	uint32_t no;
	uint64_t others;
	int64_t began_us;
};

/*
 * Makes the state of n seats of which nothing is known.
 *
 * ctx	owns what it needs: guarded by the same mutex as the state
 * seats	the model, none available; hangs on ctx, too
 */
void inventory_state_init(struct inventory_state *state, TALLOC_CTX *ctx, struct seats *seats,
                          size_t n);

/*
 * Whether the seats must be read before the state is used.
 *
 * want, party, since_us	as of inventory_refresh
 * version	shared_event_version of the event, by now
 * now_us	clock_mono_us, by now
 */
bool inventory_state_must_read(const struct inventory_state *state, enum inventory_want want,
                               const struct party *party, int64_t since_us, uint64_t version,
                               int64_t now_us);

/* Notes that a reading begins; version and now_us as above. */
void inventory_state_begin(struct inventory_state *state, uint64_t version, int64_t now_us,
                           struct seat_reading *out);

/*
 * Takes a reading over, except for what this process knows better: seats that are promised, or
 * were taken or lost since the reading began. One that began before the newest is dropped.
 *
 * taken	n numbers of the seats that were not free, in any order
 * lapses_us	how long after the reading began the first of them lapses; -1: none does
 * now_us	clock_mono_us, by now
 */
void inventory_state_merge(struct inventory_state *state, const struct seat_reading *reading,
                           const int32_t *taken, size_t n, int64_t lapses_us, int64_t now_us);

/* As of inventory_has_room; seats is the layout, state->n of them. */
bool inventory_state_has_room(const struct inventory_state *state, const struct layout_seat *seats,
                              const struct party *party, bool any_access);

/* As of inventory_choose. */
enum err inventory_state_choose(struct inventory_state *state, const struct party *party,
                                int32_t *out) MUST_CHECK;

/* As of inventory_settle. */
void inventory_state_settle(struct inventory_state *state, const int32_t *seats, size_t n,
                            bool booked, const int32_t *lost, size_t n_lost, bool stays);

/* Notes that n seats were taken by a booking of this process: one change of the event. */
void inventory_state_note_taken(struct inventory_state *state, const int32_t *seats, size_t n);

/* Whether a seat is one that a party wants. any_access: whatever it wants in that respect. */
bool inventory_state_fits(const struct layout_seat *seat, const struct party *party,
                          bool any_access);

#endif
