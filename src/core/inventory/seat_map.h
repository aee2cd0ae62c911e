#ifndef ROWLOCK_CORE_INVENTORY_SEAT_MAP_H
#define ROWLOCK_CORE_INVENTORY_SEAT_MAP_H

#include "store/pool.h"
#include "store/enums.h"

/*
 * The live seat map of an event. Maps are kept in memory as rendered text. One is read
 * again when an event's seats changed on this host (shared_event_version), when a hold or
 * window in it runs out, and in any case after a fraction of a second, for changes made on
 * other hosts. However many ask at once, one thread reads for all.
 */

struct map_seat {
	int32_t section; /* index into sections */
	int32_t no;
	int32_t price_minor;
	const char *row, *label, *tier;
	const char *holder; /* if held; else NULL */
	bool accessible, has_xy;
	float x, y;
	enum seat_status status; /* a lapsed seat is free */
};

struct map_section {
	int32_t no, subsection;
	const char *name;
};

/* A map as read; everything on the ctx of the reading. */
struct seat_map {
	int32_t event_id;
	int64_t version; /* changes of the event's seats and bookings so far */
	int32_t lapsed;  /* seats that are free by time alone */
	const char *currency;
	struct map_section *sections;
	size_t n_sections;
	struct map_seat *seats; /* by no */
	size_t n_seats;
	int64_t ends_in_us; /* until the next hold or window runs out; -1: none will */
};

/*
 * Renders a map as text on ctx; may run on any thread that asks for a map.
 *
 * viewer	a user whose own holds are to show, or NULL for the public
 */
typedef char *(*seat_map_render)(TALLOC_CTX *ctx, const struct seat_map *map, const char *viewer);

/* What is answered: text and entity tag (quoted, RFC 9110 8.8.3), on the ctx of the call. */
struct seat_map_page {
	const char *text; /* NULL when the client has the map of this tag */
	size_t len;
	const char *etag;
};

struct seat_map_cache;

/*
 * Makes an empty cache, on ctx.
 *
 * pool	that maps are read with
 * room_bytes	of rendered text that is kept; the least recently used maps go first
 * render	makes the text
 */
struct seat_map_cache *seat_map_cache_new(TALLOC_CTX *ctx, struct pool *pool, size_t room_bytes,
                                          seat_map_render render);

/*
 * The map of an event as of a moment after this call began, or as it has not changed since, as far
 * as is known. Any number of threads may call.
 *
 * viewer	a user whose own holds are to show, or NULL
 * known	the entity tags that the client has, as in If-None-Match, or NULL; when one is the
 *		map's, out->text is NULL
 * out	set on ERR_OK, on ctx
 *
 * Errors: EVENT_NOT_FOUND; as of transact_read.
 */
enum err seat_map_get(struct seat_map_cache *cache, TALLOC_CTX *ctx, int32_t event_id,
                      const char *viewer, const char *known, struct seat_map_page *out) MUST_CHECK;

#endif
