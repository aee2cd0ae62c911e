#ifndef ROWLOCK_BASE_IDS_H
#define ROWLOCK_BASE_IDS_H

#include <stdbool.h>
#include <stdint.h>

/* A UUID as its 16 bytes, in the order in which it is written (RFC 9562). */
struct uuid {
	uint8_t b[16];
};

#define UUID_TEXT 37 /* "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx" and its end */

/* Writes the usual 36 characters, lower case; returns out. */
char *uuid_text(const struct uuid *u, char out[UUID_TEXT]);

/* Reads the 36-character form in either case; false for anything else. */
bool uuid_parse(const char *text, struct uuid *out);

/* Whether two are the same, byte for byte. */
bool uuid_equal(const struct uuid *a, const struct uuid *b);

/* Orders two struct uuid by their bytes, as PostgreSQL does; for qsort and bsearch. */
int uuid_compare(const void *a, const void *b);

/* Whether all its bytes are 0: none. */
bool uuid_is_zero(const struct uuid *u);

/* A random version 4 UUID, for request ids. */
struct uuid uuid_random(void);

/*
 * A new version 7 UUID (RFC 9562, 5.7) for something of an event: 48 bits of Unix
 * milliseconds, 42 random bits, and the event's number (0: of no event) in the last 32 bits. Any
 * request that names a booking thus knows its shard.
 */
struct uuid uuid_of_event(int32_t event_id);

/* The event's number that uuid_of_event put in; any other UUID gives some number. */
int32_t uuid_event(const struct uuid *u);

/* Whether uuid_of_event could have made it for an event, whose numbers are from 1. */
bool uuid_is_of_event(const struct uuid *u);

/*
 * An event or seat as version 8 UUID: 48 bits event number, "8000-8000", 48 bits seat
 * number, 0 for the event itself.
 */
struct uuid uuid_of_seat(int32_t event_id, int32_t seat_no);

/* The reverse of uuid_of_seat; false when u is not of that form or out of range. */
bool uuid_seat(const struct uuid *u, int32_t *event_id, int32_t *seat_no);

/*
 * An id for what another program has named by a text of its own: a version 8 UUID made of the
 * text's SHA-256, the same for the same text.
 */
struct uuid uuid_of_name(const char *name);

/*
 * A message that a row of the journal gives, as version 8 UUID: always the same for the same
 * row, and ordered as the rows are numbered. Bits, from the left: 48 and, behind the version,
 * 12 of the row's number (60 in all); "8001" (the variant, and a mark that no seat or event
 * has); 16 zeros; 32 of the place among the row's messages.
 *
 * seq	number of the row, 1 to 2^60 - 1
 * place	from 0
 */
struct uuid uuid_of_message(int64_t seq, uint32_t place);

#define RANDOM_MOST 256

/* Fills n bytes (n ≤ RANDOM_MOST) from the kernel's generator; a failure ends the process. */
void random_bytes(void *out, unsigned n);

/* A well-mixed 64-bit hash of a string, the same in every process and version. */
uint64_t hash_text(const char *s);

#endif
