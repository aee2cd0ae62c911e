/* Sets of texts, each with a number: what tells a repeated name, and finds the first of it. */
#include "core/plan/plan_names.h"

#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "base/ids.h"

#define NAMES_FIRST 64 /* places of a fresh set; a power of two */

/* Room for one text. */
struct name_place {
	const char *text; /* NULL: free */
	uint64_t hash;
	size_t number;
};

/* Open addressing, at most half full. */
struct plan_names {
	uint64_t seed; /* drawn anew each time, so that a document cannot be made to collide */
	size_t n, room;
	struct name_place *places;
};

struct plan_names *
plan_names_new(TALLOC_CTX *ctx)
{
	struct plan_names *names = talloc_zero(ctx, struct plan_names);

	random_bytes(&names->seed, sizeof(names->seed));
	names->room = NAMES_FIRST;
	names->places = talloc_zero_array(names, struct name_place, NAMES_FIRST);
	assert((names->room & (names->room - 1)) == 0);
	return names;
}

/* Mixed with the seed; the top bits reach the bottom ones, which choose the place. */
static uint64_t
names_hash(const struct plan_names *names, const char *text)
{
	uint64_t h = names->seed;

	assert(text != NULL);
	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* The place of a text, or the free one where it belongs. */
static struct name_place *
names_place(const struct plan_names *names, const char *text, uint64_t hash)
{
	size_t i = (size_t)hash & (names->room - 1);

	assert(names->n < names->room); /* a free place ends the search */
	while (names->places[i].text != NULL &&
	       (names->places[i].hash != hash || strcmp(names->places[i].text, text) != 0))
		i = (i + 1) & (names->room - 1);
	return &names->places[i];
}

/* Doubles the room, and puts every text in its place there. */
static void
names_grow(struct plan_names *names)
{
	struct name_place *old = names->places;
	size_t n_old = names->room;

	names->room *= 2;
	names->places = talloc_zero_array(names, struct name_place, (unsigned)names->room);
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].text != NULL)
			*names_place(names, old[i].text, old[i].hash) = old[i];
	}
	talloc_free(old);
	assert(names->n * 2 <= names->room);
}

bool
plan_names_add(struct plan_names *names, const char *text, size_t *number)
{
	const uint64_t hash = names_hash(names, text);
	struct name_place *place = names_place(names, text, hash);

	assert(number != NULL);
	if (place->text != NULL) {
		*number = place->number;
		return false;
	}
	*place = (struct name_place){ text, hash, *number };
	if (++names->n * 2 > names->room)
		names_grow(names);
	assert(names->n * 2 <= names->room);
	return true;
}

bool
plan_names_find(const struct plan_names *names, const char *text, size_t *number)
{
	const struct name_place *place = names_place(names, text, names_hash(names, text));

	if (place->text != NULL)
		*number = place->number;
	return place->text != NULL;
}
