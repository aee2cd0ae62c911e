#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "core/inventory/inventory_impl.h"
#include "store/param.h"
#include "store/enums.h"
#include "store/transact.h"

/* The layout of a house: read once, and then as it is for ever. */

/* The tiers met so far, by a hash of their names; free slots hold -1. */
struct tiers {
	int32_t *slot;
	size_t room; /* a power of two, at least twice as many as there can be */
};

static void
open_tiers(TALLOC_CTX *ctx, struct inventory *h, struct tiers *t)
{
	for (t->room = 16; t->room < 2 * h->n_seats;)
		t->room *= 2;
	t->slot = talloc_array(ctx, int32_t, (unsigned)t->room);
	memset(t->slot, -1, t->room * sizeof(t->slot[0]));
	h->tiers = talloc_array(h, const char *, (unsigned)h->n_seats);
}

static int32_t
find_tier(struct inventory *h, struct tiers *t, const char *name)
{
	size_t at = hash_text(name) & (t->room - 1);

	while (t->slot[at] >= 0 && strcmp(h->tiers[t->slot[at]], name) != 0)
		at = (at + 1) & (t->room - 1);
	if (t->slot[at] < 0) {
		t->slot[at] = (int32_t)h->n_tiers;
		h->tiers[h->n_tiers++] = talloc_strdup(h->tiers, name);
	}
	return t->slot[at];
}

static void
read_sections(struct inventory *h, const struct rows *rows)
{
	h->n_sections = (size_t)rows_count(rows);
	h->sections = talloc_array(h, struct inventory_section, (unsigned)h->n_sections);
	for (int r = 0; r < (int)h->n_sections; r++)
		h->sections[r] = (struct inventory_section){
			.no = row_i32(rows, r, 0),
			.name = talloc_strdup(h->sections, row_text(rows, r, 1)),
			.subsection = row_i32(rows, r, 2),
			.rows = row_i32(rows, r, 3),
			.cols = row_i32(rows, r, 4),
			.price_minor = row_null(rows, r, 5) ? -1 : row_i32(rows, r, 5),
		};
}

/* Reads the seats, and leaves their places in spots. */
static void
read_seats(struct inventory *h, const struct rows *rows, struct tiers *tiers,
           struct seat_spot *spots, bool *has_xy)
{
	size_t room = 0, used = 0;

	for (int r = 0; r < (int)h->n_seats; r++)
		room += strlen(row_text(rows, r, 4)) + strlen(row_text(rows, r, 5)) + 2;
	h->text = talloc_array(h, char, (unsigned)room);
	*has_xy = h->n_seats > 0;
	for (int r = 0; r < (int)h->n_seats; r++) {
		struct inventory_seat *f = &h->facts[r];
		bool placed = !row_null(rows, r, 9) && !row_null(rows, r, 10);

		*f = (struct inventory_seat){ .price_minor = row_i32(rows, r, 7),
			                      .position = (int32_t)used,
			                      .label = (int32_t)(used +
			                                         strlen(row_text(rows, r, 4)) + 1),
			                      .row = row_i32(rows, r, 2),
			                      .section = (int16_t)row_i32(rows, r, 1),
			                      .tier = find_tier(h, tiers, row_text(rows, r, 6)),
			                      .accessible = row_bool(rows, r, 8) };
		used += (size_t)snprintf(h->text + used, room - used, "%s-%s", row_text(rows, r, 4),
		                         row_text(rows, r, 5)) +
		        1;
		if (isdigit((unsigned char)*row_text(rows, r, 4)))
			h->sections[f->section - 1].numbered = true;
		spots[r] = (struct seat_spot){ .no = row_i32(rows, r, 0),
			                       .section = f->section,
			                       .row = f->row,
			                       .col = row_i32(rows, r, 3),
			                       .tier = f->tier,
			                       .accessible = f->accessible,
			                       .x = placed ? (float)row_real(rows, r, 9) : 0,
			                       .y = placed ? (float)row_real(rows, r, 10) : 0 };
		*has_xy = *has_xy && placed;
	}
}

/* For qsort_r: by section, position, number. */
static int
compare_positions(const void *a, const void *b, void *arg)
{
	const struct inventory *h = arg;
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	const struct inventory_seat *s = &h->facts[x - 1], *t = &h->facts[y - 1];
	int c = s->section - t->section;

	if (c == 0)
		c = strcmp(h->text + s->position, h->text + t->position);
	return c != 0 ? c : x - y;
}

/* Whether rows are the whole of an event's seats: numbered 1, 2, 3 …, in sections that there are. */
static bool
is_whole(const struct inventory *h, const struct rows *rows)
{
	for (int r = 0; r < rows_count(rows); r++) {
		if (row_i32(rows, r, 0) != r + 1 || row_i32(rows, r, 1) < 1 ||
		    (size_t)row_i32(rows, r, 1) > h->n_sections)
			return false;
	}
	return rows_count(rows) > 0;
}

static void
take_seats(TALLOC_CTX *tmp, struct inventory *h, const struct rows *rows)
{
	struct seat_spot *spots;
	struct tiers tiers;
	bool has_xy;

	h->n_seats = (size_t)rows_count(rows);
	h->facts = talloc_array(h, struct inventory_seat, (unsigned)h->n_seats);
	h->by_position = talloc_array(h, int32_t, (unsigned)h->n_seats);
	h->claim = talloc_zero_array(h, uint8_t, (unsigned)h->n_seats);
	h->noted = talloc_zero_array(h, uint32_t, (unsigned)h->n_seats);
	spots = talloc_array(tmp, struct seat_spot, (unsigned)h->n_seats);
	open_tiers(tmp, h, &tiers);
	read_seats(h, rows, &tiers, spots, &has_xy);
	for (size_t i = 0; i < h->n_seats; i++)
		h->by_position[i] = (int32_t)i + 1;
	qsort_r(h->by_position, h->n_seats, sizeof(int32_t), compare_positions, h);
	h->seats = seats_new(h, spots, h->n_seats, has_xy);
}

enum err
inventory_read_layout(struct inventory *h, struct pool *pool)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	const char *event = param_int(tmp, h->event_id);
	const struct call calls[] = {
		{ STMT_GET_EVENT, { event } },
		{ STMT_MAP_SECTIONS, { event } },
		{ STMT_INVENTORY_SEATS, { event } },
	};
	struct rows *rows[3];
	enum err e = transact_read(pool, tmp, calls, 3, rows);

	if (e == ERR_OK && rows_count(rows[0]) == 0)
		e = ERR_EVENT_NOT_FOUND;
	if (e == ERR_OK) {
		read_sections(h, rows[1]);
		if (is_whole(h, rows[2])) {
			take_seats(tmp, h, rows[2]);
		} else if (event_status_parse(row_text(rows[0], 0, 9)) != EVENT_ON_SALE) {
			e = ERR_EVENT_NOT_ON_SALE; /* it may be on its way to the archive */
		} else {
			log_line(LOG_ERROR, "an event's seats are not all there", "event", event,
			         NULL);
			e = ERR_EVENT_NOT_FOUND; /* there is nothing to choose from */
		}
	}
	talloc_free(tmp);
	return e;
}

enum err
inventory_resolve(const struct inventory *h, TALLOC_CTX *ctx, const struct wish *wish,
                  struct party *out, const struct inventory_section **place, const char **field)
{
	bool *sections = NULL;
	size_t n = 0;

	*place = NULL;
	*out = (struct party){ .quantity = wish->quantity,
		               .tier = -1,
		               .accessible = wish->accessible };
	if (wish->section != NULL || wish->subsection != 0)
		sections = talloc_zero_array(ctx, bool, (unsigned)h->n_sections + 1);
	for (size_t i = 0; sections != NULL && i < h->n_sections; i++) {
		const struct inventory_section *s = &h->sections[i];

		if ((wish->section != NULL && strcmp(wish->section, s->name) != 0) ||
		    (wish->subsection != 0 && wish->subsection != s->subsection))
			continue;
		sections[s->no] = true;
		*place = s;
		n++;
	}
	out->sections = sections;
	for (size_t i = 0; wish->tier != NULL && i < h->n_tiers; i++) {
		if (strcmp(wish->tier, h->tiers[i]) == 0)
			out->tier = (int32_t)i;
	}
	*field = sections != NULL && n == 0 ? (wish->section != NULL ? "section" : "subsection")
	         : wish->tier != NULL && out->tier == -1 ? "tier"
	                                                 : NULL;
	if (n > 1)
		*place = NULL;
	return *field == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}

/* Whether the seat before or behind it in the order of positions is at the same one. */
static bool
is_repeated(const struct inventory *h, size_t at)
{
	const struct inventory_seat *s = &h->facts[h->by_position[at] - 1];

	for (size_t other = at == 0 ? 1 : at - 1; other <= at + 1 && other < h->n_seats; other++) {
		const struct inventory_seat *t = &h->facts[h->by_position[other] - 1];

		if (other != at && t->section == s->section &&
		    strcmp(h->text + t->position, h->text + s->position) == 0)
			return true;
	}
	return false;
}

static int32_t
seat_as_printed(const struct inventory *h, int16_t section, const char *position)
{
	size_t low = 0, high = h->n_seats;

	while (low < high) {
		const size_t mid = (low + high) / 2;
		const struct inventory_seat *s = &h->facts[h->by_position[mid] - 1];
		int c = s->section - section;

		if (c == 0)
			c = strcmp(h->text + s->position, position);
		if (c == 0)
			return is_repeated(h, mid) ? 0 : h->by_position[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/* The seat of a label in a row given by its number; seats are sorted by section and row. */
static int32_t
seat_of_row(const struct inventory *h, int16_t section, long row, const char *label)
{
	size_t low = 0, high = h->n_seats;

	while (low < high) {
		const size_t mid = (low + high) / 2;
		const struct inventory_seat *s = &h->facts[mid];

		if (s->section < section || (s->section == section && s->row < row))
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < h->n_seats; low++) {
		const struct inventory_seat *s = &h->facts[low];

		if (s->section != section || s->row != row)
			return 0;
		if (strcmp(h->text + s->label, label) == 0)
			return (int32_t)low + 1;
	}
	return 0;
}

int32_t
inventory_seat(const struct inventory *h, const struct inventory_section *place,
               const char *position)
{
	int32_t no = seat_as_printed(h, (int16_t)place->no, position);
	char *end;
	long row;

	if (no != 0 || place->numbered || *position < '1' || *position > '9')
		return no;
	row = strtol(position, &end, 10);
	return *end == '-' ? seat_of_row(h, (int16_t)place->no, row, end + 1) : 0;
}

int32_t
inventory_price(const struct inventory *h, int32_t no)
{
	return h->facts[no - 1].price_minor;
}

bool
inventory_fits(const struct inventory_seat *s, const struct party *party, bool any_access)
{
	return (party->sections == NULL || party->sections[s->section]) &&
	       (party->tier == SEATS_ANY_TIER || party->tier == s->tier) &&
	       (any_access || party->accessible == s->accessible);
}

int32_t
inventory_price_least(const struct inventory *h, const struct party *party)
{
	int32_t least = INT32_MAX;

	for (size_t i = 0; i < h->n_seats; i++) {
		if (inventory_fits(&h->facts[i], party, false) && h->facts[i].price_minor < least)
			least = h->facts[i].price_minor;
	}
	return least == INT32_MAX ? 0 : least;
}
