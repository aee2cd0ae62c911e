#ifndef ROWLOCK_HTTP_STREAM_CHUNK_H
#define ROWLOCK_HTTP_STREAM_CHUNK_H

#include <stddef.h>
#include <stdint.h>

/*
 * A piece of an answer in FastCGI records, to be sent to any number of streams. Its references are
 * counted, for one thread.
 */
struct stream_chunk {
	unsigned refs;
	size_t n;
	uint8_t records[]; /* n bytes; of the request id FRAMING_ID unless said otherwise */
};

/* Makes one of n bytes, with one reference. */
struct stream_chunk *stream_chunk_new(const void *text, size_t n);

/* Makes the same for a request of another id, with one reference. */
struct stream_chunk *stream_chunk_readdressed(const struct stream_chunk *c, uint16_t id);

/* Makes the end of an answer, likewise. */
struct stream_chunk *stream_chunk_end(uint16_t id);

/* Takes one reference more; returns c. */
struct stream_chunk *stream_chunk_use(struct stream_chunk *c);

/* Gives a reference back; the last one frees it. NULL is ignored. */
void stream_chunk_drop(struct stream_chunk *c);

#endif
