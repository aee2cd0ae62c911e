#ifndef ROWLOCK_HOUSE_H
#define ROWLOCK_HOUSE_H

#include "core/seating/seats.h"
#include "store/pool.h"

/*
 * The houses of a process: for each event in demand its seats, and which of them are free as
 * far as this process knows. Best seats are chosen here without asking the
 * database; the clerk then locks just those, and hears whether it was right. A house is read
 * again when its event changed elsewhere on this host, when a window in it runs out, and once
 * in a while for changes made on other hosts.
 */
struct houses;
struct house;

/* A section as it is asked for by name. */
struct house_section {
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
struct houses *houses_new(TALLOC_CTX *ctx, struct pool *pool, size_t room);

/*
 * Finds an event's house, or reads it, and pins it. It must be closed. Any thread.
 * Errors: EVENT_NOT_FOUND, UNAVAILABLE.
 */
enum err house_open(struct houses *houses, int32_t event_id, struct house **out) MUST_CHECK;

/* Lets go of a house; NULL is ignored. */
void house_close(struct house *house);

/*
 * Notes that seats of an event were taken by a booking of this process, and tells everybody
 * on this host that the event changed (shared_event_changed).
 */
void houses_taken(struct houses *houses, int32_t event_id, const int32_t *seats, size_t n);

/*
 * Makes of a wish what seat choice takes; out's arrays hang on ctx.
 *
 * place	the one section that is meant, or NULL; lives as long as the house
 * field	on VALIDATION_ERROR: section, subsection or tier, which no seat of the event has
 */
enum err house_party(const struct house *house, TALLOC_CTX *ctx, const struct wish *wish,
                     struct party *out, const struct house_section **place,
                     const char **field) MUST_CHECK;

/*
 * The seat of a section at a position "row-seat": as printed ("C-12"), or else with the row's
 * number for its label ("3-12"), unless the section's rows are numbered in print. 0 when there is none,
 * or more than one.
 */
int32_t house_seat(const struct house *house, const struct house_section *place,
                   const char *position);

/* A seat's price, in minor units; the cheapest seat's of a party's wishes. */
int32_t house_price(const struct house *house, int32_t no);
int32_t house_price_least(const struct house *house, const struct party *party);

/*
 * Brings a house up to date if it has to be, by one round trip on a connection, in or
 * outside of a transaction.
 *
 * want	what it is needed for
 * party	whose wishes count, for HOUSE_COUNT; else NULL
 * since_us	for HOUSE_LAST_WORD: a reading after this moment (clock_mono_us) is good enough
 */
enum house_want {
	HOUSE_CHOICE,    /* to choose seats; if one turns out to be taken there is another try */
	HOUSE_COUNT,     /* to know whether enough are free: an old count with a margin will do */
	HOUSE_LAST_WORD, /* to say that there are not enough */
};
enum err house_refresh(struct house *house, struct db *db, TALLOC_CTX *ctx, enum house_want want,
                       const struct party *party, int64_t since_us) MUST_CHECK;

/*
 * Whether enough seats for a party are free, as far as known, or promised or lost to somebody
 * who may not keep them.
 *
 * any_access	whether seats for wheelchairs and others count alike: for those who name theirs
 */
bool house_has_room(struct house *house, const struct party *party, bool any_access);

/*
 * Chooses seats for a party and promises them to nobody else until house_settle.
 * out	party->quantity seat numbers, ascending. Errors: NOT_ENOUGH_SEATS.
 */
enum err house_choose(struct house *house, const struct party *party, int32_t *out) MUST_CHECK;

/*
 * Ends promises: the seats were booked, or are free again; those in `lost`, ascending, belong
 * to somebody else.
 *
 * stays	who has those that are lost may still be at it when the house is read next, and not be
 *		seen; they are left alone until the reading after that
 */
void house_settle(struct house *house, const int32_t *seats, size_t n, bool booked,
                  const int32_t *lost, size_t n_lost, bool stays);

#endif
