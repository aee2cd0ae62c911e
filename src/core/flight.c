#include "core/flight.h"

#include <assert.h>

struct flying {
	struct cursor at;
	unsigned waiting; /* messages that are not acknowledged */
};

/* A ring; a row's tag is how many were set off before it, its place in the ring tag % room. */
struct flight {
	struct flying *rows;
	size_t room;
	uint64_t first, next; /* tags: of the oldest on its way, and of the next to be set off */
};

struct flight *
flight_new(TALLOC_CTX *ctx, size_t room)
{
	struct flight *f = talloc_zero(ctx, struct flight);

	f->rows = talloc_array(f, struct flying, (unsigned)room);
	f->room = room;
	return f;
}

size_t
flight_count(const struct flight *f)
{
	return (size_t)(f->next - f->first);
}

bool
flight_full(const struct flight *f)
{
	return flight_count(f) == f->room;
}

uint64_t
flight_start(struct flight *f, struct cursor at, unsigned messages)
{
	assert(!flight_full(f));
	f->rows[f->next % f->room] = (struct flying){ at, messages };
	return f->next++;
}

void
flight_acknowledge(struct flight *f, uint64_t tag)
{
	if (tag < f->first || tag >= f->next)
		return;
	assert(f->rows[tag % f->room].waiting > 0);
	f->rows[tag % f->room].waiting--;
}

size_t
flight_land(struct flight *f, struct cursor *upto)
{
	size_t n = 0;

	for (; f->first < f->next && f->rows[f->first % f->room].waiting == 0; f->first++, n++)
		*upto = f->rows[f->first % f->room].at;
	return n;
}

void
flight_forget(struct flight *f)
{
	f->first = f->next;
}
