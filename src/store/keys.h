#ifndef ROWLOCK_KEYS_H
#define ROWLOCK_KEYS_H

#include "store/db.h"

/* Answers to requests with an Idempotency-Key: the table idempotency_key. */

/* Which request it was, and what was answered. */
struct answer_key {
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

/* Calls of a transaction: keys_try takes the locks, keys_find, a later one, looks for answers. */
struct call keys_try(TALLOC_CTX *ctx, const struct answer_key *keys, size_t n);
struct call keys_find(TALLOC_CTX *ctx, const struct answer_key *keys, size_t n);

/* What the rows of the two say of each key. */
void keys_states(const struct rows *tried, const struct rows *found, enum key_state *out, size_t n);

/* The answer in row r of keys_find: hash, status, location, body; all live as long as the rows. */
void keys_read(const struct rows *rows, int r, struct answer_key *out);

/*
 * Two calls that store answers, in the transaction of what they tell; out[1] fails with TX_RETRY
 * when one is stored already.
 */
#define KEYS_STORE_CALLS 2
void keys_store(TALLOC_CTX *ctx, const struct answer_key *keys, size_t n,
                struct call out[KEYS_STORE_CALLS]);

/* Likewise for one answer that tells of no effect; out[1] has no row when there is another one. */
void keys_offer(TALLOC_CTX *ctx, const struct answer_key *key, struct call out[KEYS_STORE_CALLS]);

#endif
