#ifndef ROWLOCK_CORE_INVENTORY_INVENTORY_H
#define ROWLOCK_CORE_INVENTORY_INVENTORY_H

#include "core/seating/seats.h"
#include "store/pool.h"

/*
 * The houses of a process: for each event in demand its seats, and which of them are free as
 * far as this process knows. Best seats are chosen here without asking the
 * database; the clerk then locks just those, and hears whether it was right. A house is read
 * again when its event changed elsewhere on this host, when a window in it runs out, and once
 * in a while for changes made on other hosts.
 */
struct inventory_cache;
struct inventory;

/* A section as it is asked for by name. */
struct inventory_section {
	int32_t no, subsection, rows, cols;
	int32_t price_minor; /* -1: its seats differ */
	const char *name;
	bool numbered; /* a row has a label that begins with a digit */
};

/* What somebody wants of a house; NULL, 0, false: does not matter. */
struct wish {
	int32_t quantity;
	const char *section;
	int32_t subsection;
	const char *tier;
	bool accessible;
};

/* pool	for reading houses when they are first wanted; room: seats that are kept in memory */
struct inventory_cache *inventory_cache_new(TALLOC_CTX *ctx, struct pool *pool, size_t room);

/*
 * Finds an event's house, or reads it, and pins it. It must be closed. Any thread.
 * Errors: EVENT_NOT_FOUND, UNAVAILABLE.
 */
enum err inventory_open(struct inventory_cache *houses, int32_t event_id,
                        struct inventory **out) MUST_CHECK;

/* Lets go of a house; NULL is ignored. */
void inventory_close(struct inventory *house);

/*
 * Notes that seats of an event were taken by a booking of this process, and tells everybody
 * on this host that the event changed (shared_event_changed).
 */
void inventory_note_taken(struct inventory_cache *houses, int32_t event_id, const int32_t *seats,
                          size_t n);

/*
 * Makes of a wish what seat choice takes; out's arrays hang on ctx.
 *
 * place	the one section that is meant, or NULL; lives as long as the house
 * field	on VALIDATION_ERROR: section, subsection or tier, which no seat of the event has
 */
enum err inventory_resolve(const struct inventory *house, TALLOC_CTX *ctx, const struct wish *wish,
                           struct party *out, const struct inventory_section **place,
                           const char **field) MUST_CHECK;

/*
 * The seat of a section at a position "row-seat": as printed ("C-12"), or else with the row's
 * number for its label ("3-12"), unless the section's rows are numbered in print. 0 when there is none,
 * or more than one.
 */
int32_t inventory_seat(const struct inventory *house, const struct inventory_section *place,
                       const char *position);

/* A seat's price, in minor units; the cheapest seat's of a party's wishes. */
int32_t inventory_price(const struct inventory *house, int32_t no);
int32_t inventory_price_least(const struct inventory *house, const struct party *party);

/*
 * Brings a house up to date if it has to be, by one round trip on a connection, in or
 * outside of a transaction.
 *
 * want	what it is needed for
 * party	whose wishes count, for INVENTORY_COUNT; else NULL
 * since_us	for INVENTORY_LAST_WORD: a reading after this moment (clock_mono_us) is good enough
 */
enum inventory_want {
	INVENTORY_CHOICE, /* to choose seats; if one turns out to be taken there is another try */
	INVENTORY_COUNT,  /* to know whether enough are free: an old count with a margin will do */
	INVENTORY_LAST_WORD, /* to say that there are not enough */
};
enum err inventory_refresh(struct inventory *house, struct db *db, TALLOC_CTX *ctx,
                           enum inventory_want want, const struct party *party,
                           int64_t since_us) MUST_CHECK;

/*
 * Whether enough seats for a party are free, as far as known, or promised or lost to somebody
 * who may not keep them.
 *
 * any_access	whether seats for wheelchairs and others count alike: for those who name theirs
 */
bool inventory_has_room(struct inventory *house, const struct party *party, bool any_access);

/*
 * Chooses seats for a party and promises them to nobody else until inventory_settle.
 * out	party->quantity seat numbers, ascending. Errors: NOT_ENOUGH_SEATS.
 */
enum err inventory_choose(struct inventory *house, const struct party *party,
                          int32_t *out) MUST_CHECK;

/*
 * Ends promises: the seats were booked, or are free again; those in `lost`, ascending, belong
 * to somebody else.
 *
 * stays	who has those that are lost may still be at it when the house is read next, and not be
 *		seen; they are left alone until the reading after that
 */
void inventory_settle(struct inventory *house, const int32_t *seats, size_t n, bool booked,
                      const int32_t *lost, size_t n_lost, bool stays);

#endif
