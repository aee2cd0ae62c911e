#include "core/inventory/seat_map.h"

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
#define ENTRIES        256

/* One event's map in memory. Guarded by the cache's mutex, but for a reader's own work. */
struct entry {
	int32_t event_id;
	bool reading; /* a thread is at it; others wait for its broadcast */
	char *text;   /* malloc'd; NULL: nothing read yet */
	size_t len;
	char etag[64];
	char filed[64];         /* the tag of the map that lies in a file, or "" … */
	int64_t filed_until_us; /* … and the freshness that it was filed with */
	char **holders;         /* users who hold seats in it: malloc'd, n_holders */
	size_t n_holders;
	uint64_t shared;        /* shared_event_version before it was read */
	int64_t fresh_until_us; /* monotonic */
	int64_t began_us;       /* when it was begun to be read */
	int64_t used_us;
	int64_t base, horizon; /* changes below the horizon (an xid), for counting on */
};

struct seat_map_cache {
	pthread_mutex_t mutex;
	pthread_cond_t read;
	struct pool *pool;
	seatmap_render render;
	size_t room, used; /* bytes of text */
	struct entry entries[ENTRIES];
};

static int
cache_free(struct seat_map_cache *c)
{
	for (int i = 0; i < ENTRIES; i++) {
		for (size_t k = 0; k < c->entries[i].n_holders; k++)
			free(c->entries[i].holders[k]);
		free(c->entries[i].holders);
		free(c->entries[i].text);
	}
	pthread_cond_destroy(&c->read);
	pthread_mutex_destroy(&c->mutex);
	return 0;
}

struct seat_map_cache *
seat_map_cache_new(TALLOC_CTX *ctx, struct pool *pool, size_t room_bytes, seatmap_render render)
{
	struct seat_map_cache *c = talloc_zero(ctx, struct seat_map_cache);

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
		map->sections[r] = (struct map_section){ row_i32(rows, r, 0), row_i32(rows, r, 2),
			                                 row_text(rows, r, 1) };
}

/* The index of a section number; sections are numbered from 1 without holes. */
static int32_t
section_index(const struct seat_map *map, int32_t no)
{
	return no >= 1 && (size_t)no <= map->n_sections ? no - 1 : 0;
}

static void
read_seat(const struct rows *rows, int r, struct seat_map *map)
{
	struct map_seat *s = &map->seats[r];
	int64_t ends_us = row_us(rows, r, 11), left_us;

	s->section = section_index(map, row_i32(rows, r, 0));
	s->no = row_i32(rows, r, 1);
	s->row = row_text(rows, r, 2);
	s->label = row_text(rows, r, 3);
	s->tier = row_text(rows, r, 4);
	s->price_minor = row_i32(rows, r, 5);
	s->accessible = row_bool(rows, r, 6);
	s->has_xy = !row_null(rows, r, 7) && !row_null(rows, r, 8);
	if (s->has_xy) {
		s->x = (float)row_real(rows, r, 7);
		s->y = (float)row_real(rows, r, 8);
	}
	s->status = seat_status_parse(row_text(rows, r, 9));
	s->holder = s->status == SEAT_HELD ? row_text(rows, r, 10) : NULL;
	if (ends_us < 0)
		return;
	if (s->status == SEAT_FREE) {
		map->lapsed++;
		return;
	}
	left_us = ends_us - row_us(rows, r, 12);
	if (map->ends_in_us < 0 || left_us < map->ends_in_us)
		map->ends_in_us = left_us;
}

/* Reads a map onto ctx; base and horizon are counted on. The version is read before the
 * seats, so it may be too low for them, never too high. */
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
	map->version = *base + row_i64(rows[0], 0, 0);
	*base += row_i64(rows[0], 0, 1);
	*horizon = row_i64(rows[0], 0, 2);
	map->currency = row_text(rows[2], 0, 8);
	map->ends_in_us = -1;
	read_sections(ctx, rows[1], map);
	map->n_seats = (size_t)rows_count(rows[3]);
	map->seats = talloc_zero_array(ctx, struct map_seat, (unsigned)map->n_seats);
	for (int r = 0; r < (int)map->n_seats; r++)
		read_seat(rows[3], r, map);
	metrics_count(METRIC_MAP_READS, 0);
	return ERR_OK;
}

static void
drop_text(struct seat_map_cache *c, struct entry *e)
{
	for (size_t i = 0; i < e->n_holders; i++)
		free(e->holders[i]);
	free(e->holders);
	free(e->text);
	c->used -= e->len;
	e->holders = NULL;
	e->text = NULL;
	e->n_holders = e->len = 0;
}

/* Drops least recently used texts until the rest fits; keeps the entry's own. */
static void
make_room(struct seat_map_cache *c, const struct entry *keep)
{
	while (c->used > c->room) {
		struct entry *oldest = NULL;

		for (int i = 0; i < ENTRIES; i++) {
			struct entry *e = &c->entries[i];

			if (e != keep && e->text != NULL && !e->reading &&
			    (oldest == NULL || e->used_us < oldest->used_us))
				oldest = e;
		}
		if (oldest == NULL)
			return;
		drop_text(c, oldest);
	}
}

/* The entry of an event, or the one that it may have; NULL when all are being read. */
static struct entry *
find_entry(struct seat_map_cache *c, int32_t event_id)
{
	struct entry *oldest = NULL;

	for (int i = 0; i < ENTRIES; i++) {
		struct entry *e = &c->entries[i];

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

static bool
is_fresh(const struct entry *e)
{
	return e->text != NULL && clock_mono_us() < e->fresh_until_us &&
	       e->shared == shared_event_version(e->event_id);
}

/* Whether a map may answer one who asked at a time (monotonic): seats change, but not before. */
static bool
is_usable(const struct entry *e, int64_t asked_us)
{
	return is_fresh(e) || (e->text != NULL && e->began_us >= asked_us);
}

static void
note_holders(struct entry *e, const struct seat_map *map)
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
make_etag(char out[64], const struct seat_map *map, const char *viewer)
{
	snprintf(out, 64, "\"%d-%lld-%d%s%llx\"", map->event_id, (long long)map->version,
	         map->lapsed, viewer == NULL ? "-" : "-u",
	         viewer == NULL ? 0 : (unsigned long long)hash_text(viewer));
}

/* Reads an entry anew; called and left with the mutex held, works without it. */
static enum err
refresh(struct seat_map_cache *c, struct entry *e)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	uint64_t shared = shared_event_version(e->event_id);
	int64_t began = clock_mono_us(), base = e->base, horizon = e->horizon, good;
	struct seat_map map;
	char *text = NULL;
	enum err err;

	e->reading = true;
	pthread_mutex_unlock(&c->mutex);
	err = read_map(c->pool, tmp, e->event_id, &base, &horizon, &map);
	if (err == ERR_OK && (text = strdup(c->render(tmp, &map, NULL))) == NULL)
		abort();
	pthread_mutex_lock(&c->mutex);
	e->reading = false;
	if (err == ERR_OK) {
		drop_text(c, e);
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
holds_seats(const struct entry *e, const char *viewer)
{
	for (size_t i = 0; viewer != NULL && i < e->n_holders; i++) {
		if (strcmp(e->holders[i], viewer) == 0)
			return true;
	}
	return false;
}

/* A map for one who holds seats: read for him alone. */
static enum err
personal_map(struct seat_map_cache *c, TALLOC_CTX *ctx, int32_t event_id, const char *viewer,
             struct seat_map_page *out)
{
	int64_t base = 0, horizon = 0;
	struct seat_map map;
	char etag[64];
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
 * Whether this map should be left in a file for the web server: the second who asks for it
 * does that. Maps that are good for one answer only are not worth a file.
 */
static bool
note_filing(struct entry *e, TALLOC_CTX *ctx, const struct seat_map_page *page,
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
	struct entry *e;

	pthread_mutex_lock(&c->mutex);
	while ((e = find_entry(c, event_id)) == NULL || (!is_usable(e, asked_us) && e->reading))
		pthread_cond_wait(&c->read, &c->mutex);
	if (!is_usable(e, asked_us)) {
		hit = false;
		err = refresh(c, e);
	}
	if (err == ERR_OK) {
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
