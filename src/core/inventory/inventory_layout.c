/*
 * The layout of an inventory: sections, seats, prices, positions. Read once and never changed, so
 * it is looked up without a lock.
 */
#include "core/inventory/inventory_impl.h"

#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "store/enums.h"
#include "store/param.h"
#include "store/transact.h"

/* The tiers met so far, by a hash of their names; free slots hold -1. */
struct tiers {
	int32_t *slot;
	size_t room; /* a power of two, at least twice as many as there can be */
};

/* Makes an empty table of tiers; inv->tiers lists their names. */
static void
open_tiers(TALLOC_CTX *ctx, struct inventory *inv, struct tiers *t)
{
	for (t->room = 16; t->room < 2 * inv->n_seats;)
		t->room *= 2;
	t->slot = talloc_array(ctx, int32_t, (unsigned)t->room);
	memset(t->slot, -1, t->room * sizeof(t->slot[0]));
	inv->tiers = talloc_array(inv, const char *, (unsigned)inv->n_seats);
}

/* The number of a tier, from 0; a new one when it was not met before. */
static int32_t
find_tier(struct inventory *inv, struct tiers *t, const char *name)
{
	size_t at = hash_text(name) & (t->room - 1);

	while (t->slot[at] >= 0 && strcmp(inv->tiers[t->slot[at]], name) != 0)
		at = (at + 1) & (t->room - 1);
	if (t->slot[at] < 0) {
		assert(inv->n_tiers < inv->n_seats);
		t->slot[at] = (int32_t)inv->n_tiers;
		inv->tiers[inv->n_tiers++] = talloc_strdup(inv->tiers, name);
	}
	assert(t->slot[at] < (int32_t)inv->n_tiers);
	return t->slot[at];
}

static void
read_sections(struct inventory *inv, const struct rows *rows)
{
	inv->n_sections = (size_t)rows_count(rows);
	inv->sections = talloc_array(inv, struct inventory_section, (unsigned)inv->n_sections);
	for (int r = 0; r < (int)inv->n_sections; r++) {
		inv->sections[r] = (struct inventory_section){
			.no = row_i32(rows, r, MAP_SECTIONS_NO),
			.name = talloc_strdup(inv->sections, row_text(rows, r, MAP_SECTIONS_NAME)),
			.subsection = row_i32(rows, r, MAP_SECTIONS_SUBSECTION),
			.rows = row_i32(rows, r, MAP_SECTIONS_ROWS),
			.cols = row_i32(rows, r, MAP_SECTIONS_COLS),
			.price_minor = row_null(rows, r, MAP_SECTIONS_PRICE)
			                   ? -1
			                   : row_i32(rows, r, MAP_SECTIONS_PRICE),
		};
	}
}

/* Bytes that the positions of all seats take, with their ends. */
static size_t
text_size(const struct rows *rows)
{
	size_t size = 0;

	for (int r = 0; r < rows_count(rows); r++)
		size += strlen(row_text(rows, r, INVENTORY_SEATS_ROW_LABEL)) +
		        strlen(row_text(rows, r, INVENTORY_SEATS_LABEL)) + 2;
	return size;
}

/* Reads the seat of row r; its position is put into the text from *used on. */
static void
read_seat(struct inventory *inv, const struct rows *rows, int r, struct tiers *tiers, size_t room,
          size_t *used)
{
	const char *row_label = row_text(rows, r, INVENTORY_SEATS_ROW_LABEL);
	const char *label = row_text(rows, r, INVENTORY_SEATS_LABEL);
	struct layout_seat *seat = &inv->seats[r];

	*seat = (struct layout_seat){
		.price_minor = row_i32(rows, r, INVENTORY_SEATS_PRICE),
		.position = (int32_t)*used,
		.label = (int32_t)(*used + strlen(row_label) + 1),
		.row = row_i32(rows, r, INVENTORY_SEATS_ROW),
		.section = (int16_t)row_i32(rows, r, INVENTORY_SEATS_SECTION),
		.tier = find_tier(inv, tiers, row_text(rows, r, INVENTORY_SEATS_TIER)),
		.accessible = row_bool(rows, r, INVENTORY_SEATS_ACCESSIBLE),
	};
	*used += (size_t)snprintf(inv->text + *used, room - *used, "%s-%s", row_label, label) + 1;
	assert(*used <= room); /* text_size */
	if (isdigit((unsigned char)*row_label))
		inv->sections[seat->section - 1].numbered = true;
}

/* Where the seat of row r is, for seat choice; whether the plan has coordinates of it. */
static bool
read_spot(const struct layout_seat *seat, const struct rows *rows, int r, struct seat_spot *out)
{
	const bool placed = !row_null(rows, r, INVENTORY_SEATS_X) &&
	                    !row_null(rows, r, INVENTORY_SEATS_Y);

	*out = (struct seat_spot){
		.no = row_i32(rows, r, INVENTORY_SEATS_NO),
		.section = seat->section,
		.row = seat->row,
		.col = row_i32(rows, r, INVENTORY_SEATS_COL),
		.tier = seat->tier,
		.accessible = seat->accessible,
		.x = placed ? (float)row_real(rows, r, INVENTORY_SEATS_X) : 0,
		.y = placed ? (float)row_real(rows, r, INVENTORY_SEATS_Y) : 0,
	};
	return placed;
}

/* For qsort_r: by section, position, number. */
static int
compare_positions(const void *a, const void *b, void *arg)
{
	const struct inventory *inv = arg;
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	const struct layout_seat *s = &inv->seats[x - 1], *t = &inv->seats[y - 1];
	int c = s->section - t->section;

	if (c == 0)
		c = strcmp(inv->text + s->position, inv->text + t->position);
	return c != 0 ? c : x - y;
}

/* Whether rows are all of an event's seats: numbered 1, 2, 3 …, in sections that exist. */
static bool
is_whole(const struct inventory *inv, const struct rows *rows)
{
	for (int r = 0; r < rows_count(rows); r++) {
		const int32_t section = row_i32(rows, r, INVENTORY_SEATS_SECTION);

		if (row_i32(rows, r, INVENTORY_SEATS_NO) != r + 1 || section < 1 ||
		    (size_t)section > inv->n_sections)
			return false;
	}
	return rows_count(rows) > 0;
}

/* Takes the rows of all seats over: the layout, and a state in which none is known to be free. */
static void
take_seats(TALLOC_CTX *tmp, struct inventory *inv, const struct rows *rows)
{
	const size_t n = (size_t)rows_count(rows), room = text_size(rows);
	struct seat_spot *spots = talloc_array(tmp, struct seat_spot, (unsigned)n);
	struct tiers tiers;
	bool has_xy = true;
	size_t used = 0;

	assert(n > 0 && inv->seats == NULL);
	inv->n_seats = n;
	inv->seats = talloc_array(inv, struct layout_seat, (unsigned)n);
	inv->text = talloc_array(inv, char, (unsigned)room);
	inv->by_position = talloc_array(inv, int32_t, (unsigned)n);
	open_tiers(tmp, inv, &tiers);
	for (int r = 0; r < (int)n; r++) {
		read_seat(inv, rows, r, &tiers, room, &used);
		has_xy = read_spot(&inv->seats[r], rows, r, &spots[r]) && has_xy;
		inv->by_position[r] = r + 1;
	}
	qsort_r(inv->by_position, n, sizeof(int32_t), compare_positions, inv);
	inventory_state_init(&inv->state, inv, seats_new(inv, spots, n, has_xy), n);
}

enum err
inventory_layout_read(struct inventory *inv, struct pool *pool)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	const char *event = param_int(tmp, inv->event_id);
	const struct call calls[] = {
		{ STMT_GET_EVENT, { event } },
		{ STMT_MAP_SECTIONS, { event } },
		{ STMT_INVENTORY_SEATS, { event } },
	};
	struct rows *rows[3];
	enum err e;

	assert(pool != NULL && inv->seats == NULL);
	e = transact_read(pool, tmp, calls, 3, rows);

	if (e == ERR_OK && rows_count(rows[0]) == 0)
		e = ERR_EVENT_NOT_FOUND;
	if (e == ERR_OK) {
		read_sections(inv, rows[1]);
		if (is_whole(inv, rows[2])) {
			take_seats(tmp, inv, rows[2]);
		} else if (event_status_parse(row_text(rows[0], 0, GET_EVENT_STATUS)) !=
		           EVENT_ON_SALE) {
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
inventory_resolve(const struct inventory *inv, TALLOC_CTX *ctx, const struct wish *wish,
                  struct party *out, const struct inventory_section **only_section,
                  const char **field)
{
	bool *sections = NULL;
	size_t n = 0;

	assert(inv->state.seats != NULL && wish != NULL);
	*only_section = NULL;
	*out = (struct party){ .quantity = wish->quantity,
		               .tier = SEATS_ANY_TIER,
		               .accessible = wish->accessible };
	if (wish->section != NULL || wish->subsection != 0)
		sections = talloc_zero_array(ctx, bool, (unsigned)inv->n_sections + 1);
	for (size_t i = 0; sections != NULL && i < inv->n_sections; i++) {
		const struct inventory_section *s = &inv->sections[i];

		if ((wish->section != NULL && strcmp(wish->section, s->name) != 0) ||
		    (wish->subsection != 0 && wish->subsection != s->subsection))
			continue;
		sections[s->no] = true;
		*only_section = s;
		n++;
	}
	out->sections = sections;
	for (size_t i = 0; wish->tier != NULL && i < inv->n_tiers; i++) {
		if (strcmp(wish->tier, inv->tiers[i]) == 0)
			out->tier = (int32_t)i;
	}
	*field = sections != NULL && n == 0 ? (wish->section != NULL ? "section" : "subsection")
	         : wish->tier != NULL && out->tier == SEATS_ANY_TIER ? "tier"
	                                                             : NULL;
	if (n > 1)
		*only_section = NULL;
	return *field == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}

/* Whether the seat before or behind this one in the order of positions is at the same one. */
static bool
is_repeated(const struct inventory *inv, size_t at)
{
	const struct layout_seat *s = &inv->seats[inv->by_position[at] - 1];

	assert(at < inv->n_seats);
	for (size_t other = at == 0 ? 1 : at - 1; other <= at + 1 && other < inv->n_seats;
	     other++) {
		const struct layout_seat *t = &inv->seats[inv->by_position[other] - 1];

		if (other != at && t->section == s->section &&
		    strcmp(inv->text + t->position, inv->text + s->position) == 0)
			return true;
	}
	return false;
}

/* The seat of a section at a position as printed; 0: none, or more than one. */
static int32_t
seat_as_printed(const struct inventory *inv, int16_t section, const char *position)
{
	size_t low = 0, high = inv->n_seats;

	while (low < high) {
		const size_t mid = (low + high) / 2;
		const struct layout_seat *s = &inv->seats[inv->by_position[mid] - 1];
		int c = s->section - section;

		if (c == 0)
			c = strcmp(inv->text + s->position, position);
		if (c == 0)
			return is_repeated(inv, mid) ? 0 : inv->by_position[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/* The seat of a label in a row given by its number; seats are sorted by section and row. */
static int32_t
seat_of_row(const struct inventory *inv, int16_t section, long row, const char *label)
{
	size_t low = 0, high = inv->n_seats;

	while (low < high) {
		const size_t mid = (low + high) / 2;
		const struct layout_seat *s = &inv->seats[mid];

		if (s->section < section || (s->section == section && s->row < row))
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < inv->n_seats; low++) {
		const struct layout_seat *s = &inv->seats[low];

		if (s->section != section || s->row != row)
			return 0;
		if (strcmp(inv->text + s->label, label) == 0)
			return (int32_t)low + 1;
	}
	return 0;
}

int32_t
inventory_seat(const struct inventory *inv, const struct inventory_section *section,
               const char *position)
{
	int32_t no = seat_as_printed(inv, (int16_t)section->no, position);
	char *end;
	long row;

	assert(section != NULL && position != NULL);
	if (no != 0 || section->numbered || *position < '1' || *position > '9')
		return no;
	row = strtol(position, &end, 10);
	return *end == '-' ? seat_of_row(inv, (int16_t)section->no, row, end + 1) : 0;
}

int32_t
inventory_price(const struct inventory *inv, int32_t no)
{
	assert(no >= 1 && (size_t)no <= inv->n_seats);
	return inv->seats[no - 1].price_minor;
}

int32_t
inventory_price_least(const struct inventory *inv, const struct party *party)
{
	int32_t least = INT32_MAX;

	for (size_t i = 0; i < inv->n_seats; i++) {
		if (inventory_state_fits(&inv->seats[i], party, false) &&
		    inv->seats[i].price_minor < least)
			least = inv->seats[i].price_minor;
	}
	return least == INT32_MAX ? 0 : least;
}
