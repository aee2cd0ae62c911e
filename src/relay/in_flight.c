/* Which rows of the journal are on their way to a sink: a ring, in the order of sending. */
#include "relay/in_flight.h"

#include <assert.h>

struct row_in_flight {
	struct cursor at;
	unsigned missing; /* messages that are not acknowledged */
};

/* A row's tag is how many were started before it; its place in the ring is tag % capacity. */
struct in_flight {
	struct row_in_flight *rows;
	size_t capacity;
	uint64_t first, next; /* tags: of the oldest row in it, and of the next to be started */
};

struct in_flight *
in_flight_new(TALLOC_CTX *ctx, size_t capacity)
{
	struct in_flight *f = talloc_zero(ctx, struct in_flight);

	assert(capacity > 0);
	f->rows = talloc_array(f, struct row_in_flight, (unsigned)capacity);
	f->capacity = capacity;
	return f;
}

static struct row_in_flight *
row_of(const struct in_flight *f, uint64_t tag)
{
	assert(tag >= f->first && tag < f->next);
	return &f->rows[tag % f->capacity];
}

size_t
in_flight_count(const struct in_flight *f)
{
	assert(f->first <= f->next && f->next - f->first <= f->capacity);
	return (size_t)(f->next - f->first);
}

bool
in_flight_full(const struct in_flight *f)
{
	return in_flight_count(f) == f->capacity;
}

uint64_t
in_flight_start(struct in_flight *f, struct cursor at, unsigned messages)
{
	const uint64_t tag = f->next;

	assert(!in_flight_full(f));
	assert(tag == f->first || cursor_compare(&row_of(f, tag - 1)->at, &at) < 0);
	f->next++;
	*row_of(f, tag) = (struct row_in_flight){ at, messages };
	return tag;
}

void
in_flight_acknowledge(struct in_flight *f, uint64_t tag)
{
	assert(tag < f->next);
	if (tag < f->first)
		return;
	assert(row_of(f, tag)->missing > 0);
	row_of(f, tag)->missing--;
}

size_t
in_flight_advance(struct in_flight *f, struct cursor *upto)
{
	size_t n = 0;

	for (; f->first < f->next && row_of(f, f->first)->missing == 0; f->first++, n++)
		*upto = row_of(f, f->first)->at;
	return n;
}

void
in_flight_reset(struct in_flight *f)
{
	f->first = f->next;
}
