/*
 * Reads, renders and keeps seat maps: one thread reads a map for all that ask for it, without the
 * mutex, and its text answers until it may be out of date.
 */
#include "core/inventory/seat_map.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "core/inventory/seat_map_file.h"
#include "store/param.h"
#include "store/transact.h"

#define FRESH_LEAST_US 100000   /* a map is good for at least this long, … */
#define FRESH_MOST_US  US_PER_S /* … at most this long, … */
#define FRESH_FACTOR   20       /* … and so long that reading it costs 5 % of a core */
#define MAPS_KEPT      256
#define ETAG_ROOM      64 /* bytes of an entity tag, with its end */

/* One event's map in memory. Guarded by the cache's mutex; malloc'd, as threads share it. */
struct kept_map {
	int32_t event_id; /* 0: free */
	bool reading;     /* a thread reads it; others that want it wait for the broadcast */
	char *text;       /* NULL: nothing read yet */
	size_t len;
	char etag[ETAG_ROOM];
	char filed[ETAG_ROOM];  /* the tag of the map that lies in a file, or "" … */
	int64_t filed_until_us; /* … and the freshness that it was filed with */
	char **holders;         /* users that hold seats in it, n_holders */
	size_t n_holders;
	uint64_t shared;        /* shared_event_version before it was read */
	int64_t fresh_until_us; /* monotonic, like the next two */
	int64_t began_us;       /* when its reading began */
	int64_t used_us;
	int64_t base, horizon; /* changes below the horizon (an xid), for counting on */
};

struct seat_map_cache {
	pthread_mutex_t mutex;
	pthread_cond_t read; /* a map was read, or could not be */
	struct pool *pool;
	seat_map_render render;
	size_t room, used; /* bytes of text */
	struct kept_map maps[MAPS_KEPT];
};

static int
cache_free(struct seat_map_cache *c)
{
	for (int i = 0; i < MAPS_KEPT; i++) {
		for (size_t k = 0; k < c->maps[i].n_holders; k++)
			free(c->maps[i].holders[k]);
		free(c->maps[i].holders);
		free(c->maps[i].text);
	}
	pthread_cond_destroy(&c->read);
	pthread_mutex_destroy(&c->mutex);
	return 0;
}

struct seat_map_cache *
seat_map_cache_new(TALLOC_CTX *ctx, struct pool *pool, size_t room_bytes, seat_map_render render)
{
	struct seat_map_cache *c = talloc_zero(ctx, struct seat_map_cache);

	assert(pool != NULL && render != NULL);
	pthread_mutex_init(&c->mutex, NULL);
	pthread_cond_init(&c->read, NULL);
	c->pool = pool;
	c->room = room_bytes;
	c->render = render;
	talloc_set_destructor(c, cache_free);
	return c;
}

static void
read_sections(TALLOC_CTX *ctx, const struct rows *rows, struct seat_map *map)
{
	map->n_sections = (size_t)rows_count(rows);
	map->sections = talloc_array(ctx, struct map_section, (unsigned)map->n_sections);
	for (int r = 0; r < (int)map->n_sections; r++)
		map->sections[r] = (struct map_section){
			.no = row_i32(rows, r, MAP_SECTIONS_NO),
			.subsection = row_i32(rows, r, MAP_SECTIONS_SUBSECTION),
			.name = row_text(rows, r, MAP_SECTIONS_NAME),
		};
}

/* The index of a section number; sections are numbered from 1 without holes. */
static int32_t
section_index(const struct seat_map *map, int32_t no)
{
	return no >= 1 && (size_t)no <= map->n_sections ? no - 1 : 0;
}

/* Notes that a seat's hold or window ends, or has ended, and when the first of those does. */
static void
note_end(struct seat_map *map, enum seat_status status, int64_t left_us)
{
	if (status == SEAT_FREE)
		map->lapsed++;
	else if (map->ends_in_us < 0 || left_us < map->ends_in_us)
		map->ends_in_us = left_us;
}

static void
read_seat(const struct rows *rows, int r, struct seat_map *map)
{
	struct map_seat *s = &map->seats[r];
	const int64_t ends_us = row_us(rows, r, MAP_SEATS_ENDS);

	s->section = section_index(map, row_i32(rows, r, MAP_SEATS_SECTION));
	s->no = row_i32(rows, r, MAP_SEATS_NO);
	s->row = row_text(rows, r, MAP_SEATS_ROW);
	s->label = row_text(rows, r, MAP_SEATS_LABEL);
	s->tier = row_text(rows, r, MAP_SEATS_TIER);
	s->price_minor = row_i32(rows, r, MAP_SEATS_PRICE);
	s->accessible = row_bool(rows, r, MAP_SEATS_ACCESSIBLE);
	s->has_xy = !row_null(rows, r, MAP_SEATS_X) && !row_null(rows, r, MAP_SEATS_Y);
	if (s->has_xy) {
		s->x = (float)row_real(rows, r, MAP_SEATS_X);
		s->y = (float)row_real(rows, r, MAP_SEATS_Y);
	}
	s->status = seat_status_parse(row_text(rows, r, MAP_SEATS_STATUS));
	s->holder = s->status == SEAT_HELD ? row_text(rows, r, MAP_SEATS_HOLDER) : NULL;
	if (ends_us >= 0)
		note_end(map, s->status, ends_us - row_us(rows, r, MAP_SEATS_NOW));
}

/*
 * Reads a map onto ctx; base and horizon are counted on. The version is read before the seats, so
 * it may be too low for them, never too high.
 */
static enum err
read_map(struct pool *pool, TALLOC_CTX *ctx, int32_t event_id, int64_t *base, int64_t *horizon,
         struct seat_map *map)
{
	const char *event = param_int(ctx, event_id);
	const struct call calls[] = {
		{ STMT_MAP_VERSION, { event, param_int(ctx, *horizon) } },
		{ STMT_MAP_SECTIONS, { event } },
		{ STMT_GET_EVENT, { event } },
		{ STMT_MAP_SEATS, { event } },
	};
	struct rows *rows[4];
	enum err e;

	if ((e = transact_read(pool, ctx, calls, 4, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[2]) == 0)
		return ERR_EVENT_NOT_FOUND;
	memset(map, 0, sizeof(*map));
	map->event_id = event_id;
	map->version = *base + row_i64(rows[0], 0, MAP_VERSION_CHANGES);
	*base += row_i64(rows[0], 0, MAP_VERSION_BELOW);
	assert(*base <= map->version);
	*horizon = row_i64(rows[0], 0, MAP_VERSION_HORIZON);
	map->currency = row_text(rows[2], 0, GET_EVENT_CURRENCY);
	map->ends_in_us = -1;
	read_sections(ctx, rows[1], map);
	map->n_seats = (size_t)rows_count(rows[3]);
	map->seats = talloc_zero_array(ctx, struct map_seat, (unsigned)map->n_seats);
	for (int r = 0; r < (int)map->n_seats; r++)
		read_seat(rows[3], r, map);
	metrics_count(METRIC_MAP_READS, 0);
	return ERR_OK;
}

/* Frees what was read of a map. */
static void
drop_text(struct seat_map_cache *c, struct kept_map *e)
{
	assert(!e->reading && c->used >= e->len);
	for (size_t i = 0; i < e->n_holders; i++)
		free(e->holders[i]);
	free(e->holders);
	free(e->text);
	c->used -= e->len;
	e->holders = NULL;
	e->text = NULL;
	e->n_holders = e->len = 0;
}

/* Drops least recently used texts until the rest fits, but for one that was just read. */
static void
make_room(struct seat_map_cache *c, const struct kept_map *keep)
{
	while (c->used > c->room) {
		struct kept_map *oldest = NULL;

		for (int i = 0; i < MAPS_KEPT; i++) {
			struct kept_map *e = &c->maps[i];

			if (e != keep && e->text != NULL && !e->reading &&
			    (oldest == NULL || e->used_us < oldest->used_us))
				oldest = e;
		}
		if (oldest == NULL)
			return;
		drop_text(c, oldest);
	}
}

/* The kept map of an event, or the place that it may have; NULL when all are being read. */
static struct kept_map *
find_map(struct seat_map_cache *c, int32_t event_id)
{
	struct kept_map *oldest = NULL;

	for (int i = 0; i < MAPS_KEPT; i++) {
		struct kept_map *e = &c->maps[i];

		if (e->event_id == event_id)
			return e;
		if (!e->reading && (oldest == NULL || e->used_us < oldest->used_us))
			oldest = e;
	}
	if (oldest != NULL) {
		drop_text(c, oldest);
		memset(oldest, 0, sizeof(*oldest));
		oldest->event_id = event_id;
	}
	return oldest;
}

/* Whether a map may answer any request: nothing is known to have changed since. */
static bool
is_fresh(const struct kept_map *e)
{
	return e->text != NULL && clock_mono_us() < e->fresh_until_us &&
	       e->shared == shared_event_version(e->event_id);
}

/* Whether a map may answer a request of that time (monotonic): it was not read before. */
static bool
is_usable(const struct kept_map *e, int64_t asked_us)
{
	return is_fresh(e) || (e->text != NULL && e->began_us >= asked_us);
}

/* Lists the users that hold seats in a map: each is shown a map of its own. */
static void
note_holders(struct kept_map *e, const struct seat_map *map)
{
	for (size_t i = 0; i < map->n_seats; i++) {
		const char *user = map->seats[i].holder;
		size_t k = 0;

		while (user != NULL && k < e->n_holders && strcmp(e->holders[k], user) != 0)
			k++;
		if (user == NULL || k < e->n_holders)
			continue;
		e->holders = realloc(e->holders, (e->n_holders + 1) * sizeof(char *));
		if (e->holders == NULL || (e->holders[e->n_holders++] = strdup(user)) == NULL)
			abort();
	}
}

/* The tag of a map: at one version, only time changes it, and time only frees seats. */
static void
make_etag(char out[ETAG_ROOM], const struct seat_map *map, const char *viewer)
{
	snprintf(out, ETAG_ROOM, "\"%d-%lld-%d%s%llx\"", map->event_id, (long long)map->version,
	         map->lapsed, viewer == NULL ? "-" : "-u",
	         viewer == NULL ? 0 : (unsigned long long)hash_text(viewer));
}

/* Reads a map anew; called and left with the mutex held, which is released meanwhile. */
static enum err
refresh(struct seat_map_cache *c, struct kept_map *e)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	uint64_t shared = shared_event_version(e->event_id);
	int64_t began = clock_mono_us(), base = e->base, horizon = e->horizon, good;
	struct seat_map map;
	char *text = NULL;
	enum err err;

	assert(!e->reading);
	e->reading = true;
	pthread_mutex_unlock(&c->mutex);
	err = read_map(c->pool, tmp, e->event_id, &base, &horizon, &map);
	if (err == ERR_OK && (text = strdup(c->render(tmp, &map, NULL))) == NULL)
		abort();
	pthread_mutex_lock(&c->mutex);
	e->reading = false;
	if (err == ERR_OK) {
		drop_text(c, e);
		assert(text != NULL && e->text == NULL);
		e->text = text;
		e->len = strlen(text);
		c->used += e->len;
		e->base = base;
		e->horizon = horizon;
		e->shared = shared;
		e->began_us = began;
		make_etag(e->etag, &map, NULL);
		note_holders(e, &map);
		good = (clock_mono_us() - began) * FRESH_FACTOR;
		good = good < FRESH_LEAST_US  ? FRESH_LEAST_US
		       : good > FRESH_MOST_US ? FRESH_MOST_US
		                              : good;
		if (map.ends_in_us >= 0 && map.ends_in_us < good)
			good = map.ends_in_us;
		e->fresh_until_us = began + good;
		make_room(c, e);
	}
	pthread_cond_broadcast(&c->read);
	talloc_free(tmp);
	return err;
}

static bool
holds_seats(const struct kept_map *e, const char *viewer)
{
	for (size_t i = 0; viewer != NULL && i < e->n_holders; i++) {
		if (strcmp(e->holders[i], viewer) == 0)
			return true;
	}
	return false;
}

/* A map for a viewer that holds seats: read for this answer alone. */
static enum err
personal_map(struct seat_map_cache *c, TALLOC_CTX *ctx, int32_t event_id, const char *viewer,
             struct seat_map_page *out)
{
	int64_t base = 0, horizon = 0;
	struct seat_map map;
	char etag[ETAG_ROOM];
	enum err e;

	if ((e = read_map(c->pool, ctx, event_id, &base, &horizon, &map)) != ERR_OK)
		return e;
	make_etag(etag, &map, viewer);
	out->etag = talloc_strdup(ctx, etag);
	out->text = c->render(ctx, &map, viewer);
	out->len = strlen(out->text);
	return ERR_OK;
}

/*
 * Whether this map is to be left in a file for the web server: the second request for it does
 * that. Maps that are good for one answer only are not worth a file.
 */
static bool
note_filing(struct kept_map *e, TALLOC_CTX *ctx, const struct seat_map_page *page,
            struct seat_map_file *out)
{
	if (*shared_maps() == '\0' || e->filed_until_us == e->fresh_until_us || !is_fresh(e))
		return false;
	*out = (struct seat_map_file){ .event_id = e->event_id,
		                       .version = e->shared,
		                       .good_us = e->fresh_until_us - clock_mono_us(),
		                       .etag = page->etag,
		                       .previous = talloc_strdup(ctx, e->filed),
		                       .text = page->text,
		                       .len = page->len };
	e->filed_until_us = e->fresh_until_us;
	memcpy(e->filed, e->etag, sizeof(e->filed));
	return true;
}

/* Whether a list of entity tags names one; their quotes make a substring exact. */
static bool
is_known(const char *list, const char *etag)
{
	return list != NULL && (strcmp(list, "*") == 0 || strstr(list, etag) != NULL);
}

enum err
seat_map_get(struct seat_map_cache *c, TALLOC_CTX *ctx, int32_t event_id, const char *viewer,
             const char *known, struct seat_map_page *out)
{
	const int64_t asked_us = clock_mono_us();
	bool hit = true, personal = false, filing = false;
	struct seat_map_file file;
	enum err err = ERR_OK;
	struct kept_map *e;

	assert(c != NULL && out != NULL);
	pthread_mutex_lock(&c->mutex);
	while ((e = find_map(c, event_id)) == NULL || (!is_usable(e, asked_us) && e->reading))
		pthread_cond_wait(&c->read, &c->mutex);
	if (!is_usable(e, asked_us)) {
		hit = false;
		err = refresh(c, e);
	}
	if (err == ERR_OK) {
		assert(e->event_id == event_id && e->text != NULL);
		e->used_us = clock_mono_us();
		personal = holds_seats(e, viewer);
		out->etag = talloc_strdup(ctx, e->etag);
		out->text = talloc_memdup(ctx, e->text, e->len + 1);
		out->len = e->len;
		filing = hit && note_filing(e, ctx, out, &file);
	} else {
		e->event_id = 0; /* no such event, or not now */
	}
	pthread_mutex_unlock(&c->mutex);
	if (hit)
		metrics_count(METRIC_MAP_HITS, 0);
	if (filing)
		seat_map_file_publish(&file);
	if (personal)
		err = personal_map(c, ctx, event_id, viewer, out);
	if (err == ERR_OK && is_known(known, out->etag))
		out->text = NULL;
	return err;
}
