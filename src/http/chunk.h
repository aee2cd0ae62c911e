#ifndef ROWLOCK_CHUNK_H
#define ROWLOCK_CHUNK_H

#include <stddef.h>
#include <stdint.h>

/* A piece of an answer in FastCGI records, to be sent to any number of streams. */
struct chunk {
	unsigned refs;
	size_t n;
	uint8_t records[]; /* n bytes; of the request id FRAMING_ID unless said otherwise */
};

/* Makes one of n bytes, with one reference. */
struct chunk *chunk_new(const void *text, size_t n);

/* The same for a request of another id, with one reference. */
struct chunk *chunk_readdressed(const struct chunk *c, uint16_t id);

/* The end of an answer, likewise. */
struct chunk *chunk_end(uint16_t id);

/* One reference more. */
struct chunk *chunk_use(struct chunk *c);

/* One less; the last one frees it. NULL is ignored. */
void chunk_drop(struct chunk *c);

#endif
