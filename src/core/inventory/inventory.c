/*
 * The inventories of a process: found or read when an event is in demand, kept while there is room,
 * and brought up to date from the database. What is known of the seats is in inventory_state.c.
 */
#include "core/inventory/inventory.h"

#include <assert.h>

#include "base/clock.h"
#include "base/shared.h"
#include "core/inventory/inventory_impl.h"
#include "store/param.h"

#define INVENTORY_CACHE_MOST 256

struct inventory_cache {
	pthread_mutex_t mutex; /* guards all below; never held while waiting for the database */
	pthread_cond_t read;   /* the layout of an inventory was read, or could not be */
	struct pool *pool;
	size_t room, used; /* seats */
	struct inventory *kept[INVENTORY_CACHE_MOST];
	size_t n;
};

static int
inventory_cache_free(struct inventory_cache *cache)
{
	for (size_t i = 0; i < cache->n; i++)
		talloc_free(cache->kept[i]);
	pthread_cond_destroy(&cache->read);
	pthread_mutex_destroy(&cache->mutex);
	return 0;
}

struct inventory_cache *
inventory_cache_new(TALLOC_CTX *ctx, struct pool *pool, size_t room)
{
	struct inventory_cache *cache = talloc_zero(ctx, struct inventory_cache);

	assert(pool != NULL);
	pthread_mutex_init(&cache->mutex, NULL);
	pthread_cond_init(&cache->read, NULL);
	cache->pool = pool;
	cache->room = room;
	talloc_set_destructor(cache, inventory_cache_free);
	return cache;
}

/* --- finding and keeping inventories; cache->mutex is held --- */

static struct inventory *
find(struct inventory_cache *cache, int32_t event_id)
{
	for (size_t i = 0; i < cache->n; i++) {
		if (cache->kept[i]->event_id == event_id)
			return cache->kept[i];
	}
	return NULL;
}

static void
drop(struct inventory_cache *cache, struct inventory *inv)
{
	size_t i = 0;

	while (i < cache->n && cache->kept[i] != inv)
		i++;
	assert(i < cache->n && cache->used >= inv->n_seats);
	cache->kept[i] = cache->kept[--cache->n];
	cache->used -= inv->n_seats;
	talloc_free(inv);
}

/* Drops the longest unused until the rest fits, or all that are left are in use. */
static void
make_room(struct inventory_cache *cache)
{
	while (cache->used > cache->room || cache->n == INVENTORY_CACHE_MOST) {
		struct inventory *oldest = NULL;

		for (size_t i = 0; i < cache->n; i++) {
			struct inventory *inv = cache->kept[i];

			if (inv->pins == 0 && (oldest == NULL || inv->used_us < oldest->used_us))
				oldest = inv;
		}
		if (oldest == NULL)
			return;
		drop(cache, oldest);
	}
}

static int
inventory_free(struct inventory *inv)
{
	pthread_mutex_destroy(&inv->mutex);
	return 0;
}

/* An inventory that is about to be read, pinned. A tree of its own: threads share it. */
static struct inventory *
inventory_new(struct inventory_cache *cache, int32_t event_id)
{
	struct inventory *inv = talloc_zero(NULL, struct inventory);

	inv->cache = cache;
	inv->event_id = event_id;
	inv->pins = 1;
	inv->reading = true;
	pthread_mutex_init(&inv->mutex, NULL);
	talloc_set_destructor(inv, inventory_free);
	return inv;
}

/* Adds an inventory and reads its layout, pinned; the mutex is released meanwhile. */
static enum err
add(struct inventory_cache *cache, int32_t event_id, struct inventory **out)
{
	struct inventory *inv;
	enum err e;

	make_room(cache);
	if (cache->n == INVENTORY_CACHE_MOST)
		return ERR_UNAVAILABLE;
	inv = inventory_new(cache, event_id);
	cache->kept[cache->n++] = inv;
	pthread_mutex_unlock(&cache->mutex);
	e = inventory_layout_read(inv, cache->pool);
	pthread_mutex_lock(&cache->mutex);
	inv->reading = false;
	pthread_cond_broadcast(&cache->read);
	if (e != ERR_OK) {
		inv->n_seats = 0; /* not counted yet */
		drop(cache, inv);
		return e;
	}
	cache->used += inv->n_seats;
	*out = inv;
	return ERR_OK;
}

enum err
inventory_open(struct inventory_cache *cache, int32_t event_id, struct inventory **out)
{
	struct inventory *inv;
	enum err e = ERR_OK;

	assert(cache != NULL && out != NULL);
	pthread_mutex_lock(&cache->mutex);
	while ((inv = find(cache, event_id)) != NULL && inv->reading)
		pthread_cond_wait(&cache->read, &cache->mutex);
	if (inv != NULL)
		inv->pins++;
	else
		e = add(cache, event_id, &inv);
	if (e == ERR_OK) {
		assert(inv->pins > 0 && inv->state.seats != NULL);
		inv->used_us = clock_mono_us();
		*out = inv;
	}
	pthread_mutex_unlock(&cache->mutex);
	return e;
}

void
inventory_close(struct inventory *inv)
{
	if (inv == NULL)
		return;
	struct inventory_cache *cache = inv->cache;

	pthread_mutex_lock(&cache->mutex);
	assert(inv->pins > 0);
	inv->pins--;
	make_room(cache);
	pthread_mutex_unlock(&cache->mutex);
}

/* --- what is known of the seats --- */

/* Whether the seats must be read first; then a reading begins. */
static bool
begin_reading(struct inventory *inv, enum inventory_want want, const struct party *party,
              int64_t since_us, struct seat_reading *out)
{
	uint64_t version;
	int64_t now_us;
	bool must;

	pthread_mutex_lock(&inv->mutex);
	now_us = clock_mono_us();
	version = shared_event_version(inv->event_id); /* own changes count under the mutex */
	must = inventory_state_must_read(&inv->state, want, party, since_us, version, now_us);
	if (must)
		inventory_state_begin(&inv->state, version, now_us, out);
	pthread_mutex_unlock(&inv->mutex);
	return must;
}

enum err
inventory_refresh(struct inventory *inv, struct db *db, TALLOC_CTX *ctx, enum inventory_want want,
                  const struct party *party, int64_t since_us)
{
	struct seat_reading reading;
	struct rows *rows;
	int32_t *taken;
	int64_t lapses_us;
	size_t n;
	enum err e;

	assert(inv != NULL && db != NULL);
	if (!begin_reading(inv, want, party, since_us, &reading))
		return ERR_OK;
	const struct call call = { STMT_INVENTORY_TAKEN, { param_int(ctx, inv->event_id) } };
	if ((e = db_query(db, ctx, call, &rows)) != ERR_OK)
		return e;
	taken = row_ints(ctx, rows, 0, INVENTORY_TAKEN_SEATS, &n);
	lapses_us = row_null(rows, 0, INVENTORY_TAKEN_LAPSES_US)
	                ? -1
	                : row_i64(rows, 0, INVENTORY_TAKEN_LAPSES_US);
	pthread_mutex_lock(&inv->mutex);
	inventory_state_merge(&inv->state, &reading, taken, n, lapses_us, clock_mono_us());
	pthread_mutex_unlock(&inv->mutex);
	return ERR_OK;
}

bool
inventory_has_room(struct inventory *inv, const struct party *party, bool any_access)
{
	bool has;

	assert(inv != NULL && party->quantity >= 1);
	pthread_mutex_lock(&inv->mutex);
	has = inventory_state_has_room(&inv->state, inv->seats, party, any_access);
	pthread_mutex_unlock(&inv->mutex);
	return has;
}

enum err
inventory_choose(struct inventory *inv, const struct party *party, int32_t *out)
{
	enum err e;

	assert(inv != NULL && party->quantity >= 1);
	pthread_mutex_lock(&inv->mutex);
	e = inventory_state_choose(&inv->state, party, out);
	pthread_mutex_unlock(&inv->mutex);
	return e;
}

void
inventory_settle(struct inventory *inv, const int32_t *seats, size_t n, bool booked,
                 const int32_t *lost, size_t n_lost, bool stays)
{
	assert(inv != NULL && n_lost <= n);
	pthread_mutex_lock(&inv->mutex);
	inventory_state_settle(&inv->state, seats, n, booked, lost, n_lost, stays);
	pthread_mutex_unlock(&inv->mutex);
}

void
inventory_note_taken(struct inventory_cache *cache, int32_t event_id, const int32_t *seats,
                     size_t n)
{
	struct inventory *inv;

	assert(cache != NULL && n > 0 && seats != NULL);
	pthread_mutex_lock(&cache->mutex);
	inv = find(cache, event_id);
	if (inv != NULL && inv->reading)
		inv = NULL; /* it reads its seats when it is first used */
	if (inv != NULL)
		inv->pins++;
	pthread_mutex_unlock(&cache->mutex);
	if (inv == NULL) {
		shared_event_changed(event_id);
		return;
	}
	pthread_mutex_lock(&inv->mutex);
	inventory_state_note_taken(&inv->state, seats, n);
	shared_event_changed(event_id); /* under the mutex: own changes and version go together */
	pthread_mutex_unlock(&inv->mutex);
	inventory_close(inv);
}
