#ifndef ROWLOCK_CORE_INVENTORY_INVENTORY_H
#define ROWLOCK_CORE_INVENTORY_INVENTORY_H

#include "core/seating/seats.h"
#include "store/pool.h"

/*
 * The inventories of a process: for each event in demand its seats, and which of them are free as
 * far as this process knows. Best seats are chosen here without asking the database;
 * the clerk then locks just those, and tells whether they could be had. An inventory is read again
 * when its event changed elsewhere on this host, when a window in it runs out, and once in a while
 * for changes made on other hosts. Any number of threads may use one at once.
 */
struct inventory_cache;
struct inventory;

/*
 * Makes an empty cache, on ctx. It is freed when no inventory is open any more.
 *
 * pool	for reading the layout of an inventory that is wanted first
 * room	seats that are kept in memory, of all events; the longest unused are dropped
 */
struct inventory_cache *inventory_cache_new(TALLOC_CTX *ctx, struct pool *pool, size_t room);

/*
 * Finds an event's inventory, or reads its layout, and keeps it open until inventory_close. One
 * thread reads, others that want the same wait for it.
 *
 * Errors: EVENT_NOT_FOUND, EVENT_NOT_ON_SALE (its seats are on their way to the archive),
 * UNAVAILABLE (also: too many are open); as of transact_read.
 */
enum err inventory_open(struct inventory_cache *cache, int32_t event_id,
                        struct inventory **out) MUST_CHECK;

/* Closes an inventory, once for each inventory_open; NULL is ignored. */
void inventory_close(struct inventory *inventory);

/*
 * Notes that seats of an event were taken by a booking of this process, after COMMIT, and tells
 * this host that the event changed (shared_event_changed).
 */
void inventory_note_taken(struct inventory_cache *cache, int32_t event_id, const int32_t *seats,
                          size_t n);

/* What an inventory is needed for. */
enum inventory_want {
	INVENTORY_CHOICE, /* to choose seats; if one turns out to be taken there is another try */
	INVENTORY_COUNT,  /* to see whether enough are free: an old count with a margin will do */
	INVENTORY_LAST_WORD, /* to say that there are not enough */
};

/*
 * Brings an inventory up to date if it has to be, by one round trip.
 *
 * db	an open connection, in or outside of a transaction
 * party	that is to be seated, for INVENTORY_COUNT; else NULL
 * since_us	for INVENTORY_LAST_WORD: a reading after this moment (clock_mono_us) will do
 *
 * Errors as of db_exchange.
 */
enum err inventory_refresh(struct inventory *inventory, struct db *db, TALLOC_CTX *ctx,
                           enum inventory_want want, const struct party *party,
                           int64_t since_us) MUST_CHECK;

/*
 * Whether enough seats for a party are free, as far as known, or promised or lost to others that
 * may not keep them.
 *
 * any_access	whether seats for wheelchairs and others count alike: when seats are named
 */
bool inventory_has_room(struct inventory *inventory, const struct party *party, bool any_access);

/*
 * Chooses seats for a party and promises them to no other until inventory_settle.
 *
 * out	party->quantity seat numbers, ascending; set on ERR_OK
 *
 * Errors: NOT_ENOUGH_SEATS.
 */
enum err inventory_choose(struct inventory *inventory, const struct party *party,
                          int32_t *out) MUST_CHECK;

/*
 * Ends the promise of n seats, ascending: they were booked, or are free again, but for those in
 * `lost`, ascending, too, which belong to others.
 *
 * stays	the lost ones may not show as taken in the next reading, as their new owners may not
 *	have committed by then: they are left alone until the reading after that
 */
void inventory_settle(struct inventory *inventory, const int32_t *seats, size_t n, bool booked,
                      const int32_t *lost, size_t n_lost, bool stays);

#endif
