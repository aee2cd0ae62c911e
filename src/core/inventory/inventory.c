#include "core/inventory/inventory_impl.h"

#include "base/clock.h"
#include "base/shared.h"
#include "core/seating/seats_choose.h"
#include "store/param.h"

#define INVENTORY_CACHE_MOST 256
#define GOOD_US              (US_PER_S / 2) /* without news a house is read again: other hosts */
#define COST_FACTOR          4              /* reading may take a fifth of the time, not more */
#define SOLD_PER_S           20000          /* nobody sells seats faster than this */

struct inventory_cache {
	pthread_mutex_t mutex;
	pthread_cond_t read;
	struct pool *pool;
	size_t room, used; /* seats */
	struct inventory *house[INVENTORY_CACHE_MOST];
	size_t n;
};

static int
inventory_cache_free(struct inventory_cache *all)
{
	for (size_t i = 0; i < all->n; i++)
		talloc_free(all->house[i]);
	pthread_cond_destroy(&all->read);
	pthread_mutex_destroy(&all->mutex);
	return 0;
}

struct inventory_cache *
inventory_cache_new(TALLOC_CTX *ctx, struct pool *pool, size_t room)
{
	struct inventory_cache *all = talloc_zero(ctx, struct inventory_cache);

	pthread_mutex_init(&all->mutex, NULL);
	pthread_cond_init(&all->read, NULL);
	all->pool = pool;
	all->room = room;
	talloc_set_destructor(all, inventory_cache_free);
	return all;
}

/* --- finding and keeping houses; all->mutex is held --- */

static struct inventory *
find_house(struct inventory_cache *all, int32_t event_id)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->house[i]->event_id == event_id)
			return all->house[i];
	}
	return NULL;
}

static void
remove_house(struct inventory_cache *all, struct inventory *h)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->house[i] == h)
			all->house[i] = all->house[--all->n];
	}
	all->used -= h->n_seats;
	talloc_free(h);
}

/* Lets the longest unused go until the rest fits, or all that are left are in use. */
static void
make_room(struct inventory_cache *all)
{
	while (all->used > all->room || all->n == INVENTORY_CACHE_MOST) {
		struct inventory *oldest = NULL;

		for (size_t i = 0; i < all->n; i++) {
			struct inventory *h = all->house[i];

			if (h->pins == 0 && (oldest == NULL || h->used_us < oldest->used_us))
				oldest = h;
		}
		if (oldest == NULL)
			return;
		remove_house(all, oldest);
	}
}

static int
inventory_free_mutex(struct inventory *h)
{
	pthread_mutex_destroy(&h->mutex);
	return 0;
}

/* A house that is being read; the mutex is let go meanwhile. */
static enum err
add_house(struct inventory_cache *all, int32_t event_id, struct inventory **out)
{
	struct inventory *h;
	enum err e;

	make_room(all);
	if (all->n == INVENTORY_CACHE_MOST)
		return ERR_UNAVAILABLE;
	h = talloc_zero(NULL, struct inventory);
	h->all = all;
	h->event_id = event_id;
	h->pins = 1;
	h->reading = true;
	h->lapse_us = -1;
	pthread_mutex_init(&h->mutex, NULL);
	talloc_set_destructor(h, inventory_free_mutex);
	all->house[all->n++] = h;
	pthread_mutex_unlock(&all->mutex);
	e = inventory_read_layout(h, all->pool);
	pthread_mutex_lock(&all->mutex);
	h->reading = false;
	pthread_cond_broadcast(&all->read);
	if (e != ERR_OK) {
		h->n_seats = 0;
		remove_house(all, h);
		return e;
	}
	all->used += h->n_seats;
	*out = h;
	return ERR_OK;
}

enum err
inventory_open(struct inventory_cache *all, int32_t event_id, struct inventory **out)
{
	struct inventory *h;
	enum err e = ERR_OK;

	pthread_mutex_lock(&all->mutex);
	while ((h = find_house(all, event_id)) != NULL && h->reading)
		pthread_cond_wait(&all->read, &all->mutex);
	if (h != NULL)
		h->pins++;
	else
		e = add_house(all, event_id, &h);
	if (e == ERR_OK) {
		h->used_us = clock_mono_us();
		*out = h;
	}
	pthread_mutex_unlock(&all->mutex);
	return e;
}

void
inventory_close(struct inventory *h)
{
	if (h == NULL)
		return;
	struct inventory_cache *all = h->all;

	pthread_mutex_lock(&all->mutex);
	h->pins--;
	make_room(all);
	pthread_mutex_unlock(&all->mutex);
}

/* --- what is known of the seats --- */

/* Whether what is known may be out of date; h->mutex is held. */
static bool
is_stale(const struct inventory *h, int64_t now_us)
{
	return h->known == 0 || shared_event_version(h->event_id) != h->others + h->own ||
	       now_us - h->read_us > GOOD_US || (h->lapse_us >= 0 && now_us >= h->lapse_us);
}

/* Whether it must be read before it is used. */
static bool
must_read(struct inventory *h, enum inventory_want want, const struct party *party,
          int64_t since_us)
{
	const int64_t now_us = clock_mono_us(), age_us = now_us - h->read_us;

	if (h->known == 0)
		return true;
	if (want == INVENTORY_LAST_WORD) /* other hosts give seats back, too */
		return h->read_us < since_us &&
		       (h->n_lost > 0 || is_stale(h, now_us) || age_us > COST_FACTOR * h->cost_us);
	if (!is_stale(h, now_us) && !(want == INVENTORY_COUNT && h->n_lost > 0))
		return false;
	if (want == INVENTORY_CHOICE)
		return age_us > COST_FACTOR * h->cost_us;
	return (int64_t)seats_count(h->seats, party) <
	       party->quantity + age_us * SOLD_PER_S / US_PER_S;
}

/* Changes what a seat is claimed for; h->mutex is held. */
static void
set_claim(struct inventory *h, size_t i, enum claim claim)
{
	h->n_promised -= h->claim[i] == CLAIM_PROMISED;
	h->n_lost -= h->claim[i] == CLAIM_LOST;
	h->claim[i] = (uint8_t)claim;
	h->n_promised += claim == CLAIM_PROMISED;
	h->n_lost += claim == CLAIM_LOST;
}

/* Takes a reading over, except where this process knows better by now. */
static void
take_over(struct inventory *h, uint32_t reading, const int32_t *taken, size_t n)
{
	bool *busy = talloc_zero_array(h, bool, (unsigned)h->n_seats);

	for (size_t i = 0; i < n; i++)
		busy[taken[i] - 1] = true;
	for (size_t i = 0; i < h->n_seats; i++) {
		const bool known = h->claim[i] == CLAIM_PROMISED || h->noted[i] >= reading;

		if (h->claim[i] == CLAIM_LOST && (busy[i] || !known))
			set_claim(h, i, CLAIM_NONE);
		if (!known)
			seats_set(h->seats, (int32_t)i + 1, !busy[i]);
	}
	talloc_free(busy);
}

enum err
inventory_refresh(struct inventory *h, struct db *db, TALLOC_CTX *ctx, enum inventory_want want,
                  const struct party *party, int64_t since_us)
{
	const struct call call = { STMT_INVENTORY_TAKEN, { param_int(ctx, h->event_id) } };
	int64_t began = clock_mono_us();
	struct rows *rows;
	uint32_t reading;
	uint64_t others;
	int32_t *taken;
	size_t n;
	enum err e;

	pthread_mutex_lock(&h->mutex);
	if (!must_read(h, want, party, since_us)) {
		pthread_mutex_unlock(&h->mutex);
		return ERR_OK;
	}
	reading = ++h->begun;
	others = shared_event_version(h->event_id) - h->own;
	pthread_mutex_unlock(&h->mutex);
	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	pthread_mutex_lock(&h->mutex);
	if (reading > h->known) { /* else another thread's newer one came first */
		taken = row_ints(ctx, rows, 0, 0, &n);
		take_over(h, reading, taken, n);
		h->known = reading;
		h->others = others;
		h->read_us = began;
		h->cost_us = clock_mono_us() - began;
		h->lapse_us = row_null(rows, 0, 1) ? -1 : began + row_i64(rows, 0, 1);
	}
	pthread_mutex_unlock(&h->mutex);
	return ERR_OK;
}

/* Claimed seats that would fit a party; h->mutex is held. */
static size_t
count_claimed(const struct inventory *h, const struct party *party, bool any_access)
{
	size_t n = 0;

	for (size_t i = 0, left = h->n_promised + h->n_lost; left > 0; i++) {
		const bool is_claimed = h->claim[i] != CLAIM_NONE;

		left -= is_claimed;
		n += is_claimed && inventory_fits(&h->facts[i], party, any_access);
	}
	return n;
}

bool
inventory_has_room(struct inventory *h, const struct party *party, bool any_access)
{
	const size_t quantity = (size_t)party->quantity;
	struct party other = *party;
	size_t n;

	other.accessible = !party->accessible;
	pthread_mutex_lock(&h->mutex);
	n = seats_count(h->seats, party) + (any_access ? seats_count(h->seats, &other) : 0);
	if (n < quantity && n + h->n_promised + h->n_lost >= quantity)
		n += count_claimed(h, party, any_access);
	pthread_mutex_unlock(&h->mutex);
	return n >= quantity;
}

enum err
inventory_choose(struct inventory *h, const struct party *party, int32_t *out)
{
	enum err e;

	pthread_mutex_lock(&h->mutex);
	e = seats_choose(h->seats, party, out);
	for (int32_t i = 0; e == ERR_OK && i < party->quantity; i++) {
		seats_set(h->seats, out[i], false);
		set_claim(h, (size_t)out[i] - 1, CLAIM_PROMISED);
	}
	pthread_mutex_unlock(&h->mutex);
	return e;
}

void
inventory_settle(struct inventory *h, const int32_t *seats, size_t n, bool booked,
                 const int32_t *lost, size_t n_lost, bool stays)
{
	size_t k = 0;

	pthread_mutex_lock(&h->mutex);
	for (size_t i = 0; i < n; i++) {
		bool is_lost;

		while (k < n_lost && lost[k] < seats[i])
			k++;
		is_lost = k < n_lost && lost[k] == seats[i];
		set_claim(h, (size_t)seats[i] - 1, is_lost ? CLAIM_LOST : CLAIM_NONE);
		if (is_lost)
			h->noted[seats[i] - 1] = h->begun + stays;
		seats_set(h->seats, seats[i], !booked && !is_lost);
	}
	pthread_mutex_unlock(&h->mutex);
}

void
inventory_note_taken(struct inventory_cache *all, int32_t event_id, const int32_t *seats, size_t n)
{
	struct inventory *h;

	pthread_mutex_lock(&all->mutex);
	h = find_house(all, event_id);
	if (h != NULL && h->reading)
		h = NULL;
	if (h != NULL)
		h->pins++;
	pthread_mutex_unlock(&all->mutex);
	if (h == NULL) {
		shared_event_changed(event_id);
		return;
	}
	pthread_mutex_lock(&h->mutex);
	for (size_t i = 0; i < n; i++) {
		seats_set(h->seats, seats[i], false);
		h->noted[seats[i] - 1] = h->begun;
	}
	h->own++;
	shared_event_changed(event_id);
	pthread_mutex_unlock(&h->mutex);
	inventory_close(h);
}
