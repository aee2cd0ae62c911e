#include "core/house.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/shared.h"
#include "store/param.h"

#define HOUSES_MOST    256
#define GOOD_US        (US_PER_S / 2) /* without news a house is read again: other hosts */
#define COST_FACTOR    4              /* reading may take a fifth of the time, not more */
#define SOLD_PER_S     20000          /* nobody sells seats faster than this */

/* What keeps a seat from being chosen that may be free. */
enum claim {
	CLAIM_NONE,
	CLAIM_PROMISED, /* to a batch under way */
	CLAIM_LOST,     /* somebody else got there first: it is his for the time being */
};

struct house {
	struct houses *all;
	int32_t event_id;
	bool reading;     /* a thread reads its layout; guarded by all->mutex, as the next two */
	int pins;
	int64_t used_us;
	/* The layout: as it is for ever. */
	struct house_section *sections; /* by number, from 1 without holes */
	size_t n_sections;
	const char **tiers;
	size_t n_tiers;
	size_t n_seats; /* numbered from 1 without holes */
	struct house_seat {
		int32_t price_minor;
		int32_t position; /* "row-seat" in `text` … */
		int32_t label;    /* … and "seat" */
		int32_t row;
		int16_t section, tier;
		bool accessible;
	} *facts;
	char *text;
	int32_t *by_position; /* seat numbers, by section and position */
	/* What is known of the seats; guarded by mutex. */
	pthread_mutex_t mutex;
	struct seats *seats;
	uint8_t *claim;       /* enum claim */
	size_t n_promised, n_lost;
	uint32_t *noted;      /* how many readings had begun when this process took it */
	uint32_t begun;       /* readings that have begun … */
	uint32_t known;       /* … and the newest that was taken over; 0: none */
	uint64_t own;         /* changes by this process so far … */
	uint64_t others;      /* … and by others as of that reading: shared_event_version - own */
	int64_t read_us, cost_us, lapse_us; /* monotonic: begun, how long; next lapse, or -1 */
};

struct houses {
	pthread_mutex_t mutex;
	pthread_cond_t read;
	struct pool *pool;
	size_t room, used; /* seats */
	struct house *house[HOUSES_MOST];
	size_t n;
};

static int
houses_free(struct houses *all)
{
	for (size_t i = 0; i < all->n; i++)
		talloc_free(all->house[i]);
	pthread_cond_destroy(&all->read);
	pthread_mutex_destroy(&all->mutex);
	return 0;
}

struct houses *
houses_new(TALLOC_CTX *ctx, struct pool *pool, size_t room)
{
	struct houses *all = talloc_zero(ctx, struct houses);

	pthread_mutex_init(&all->mutex, NULL);
	pthread_cond_init(&all->read, NULL);
	all->pool = pool;
	all->room = room;
	talloc_set_destructor(all, houses_free);
	return all;
}

/* --- the layout --- */

static int16_t
find_tier(struct house *h, const char *name)
{
	for (size_t i = 0; i < h->n_tiers; i++) {
		if (strcmp(h->tiers[i], name) == 0)
			return (int16_t)i;
	}
	h->tiers = talloc_realloc(h, h->tiers, const char *, (unsigned)h->n_tiers + 1);
	h->tiers[h->n_tiers] = talloc_strdup(h->tiers, name);
	return (int16_t)h->n_tiers++;
}

static void
read_sections(struct house *h, const struct rows *rows)
{
	h->n_sections = (size_t)rows_count(rows);
	h->sections = talloc_array(h, struct house_section, (unsigned)h->n_sections);
	for (int r = 0; r < (int)h->n_sections; r++)
		h->sections[r] = (struct house_section){
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
read_seats(struct house *h, const struct rows *rows, struct seat_spot *spots, bool *has_xy)
{
	size_t room = 0, used = 0;

	for (int r = 0; r < (int)h->n_seats; r++)
		room += strlen(row_text(rows, r, 4)) + strlen(row_text(rows, r, 5)) + 2;
	h->text = talloc_array(h, char, (unsigned)room);
	*has_xy = h->n_seats > 0;
	for (int r = 0; r < (int)h->n_seats; r++) {
		struct house_seat *f = &h->facts[r];
		bool placed = !row_null(rows, r, 9) && !row_null(rows, r, 10);

		*f = (struct house_seat){ .price_minor = row_i32(rows, r, 7),
			                      .position = (int32_t)used,
			                      .label = (int32_t)(used + strlen(row_text(rows, r, 4)) + 1),
			                      .row = row_i32(rows, r, 2),
			                      .section = (int16_t)row_i32(rows, r, 1),
			                      .tier = find_tier(h, row_text(rows, r, 6)),
			                      .accessible = row_bool(rows, r, 8) };
		used += (size_t)snprintf(h->text + used, room - used, "%s-%s", row_text(rows, r, 4),
		                         row_text(rows, r, 5)) + 1;
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
	const struct house *h = arg;
	const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;
	const struct house_seat *s = &h->facts[x - 1], *t = &h->facts[y - 1];
	int c = s->section - t->section;

	if (c == 0)
		c = strcmp(h->text + s->position, h->text + t->position);
	return c != 0 ? c : x - y;
}

static enum err
read_layout(struct house *h)
{
	TALLOC_CTX *tmp = talloc_new(NULL);
	const char *event = param_int(tmp, h->event_id);
	const struct call calls[] = {
		{ STMT_GET_EVENT, { event } },
		{ STMT_MAP_SECTIONS, { event } },
		{ STMT_HOUSE_SEATS, { event } },
	};
	struct rows *rows[3];
	struct seat_spot *spots;
	bool has_xy;
	enum err e = pool_read(h->all->pool, tmp, calls, 3, rows);

	if (e == ERR_OK && rows_count(rows[0]) == 0)
		e = ERR_EVENT_NOT_FOUND;
	if (e == ERR_OK) {
		h->n_seats = (size_t)rows_count(rows[2]);
		h->facts = talloc_array(h, struct house_seat, (unsigned)h->n_seats);
		h->by_position = talloc_array(h, int32_t, (unsigned)h->n_seats);
		h->claim = talloc_zero_array(h, uint8_t, (unsigned)h->n_seats);
		h->noted = talloc_zero_array(h, uint32_t, (unsigned)h->n_seats);
		spots = talloc_array(tmp, struct seat_spot, (unsigned)h->n_seats);
		read_sections(h, rows[1]);
		read_seats(h, rows[2], spots, &has_xy);
		for (size_t i = 0; i < h->n_seats; i++)
			h->by_position[i] = (int32_t)i + 1;
		qsort_r(h->by_position, h->n_seats, sizeof(int32_t), compare_positions, h);
		h->seats = seats_new(h, spots, h->n_seats, has_xy);
	}
	talloc_free(tmp);
	return e;
}

/* --- finding and keeping houses; all->mutex is held --- */

static struct house *
find_house(struct houses *all, int32_t event_id)
{
	for (size_t i = 0; i < all->n; i++) {
		if (all->house[i]->event_id == event_id)
			return all->house[i];
	}
	return NULL;
}

static void
remove_house(struct houses *all, struct house *h)
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
make_room(struct houses *all)
{
	while (all->used > all->room || all->n == HOUSES_MOST) {
		struct house *oldest = NULL;

		for (size_t i = 0; i < all->n; i++) {
			struct house *h = all->house[i];

			if (h->pins == 0 && (oldest == NULL || h->used_us < oldest->used_us))
				oldest = h;
		}
		if (oldest == NULL)
			return;
		remove_house(all, oldest);
	}
}

static int
house_free_mutex(struct house *h)
{
	pthread_mutex_destroy(&h->mutex);
	return 0;
}

/* A house that is being read; the mutex is let go meanwhile. */
static enum err
add_house(struct houses *all, int32_t event_id, struct house **out)
{
	struct house *h;
	enum err e;

	make_room(all);
	if (all->n == HOUSES_MOST)
		return ERR_UNAVAILABLE;
	h = talloc_zero(NULL, struct house);
	h->all = all;
	h->event_id = event_id;
	h->pins = 1;
	h->reading = true;
	h->lapse_us = -1;
	pthread_mutex_init(&h->mutex, NULL);
	talloc_set_destructor(h, house_free_mutex);
	all->house[all->n++] = h;
	pthread_mutex_unlock(&all->mutex);
	e = read_layout(h);
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
house_open(struct houses *all, int32_t event_id, struct house **out)
{
	struct house *h;
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
house_close(struct house *h)
{
	if (h == NULL)
		return;
	struct houses *all = h->all;

	pthread_mutex_lock(&all->mutex);
	h->pins--;
	make_room(all);
	pthread_mutex_unlock(&all->mutex);
}

/* --- the layout's answers --- */

enum err
house_party(const struct house *h, TALLOC_CTX *ctx, const struct wish *wish, struct party *out,
            const struct house_section **place, const char **field)
{
	bool *sections = NULL;
	size_t n = 0;

	*place = NULL;
	*out = (struct party){ .quantity = wish->quantity, .tier = -1, .accessible = wish->accessible };
	if (wish->section != NULL || wish->subsection != 0)
		sections = talloc_zero_array(ctx, bool, (unsigned)h->n_sections + 1);
	for (size_t i = 0; sections != NULL && i < h->n_sections; i++) {
		const struct house_section *s = &h->sections[i];

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
	*field = sections != NULL && n == 0                ? (wish->section != NULL ? "section" : "subsection")
	         : wish->tier != NULL && out->tier == -1 ? "tier"
	                                                 : NULL;
	if (n > 1)
		*place = NULL;
	return *field == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}

static int32_t
seat_as_printed(const struct house *h, int16_t section, const char *position)
{
	size_t low = 0, high = h->n_seats;

	while (low < high) {
		const size_t mid = (low + high) / 2;
		const struct house_seat *s = &h->facts[h->by_position[mid] - 1];
		int c = s->section - section;

		if (c == 0)
			c = strcmp(h->text + s->position, position);
		if (c == 0)
			return h->by_position[mid];
		if (c < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return 0;
}

/* The seat of a label in a row given by its number; seats are sorted by section and row. */
static int32_t
seat_of_row(const struct house *h, int16_t section, long row, const char *label)
{
	size_t low = 0, high = h->n_seats;

	while (low < high) {
		const size_t mid = (low + high) / 2;
		const struct house_seat *s = &h->facts[mid];

		if (s->section < section || (s->section == section && s->row < row))
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < h->n_seats; low++) {
		const struct house_seat *s = &h->facts[low];

		if (s->section != section || s->row != row)
			return 0;
		if (strcmp(h->text + s->label, label) == 0)
			return (int32_t)low + 1;
	}
	return 0;
}

int32_t
house_seat(const struct house *h, const struct house_section *place, const char *position)
{
	int32_t no = seat_as_printed(h, (int16_t)place->no, position);
	char *end;
	long row;

	if (no != 0 || *position < '1' || *position > '9')
		return no;
	row = strtol(position, &end, 10);
	return *end == '-' ? seat_of_row(h, (int16_t)place->no, row, end + 1) : 0;
}

int32_t
house_price(const struct house *h, int32_t no)
{
	return h->facts[no - 1].price_minor;
}

/* Whether a seat fits a party's wishes, free or not. */
static bool
fits(const struct house_seat *s, const struct party *party, bool any_access)
{
	return (party->sections == NULL || party->sections[s->section]) &&
	       (party->tier == SEATS_ANY_TIER || party->tier == s->tier) &&
	       (any_access || party->accessible == s->accessible);
}

int32_t
house_price_least(const struct house *h, const struct party *party)
{
	int32_t least = INT32_MAX;

	for (size_t i = 0; i < h->n_seats; i++) {
		if (fits(&h->facts[i], party, false) && h->facts[i].price_minor < least)
			least = h->facts[i].price_minor;
	}
	return least == INT32_MAX ? 0 : least;
}

/* --- what is known of the seats --- */

/* Whether what is known may be out of date; h->mutex is held. */
static bool
is_stale(const struct house *h, int64_t now_us)
{
	return h->known == 0 || shared_event_version(h->event_id) != h->others + h->own ||
	       now_us - h->read_us > GOOD_US || (h->lapse_us >= 0 && now_us >= h->lapse_us);
}

/* Whether it must be read before it is used. */
static bool
must_read(struct house *h, enum house_want want, const struct party *party, int64_t since_us)
{
	const int64_t now_us = clock_mono_us(), age_us = now_us - h->read_us;

	if (h->known == 0)
		return true;
	if (want == HOUSE_LAST_WORD)
		return h->read_us < since_us && (h->n_lost > 0 || is_stale(h, now_us));
	if (!is_stale(h, now_us) && !(want == HOUSE_COUNT && h->n_lost > 0))
		return false;
	if (want == HOUSE_CHOICE)
		return age_us > COST_FACTOR * h->cost_us;
	return (int64_t)seats_count(h->seats, party) < party->quantity + age_us * SOLD_PER_S / US_PER_S;
}

/* Changes what a seat is claimed for; h->mutex is held. */
static void
set_claim(struct house *h, size_t i, enum claim claim)
{
	h->n_promised -= h->claim[i] == CLAIM_PROMISED;
	h->n_lost -= h->claim[i] == CLAIM_LOST;
	h->claim[i] = (uint8_t)claim;
	h->n_promised += claim == CLAIM_PROMISED;
	h->n_lost += claim == CLAIM_LOST;
}

/* Takes a reading over, except where this process knows better by now. */
static void
take_over(struct house *h, uint32_t reading, const int32_t *taken, size_t n)
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
house_refresh(struct house *h, struct db *db, TALLOC_CTX *ctx, enum house_want want,
              const struct party *party, int64_t since_us)
{
	const struct call call = { STMT_HOUSE_TAKEN, { param_int(ctx, h->event_id) } };
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
count_claimed(const struct house *h, const struct party *party, bool any_access)
{
	size_t n = 0;

	for (size_t i = 0, left = h->n_promised + h->n_lost; left > 0; i++) {
		const bool is_claimed = h->claim[i] != CLAIM_NONE;

		left -= is_claimed;
		n += is_claimed && fits(&h->facts[i], party, any_access);
	}
	return n;
}

bool
house_has_room(struct house *h, const struct party *party, bool any_access)
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
house_choose(struct house *h, const struct party *party, int32_t *out)
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
house_settle(struct house *h, const int32_t *seats, size_t n, bool booked, const int32_t *lost,
             size_t n_lost, bool stays)
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
houses_taken(struct houses *all, int32_t event_id, const int32_t *seats, size_t n)
{
	struct house *h;

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
	house_close(h);
}
