#include "relay/in_flight.h"

#include <assert.h>

struct flying {
	struct cursor at;
	unsigned waiting; /* messages that are not acknowledged */
};

/* A ring; a row's tag is how many were set off before it, its place in the ring tag % room. */
struct in_flight {
	struct flying *rows;
	size_t room;
	uint64_t first, next; /* tags: of the oldest on its way, and of the next to be set off */
};

struct in_flight *
in_flight_new(TALLOC_CTX *ctx, size_t room)
{
	struct in_flight *f = talloc_zero(ctx, struct in_flight);

	f->rows = talloc_array(f, struct flying, (unsigned)room);
	f->room = room;
	return f;
}

size_t
in_flight_count(const struct in_flight *f)
{
	return (size_t)(f->next - f->first);
}

bool
in_flight_full(const struct in_flight *f)
{
	return in_flight_count(f) == f->room;
}

uint64_t
in_flight_start(struct in_flight *f, struct cursor at, unsigned messages)
{
	assert(!in_flight_full(f));
	f->rows[f->next % f->room] = (struct flying){ at, messages };
	return f->next++;
}

void
in_flight_acknowledge(struct in_flight *f, uint64_t tag)
{
	if (tag < f->first || tag >= f->next)
		return;
	assert(f->rows[tag % f->room].waiting > 0);
	f->rows[tag % f->room].waiting--;
}

size_t
in_flight_advance(struct in_flight *f, struct cursor *upto)
{
	size_t n = 0;

	for (; f->first < f->next && f->rows[f->first % f->room].waiting == 0; f->first++, n++)
		*upto = f->rows[f->first % f->room].at;
	return n;
}

void
in_flight_reset(struct in_flight *f)
{
	f->first = f->next;
}
