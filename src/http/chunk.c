#include "http/chunk.h"

#include <stdlib.h>
#include <string.h>

#include "http/framing.h"

static struct chunk *
make(size_t n)
{
	struct chunk *c = malloc(sizeof(*c) + n);

	if (c == NULL)
		abort();
	c->refs = 1;
	c->n = n;
	return c;
}

struct chunk *
chunk_new(const void *text, size_t n)
{
	struct chunk *c = make(framing_size(n));

	framing_write(c->records, FRAMING_ID, text, n);
	return c;
}

struct chunk *
chunk_readdressed(const struct chunk *c, uint16_t id)
{
	struct chunk *copy = make(c->n);

	memcpy(copy->records, c->records, c->n);
	framing_readdress(copy->records, copy->n, id);
	return copy;
}

struct chunk *
chunk_end(uint16_t id)
{
	struct chunk *c = make(FRAMING_END);

	framing_end(c->records, id);
	return c;
}

struct chunk *
chunk_use(struct chunk *c)
{
	c->refs++;
	return c;
}

void
chunk_drop(struct chunk *c)
{
	if (c != NULL && --c->refs == 0)
		free(c);
}
