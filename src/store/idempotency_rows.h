#ifndef ROWLOCK_STORE_IDEMPOTENCY_ROWS_H
#define ROWLOCK_STORE_IDEMPOTENCY_ROWS_H

#include "store/db.h"

/* Answers to requests with an Idempotency-Key: the table idempotency_key. */

/* Which request it was, and what was answered. */
struct idempotency_row {
	const char *principal, *route, *key;
	const char *hash;     /* SHA-256 of the request's body, hex */
	int64_t lock_key;     /* of the advisory lock that whoever serves the request has */
	int status;           /* HTTP; with the next two: of the answer */
	const char *location; /* or NULL */
	const char *body;
};

enum key_state {
	KEY_NEW,   /* it is ours to answer, until the transaction ends */
	KEY_BUSY,  /* somebody else is at it */
	KEY_KNOWN, /* it was answered */
};

/* Calls of a transaction: idempotency_rows_try takes the locks, idempotency_rows_find, a later one, looks for answers. */
struct call idempotency_rows_try(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n);
struct call idempotency_rows_find(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n);

/* What the rows of the two say of each key. */
void idempotency_rows_states(const struct rows *tried, const struct rows *found,
                             enum key_state *out, size_t n);

/* The answer in row r of idempotency_rows_find: hash, status, location, body; all live as long as the rows. */
void idempotency_rows_read(const struct rows *rows, int r, struct idempotency_row *out);

/*
 * Two calls that store answers, in the transaction of what they tell; out[1] fails with TX_RETRY
 * when one is stored already.
 */
#define IDEMPOTENCY_STORE_CALLS 2
void idempotency_rows_store(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n,
                            struct call out[IDEMPOTENCY_STORE_CALLS]);

/* Likewise for one answer that tells of no effect; out[1] has no row when there is another one. */
void idempotency_rows_offer(TALLOC_CTX *ctx, const struct idempotency_row *key,
                            struct call out[IDEMPOTENCY_STORE_CALLS]);

#endif
