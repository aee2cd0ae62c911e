/*
 * What a process knows of an event's seats, and how long that may be relied upon. A reading is
 * older than what happens while it is on its way, so it never overrules that.
 */
#include "core/inventory/inventory_state.h"

#include <assert.h>

#include "base/clock.h"
#include "core/seating/seats_choose.h"

#define GOOD_US     (US_PER_S / 2) /* then it is read again, to see changes of other hosts */
#define COST_FACTOR 4              /* reading may take a fifth of the time, not more */
#define SOLD_PER_S  20000          /* no event sells seats faster than this */

void
inventory_state_init(struct inventory_state *s, TALLOC_CTX *ctx, struct seats *seats, size_t n)
{
	assert(seats != NULL && n > 0);
	*s = (struct inventory_state){
		.seats = seats,
		.n = n,
		.claim = talloc_zero_array(ctx, uint8_t, (unsigned)n),
		.noted = talloc_zero_array(ctx, uint32_t, (unsigned)n),
		.lapse_us = -1,
	};
}

/* --- how old it is --- */

/* Whether what is known may be out of date. */
static bool
is_stale(const struct inventory_state *s, uint64_t version, int64_t now_us)
{
	return s->known == 0 || version != s->others + s->own || now_us - s->read_us > GOOD_US ||
	       (s->lapse_us >= 0 && now_us >= s->lapse_us);
}

bool
inventory_state_must_read(const struct inventory_state *s, enum inventory_want want,
                          const struct party *party, int64_t since_us, uint64_t version,
                          int64_t now_us)
{
	const int64_t age_us = now_us - s->read_us;

	assert(want != INVENTORY_COUNT || party != NULL);
	if (s->known == 0)
		return true;
	if (want == INVENTORY_LAST_WORD) /* other hosts give seats back, too */
		return s->read_us < since_us && (s->n_lost > 0 || is_stale(s, version, now_us) ||
		                                 age_us > COST_FACTOR * s->cost_us);
	if (!is_stale(s, version, now_us) && !(want == INVENTORY_COUNT && s->n_lost > 0))
		return false;
	if (want == INVENTORY_CHOICE)
		return age_us > COST_FACTOR * s->cost_us;
	return (int64_t)seats_count(s->seats, party) <
	       party->quantity + age_us * SOLD_PER_S / US_PER_S;
}

void
inventory_state_begin(struct inventory_state *s, uint64_t version, int64_t now_us,
                      struct seat_reading *out)
{
	assert(s->known <= s->begun);
	*out = (struct seat_reading){ ++s->begun, version - s->own, now_us };
}

/* --- which seats are free --- */

/* Changes what a seat is claimed for. */
static void
set_claim(struct inventory_state *s, size_t i, enum seat_claim claim)
{
	assert(i < s->n);
	s->n_promised -= s->claim[i] == CLAIM_PROMISED;
	s->n_lost -= s->claim[i] == CLAIM_LOST;
	s->claim[i] = (uint8_t)claim;
	s->n_promised += claim == CLAIM_PROMISED;
	s->n_lost += claim == CLAIM_LOST;
	assert(s->n_promised + s->n_lost <= s->n);
}

/* Changes what is known of each seat, except where this process knows better by now. */
static void
merge_seats(struct inventory_state *s, uint32_t reading, const int32_t *taken, size_t n)
{
	bool *busy = talloc_zero_array(s->claim, bool, (unsigned)s->n);

	for (size_t i = 0; i < n; i++) {
		assert(taken[i] >= 1 && (size_t)taken[i] <= s->n);
		busy[taken[i] - 1] = true;
	}
	for (size_t i = 0; i < s->n; i++) {
		const bool known = s->claim[i] == CLAIM_PROMISED || s->noted[i] >= reading;

		if (s->claim[i] == CLAIM_LOST && (busy[i] || !known))
			set_claim(s, i, CLAIM_NONE);
		if (!known)
			seats_set(s->seats, (int32_t)i + 1, !busy[i]);
	}
	talloc_free(busy);
}

void
inventory_state_merge(struct inventory_state *s, const struct seat_reading *reading,
                      const int32_t *taken, size_t n, int64_t lapses_us, int64_t now_us)
{
	assert(reading->no >= 1 && reading->no <= s->begun && now_us >= reading->began_us);
	if (reading->no <= s->known) /* another thread's newer one came first */
		return;
	merge_seats(s, reading->no, taken, n);
	s->known = reading->no;
	s->others = reading->others;
	s->read_us = reading->began_us;
	s->cost_us = now_us - reading->began_us;
	s->lapse_us = lapses_us < 0 ? -1 : reading->began_us + lapses_us;
}

bool
inventory_state_fits(const struct layout_seat *seat, const struct party *party, bool any_access)
{
	return (party->sections == NULL || party->sections[seat->section]) &&
	       (party->tier == SEATS_ANY_TIER || party->tier == seat->tier) &&
	       (any_access || party->accessible == seat->accessible);
}

/* Claimed seats that would fit a party. */
static size_t
count_claimed(const struct inventory_state *s, const struct layout_seat *seats,
              const struct party *party, bool any_access)
{
	size_t n = 0;

	for (size_t i = 0, left = s->n_promised + s->n_lost; left > 0; i++) {
		const bool is_claimed = s->claim[i] != CLAIM_NONE;

		assert(i < s->n);
		left -= is_claimed;
		n += is_claimed && inventory_state_fits(&seats[i], party, any_access);
	}
	return n;
}

bool
inventory_state_has_room(const struct inventory_state *s, const struct layout_seat *seats,
                         const struct party *party, bool any_access)
{
	const size_t quantity = (size_t)party->quantity;
	struct party other = *party;
	size_t n;

	assert(seats != NULL && party->quantity >= 1);
	other.accessible = !party->accessible;
	n = seats_count(s->seats, party) + (any_access ? seats_count(s->seats, &other) : 0);
	if (n < quantity && n + s->n_promised + s->n_lost >= quantity)
		n += count_claimed(s, seats, party, any_access);
	return n >= quantity;
}

enum err
inventory_state_choose(struct inventory_state *s, const struct party *party, int32_t *out)
{
	enum err e = seats_choose(s->seats, party, out);

	for (int32_t i = 0; e == ERR_OK && i < party->quantity; i++) {
		assert(s->claim[out[i] - 1] == CLAIM_NONE); /* a claimed seat is not available */
		seats_set(s->seats, out[i], false);
		set_claim(s, (size_t)out[i] - 1, CLAIM_PROMISED);
	}
	return e;
}

void
inventory_state_settle(struct inventory_state *s, const int32_t *seats, size_t n, bool booked,
                       const int32_t *lost, size_t n_lost, bool stays)
{
	size_t k = 0;

	for (size_t i = 0; i < n; i++) {
		const size_t at = (size_t)seats[i] - 1;
		bool is_lost;

		assert(at < s->n && s->claim[at] == CLAIM_PROMISED);
		while (k < n_lost && lost[k] < seats[i])
			k++;
		is_lost = k < n_lost && lost[k] == seats[i];
		set_claim(s, at, is_lost ? CLAIM_LOST : CLAIM_NONE);
		if (is_lost)
			s->noted[at] = s->begun + stays;
		seats_set(s->seats, seats[i], !booked && !is_lost);
	}
}

void
inventory_state_note_taken(struct inventory_state *s, const int32_t *seats, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		assert(seats[i] >= 1 && (size_t)seats[i] <= s->n);
		seats_set(s->seats, seats[i], false);
		s->noted[seats[i] - 1] = s->begun;
	}
	s->own++;
}
