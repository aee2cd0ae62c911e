#ifndef ROWLOCK_HTTP_FRAMING_H
#define ROWLOCK_HTTP_FRAMING_H

#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/*
 * The records of FastCGI 1.0 (the FastCGI Specification) as a responder meets them, without any
 * input or output. One request a connection; its body is passed over. What is read is input:
 * nothing of it is trusted, and this file is fuzzed.
 */

#define FRAMING_PARAMS_MOST (64 * 1024) /* bytes of parameters */
#define FRAMING_HEADER      8           /* bytes in front of a record's content */
#define FRAMING_ID          1           /* the request id that nearly every web server uses */

/* What framing_take came upon. */
enum framing_news {
	FRAMING_MORE,    /* nothing; all that was given has been taken */
	FRAMING_REQUEST, /* the request is complete: params, n_params; its body was passed by */
	FRAMING_ABORT,   /* the web server wants no answer any more */
	FRAMING_REPLY,   /* out holds what is to be sent at once */
	FRAMING_REFUSE,  /* likewise, and the connection is to be closed then */
	FRAMING_BAD,     /* this is no FastCGI, or too much of it: close */
};

/* One connection's reading. Zeroed memory is one that has read nothing. */
struct framing {
	uint8_t *params; /* malloc'd; see framing_forget */
	uint32_t n_params, room;
	uint8_t *note; /* content of a short record, as long as it is read; malloc'd */
	uint16_t id;   /* of the request; 0: none has begun */
	uint16_t n_note, left;
	uint8_t padding, n_head, head[FRAMING_HEADER];
	uint8_t complete; /* type of the stream of records that has ended: PARAMS, then STDIN */
};

/* Records to be sent back. */
struct framing_out {
	uint8_t bytes[128];
	size_t n;
};

/*
 * Takes bytes as they came in, up to the first news.
 *
 * data	n bytes
 * used	set to how many were taken; call again with the rest until FRAMING_MORE
 * out	filled in for FRAMING_REPLY and FRAMING_REFUSE
 */
enum framing_news framing_take(struct framing *f, const uint8_t *data, size_t n, size_t *used,
                               struct framing_out *out);

/* Frees what it holds. Reading may go on; params are gone, and are not read again. */
void framing_forget(struct framing *f);

/*
 * Reads parameters.
 *
 * params	n bytes, those of a struct framing whose request is complete
 *
 * Returns "NAME=value" strings, a list that ends in NULL, all on ctx. NULL when they are broken:
 * a length that leads too far, a NUL, no name, more than 4,096 of them.
 */
char **framing_env(TALLOC_CTX *ctx, const uint8_t *params, size_t n);

/* The size of n bytes of an answer in records. */
size_t framing_size(size_t n);

/* Writes n bytes of an answer as STDOUT records of a request; out has framing_size(n) bytes. */
void framing_write(uint8_t *out, uint16_t id, const void *data, size_t n);

#define FRAMING_END 24

/* Writes the end of an answer: an empty STDOUT, and END_REQUEST with application status 0. */
void framing_end(uint8_t out[FRAMING_END], uint16_t id);

/* Gives records of framing_write or framing_end, n bytes in all, to another request id. */
void framing_readdress(uint8_t *records, size_t n, uint16_t id);

#endif
