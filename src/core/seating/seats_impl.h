#ifndef ROWLOCK_CORE_SEATING_SEATS_IMPL_H
#define ROWLOCK_CORE_SEATING_SEATS_IMPL_H

/* What the files of this room share. Private to it. */

#include "core/seating/seats.h"

/* A seat; its index is its number less 1. */
struct seat {
	int64_t before; /* distances of all seats before it, added up: see seats_measure */
	float x, y;     /* where it is among the seats of its section */
	int32_t row;    /* index of */
	int32_t kind;   /* index of */
	bool joined;    /* the seat before it is its neighbour */
	bool accessible;
	bool available;
};

/* Seats of a section that fit the same parties. */
struct seat_kind {
	int32_t section, tier;
	bool accessible;
	int32_t available; /* how many */
};

struct seat_row {
	int32_t first, end; /* its seats are those from first to before end */
	int32_t section;
	int32_t available; /* how many, of all kinds */
	uint32_t version;  /* counts its changes, from 1 */
};

struct seats {
	struct seat *seat; /* n, and one more, which is joined to none */
	int32_t n;
	struct seat_row *rows;
	int32_t n_rows;
	struct seat_kind *kinds;
	int32_t n_kinds;
	double far; /* more than any two seats of a section are apart */
	/* Best blocks that are still known: seats_choose.c; NULL: no choice yet. */
	struct view *views;
	int32_t n_views, most_views;
	uint64_t choices; /* so far */
};

/* What remains beside a block of seats; the less the better. */
enum leaves { LEAVES_NO_SINGLE, LEAVES_SINGLE_AT_EDGE, LEAVES_ORPHAN };

/* What taking n adjacent seats from first on, all alike accessible, would leave. */
enum leaves seats_leave(const struct seats *s, int32_t first, int32_t n);

/* Whether a section is one that the party wants. Inline, like the next: they make up a choice. */
static inline bool
seats_section_fits(const struct party *party, int32_t section)
{
	return party->sections == NULL || party->sections[section];
}

/* Whether the seats of a kind fit the party, sections aside. */
static inline bool
seats_kind_fits(const struct seat_kind *kind, const struct party *party)
{
	return kind->accessible == party->accessible &&
	       (party->tier == SEATS_ANY_TIER || party->tier == kind->tier);
}

/* Whether the seat at an index fits the party; its section is asked of its row. */
static inline bool
seats_fit(const struct seats *s, const struct party *party, int32_t i)
{
	return s->seat[i].available && seats_kind_fits(&s->kinds[s->seat[i].kind], party);
}

/* Whether a row is in a section that the party wants, and has at least n seats available. */
static inline bool
seats_row_serves(const struct seat_row *row, const struct party *party, int32_t n)
{
	return row->available >= n && seats_section_fits(party, row->section);
}

/* The distances of n adjacent seats from first on, added up. */
static inline int64_t
seats_distance(const struct seats *s, int32_t first, int32_t n)
{
	return s->seat[first + n].before - s->seat[first].before;
}

/*
 * Gives the seats their places and their distances; sets x, y, before and far.
 *
 * In a plan with coordinates a seat's distance is that from the focal point, in 2^20ths of
 * the longest one. No plan says where people look, so the seats must tell: if they surround
 * an empty middle, it is there; else it is at the middle of the front edge. Without
 * coordinates the distance grows from row to row, sections in the order of their numbers,
 * and within a row from its middle outwards, which never makes up for a row.
 */
void seats_measure(struct seats *s, const struct seat_spot *spots, bool has_coordinates);

/*
 * Chooses the pieces of a party for which there is no block, though enough seats fit it.
 *
 * out	as of seats_choose
 */
void seats_choose_pieces(const struct seats *s, const struct party *party, int32_t *out);

#endif
