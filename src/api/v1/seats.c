/* The seat map of /api/v1: its JSON, and serving it from the cache of rendered maps. */

#include "api/v1/seats.h"

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/face.h"
#include "base/money.h"
#include "core/inventory/seat_map.h"

/* What a seat is shown as, in the order of "statuses". */
enum shown {
	SHOWN_AVAILABLE,
	SHOWN_HELD,
	SHOWN_HELD_BY_ME,
	SHOWN_RESERVED,
	SHOWN_SOLD,
	SHOWN_BLOCKED,
	SHOWN__MAX
};

static const struct {
	const char *status, *total; /* its name in "statuses", and in "summary" */
} shown_names[SHOWN__MAX] = {
	{ "available", "available" }, { "held", "held" }, { "held_by_me", "heldByMe" },
	{ "reserved", "reserved" },   { "sold", "sold" }, { "blocked", "blocked" },
};

/* What a seat is shown as to a viewer: a user sees which of the held seats are that user's own. */
static enum shown
show(const struct map_seat *s, const char *viewer)
{
	static const enum shown shown_of[SEAT__MAX] = {
		[SEAT_FREE] = SHOWN_AVAILABLE,    [SEAT_HELD] = SHOWN_HELD,
		[SEAT_RESERVED] = SHOWN_RESERVED, [SEAT_SOLD] = SHOWN_SOLD,
		[SEAT_BLOCKED] = SHOWN_BLOCKED,
	};

	assert(s->status < SEAT__MAX);
	if (s->status == SEAT_HELD && viewer != NULL && strcmp(s->holder, viewer) == 0)
		return SHOWN_HELD_BY_ME;
	return shown_of[s->status];
}

/*
 * Writes what stands before the sections: version, the meaning of the numbers below, and the
 * counts. An id is seatIdPrefix with the seat's number as 12 hexadecimal digits, so that the map
 * needs not repeat it for each seat.
 */
static void
write_head(struct jsonw *w, const struct seat_map *map, const char *viewer)
{
	const struct uuid event = uuid_of_seat(map->event_id, 0);
	int64_t total[SHOWN__MAX] = { 0 };
	char text[UUID_TEXT];

	assert(map->event_id > 0 && map->version >= 0);
	for (size_t i = 0; i < map->n_seats; i++)
		total[show(&map->seats[i], viewer)]++;
	jsonw_uuid(w, "eventId", &event);
	jsonw_int(w, "number", map->event_id);
	jsonw_int(w, "version", map->version);
	jsonw_str(w, "currency", map->currency);
	uuid_text(&event, text)[24] = '\0'; /* the last 12 digits are the seat's */
	jsonw_str(w, "seatIdPrefix", text);
	jsonw_open(w, "statuses", '[');
	for (int i = 0; i < SHOWN__MAX; i++)
		jsonw_str(w, NULL, shown_names[i].status);
	jsonw_close(w, ']');
	jsonw_open(w, "summary", '{');
	jsonw_int(w, "total", (int64_t)map->n_seats);
	for (int i = 0; i < SHOWN__MAX; i++)
		jsonw_int(w, shown_names[i].total, total[i]);
	jsonw_close(w, '}');
}

/* Whether two seats stand in one entry of "sections": what they share is written once. */
static bool
same_block(const struct map_seat *a, const struct map_seat *b)
{
	return a->section == b->section && a->price_minor == b->price_minor &&
	       strcmp(a->tier, b->tier) == 0;
}

/*
 * Writes a seat as [no, row, number, status] and, where the plan has places, x and y. An array, for
 * a map of a large hall has tens of thousands of them.
 */
static void
write_seat(struct jsonw *w, const struct map_seat *s, const char *viewer)
{
	jsonw_open(w, NULL, '[');
	jsonw_int(w, NULL, s->no);
	jsonw_str(w, NULL, s->row);
	face_label(w, NULL, s->label);
	jsonw_int(w, NULL, show(s, viewer));
	if (s->has_xy) {
		jsonw_real(w, NULL, (double)s->x);
		jsonw_real(w, NULL, (double)s->y);
	}
	jsonw_close(w, ']');
}

/*
 * Writes seats from (included) to to (not included), which are one block. The list of accessible
 * seats is there only when there are some.
 */
static void
write_block(struct jsonw *w, const struct seat_map *map, size_t from, size_t to, const char *viewer)
{
	const struct map_seat *first = &map->seats[from];
	const struct map_section *section = &map->sections[first->section];
	char price[MONEY_TEXT];
	bool accessible = false;

	assert(from < to && to <= map->n_seats && first->section < (int32_t)map->n_sections);
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "name", section->name);
	jsonw_int(w, "subsection", section->subsection);
	jsonw_str(w, "tier", first->tier);
	jsonw_raw(w, "price", money_text(first->price_minor, map->currency, price));
	for (size_t i = from; i < to; i++)
		accessible = accessible || map->seats[i].accessible;
	if (accessible) {
		jsonw_open(w, "accessible", '[');
		for (size_t i = from; i < to; i++) {
			if (map->seats[i].accessible)
				jsonw_int(w, NULL, map->seats[i].no);
		}
		jsonw_close(w, ']');
	}
	jsonw_open(w, "seats", '[');
	for (size_t i = from; i < to; i++)
		write_seat(w, &map->seats[i], viewer);
	jsonw_close(w, ']');
	jsonw_close(w, '}');
}

char *
v1_seats_render(TALLOC_CTX *ctx, const struct seat_map *map, const char *viewer)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 1024 + map->n_seats * 32);
	jsonw_open(&w, NULL, '{');
	jsonw_bool(&w, "success", true);
	jsonw_open(&w, "data", '{');
	write_head(&w, map, viewer);
	jsonw_open(&w, "sections", '[');
	for (size_t from = 0, to; from < map->n_seats; from = to) {
		for (to = from + 1;
		     to < map->n_seats && same_block(&map->seats[from], &map->seats[to]);)
			to++;
		write_block(&w, map, from, to, viewer);
	}
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

/*
 * GET /api/v1/events/{id}/seats. A token is not needed, but shows the caller's own holds: hence
 * Vary. no-cache: a browser may keep the map, but asks each time whether it still holds.
 */
enum err
v1_event_seats(struct api *a)
{
	struct seat_map_page page;
	int32_t event;
	enum err e;

	if ((e = decode_event_arg(a, a->arg[0], &event)) != ERR_OK)
		return e;
	e = seat_map_get(a->app->maps, a->rq->ctx, event, a->who.sub,
	                 request_header(a->rq, "HTTP_IF_NONE_MATCH"), &page);
	if (e != ERR_OK)
		return e;
	assert(*page.etag == '"');
	response_header(a->rq, a->rs, "ETag", page.etag);
	response_header(a->rq, a->rs, "Cache-Control", "no-cache");
	response_header(a->rq, a->rs, "Vary", "Authorization");
	a->rs->status = page.text == NULL ? 304 : 200;
	a->rs->body = page.text;
	a->rs->body_len = page.text == NULL ? 0 : page.len;
	return ERR_OK;
}
