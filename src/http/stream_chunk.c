/* Pieces of answers, written once and sent to many streams. */
#include "http/stream_chunk.h"

#include <assert.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "http/framing.h"

static struct stream_chunk *
make(size_t n)
{
	struct stream_chunk *c = malloc(sizeof(*c) + n);

	if (c == NULL)
		abort();
	c->refs = 1;
	c->n = n;
	return c;
}

struct stream_chunk *
stream_chunk_new(const void *text, size_t n)
{
	struct stream_chunk *c = make(framing_size(n));

	assert(text != NULL && n > 0);
	framing_write(c->records, FRAMING_ID, text, n);
	return c;
}

struct stream_chunk *
stream_chunk_readdressed(const struct stream_chunk *c, uint16_t id)
{
	struct stream_chunk *copy = make(c->n);

	assert(c->refs > 0 && id != FRAMING_ID);
	memcpy(copy->records, c->records, c->n);
	framing_readdress(copy->records, copy->n, id);
	return copy;
}

struct stream_chunk *
stream_chunk_end(uint16_t id)
{
	struct stream_chunk *c = make(FRAMING_END);

	framing_end(c->records, id);
	return c;
}

struct stream_chunk *
stream_chunk_use(struct stream_chunk *c)
{
	assert(c->refs > 0 && c->refs < UINT_MAX);
	c->refs++;
	return c;
}

void
stream_chunk_drop(struct stream_chunk *c)
{
	assert(c == NULL || c->refs > 0);
	if (c != NULL && --c->refs == 0)
		free(c);
}
