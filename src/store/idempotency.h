#ifndef ROWLOCK_STORE_IDEMPOTENCY_H
#define ROWLOCK_STORE_IDEMPOTENCY_H

#include "base/digest.h"
#include "store/pool.h"

/*
 * A request with an Idempotency-Key has its effect once, and is answered alike for
 * IDEMPOTENCY_HOURS however often it is sent (rowlock-api(8)).
 *
 * The answer is stored by the transaction that has the effect, so it is made before COMMIT. In a
 * function that takes `struct idempotent *` (NULL: a request without a key), after BEGIN:
 *
 *	if ((e = idempotency_begin(db, ctx, request)) != ERR_OK)  // before anything is done
 *		return e;
 *	...                                                // all that is done, but for COMMIT
 *	return idempotency_commit(db, ctx, request, &what);       // instead of STMT_COMMIT
 *
 * Transactions that serve several requests at once use the calls at the end instead.
 */

#define IDEMPOTENCY_HOURS 24

/* An answer, as it is stored. */
struct reply {
	int status;           /* HTTP */
	const char *location; /* or NULL */
	const char *body;     /* JSON */
};

/*
 * Makes an answer, all of it on the ctx of the request. May be called by another thread, while
 * the request's own waits, and more than once: when a transaction is tried again.
 *
 * arg	as in struct idempotent
 * what	what came of the request; the function that takes the request says what that is
 */
typedef void (*idempotency_render)(void *arg, const void *what, struct reply *out);

/* A request with a key. Everything lives as long as its ctx. */
struct idempotent {
	TALLOC_CTX *ctx;
	const char *principal;  /* the token's sub */
	const char *route;      /* "POST /api/v1/bookings", a path's arguments put in */
	const char *key;        /* as sent */
	char hash[DIGEST_TEXT]; /* SHA-256 of the body, hex */
	idempotency_render render;
	void *arg;
	struct reply reply; /* as rendered last */
	bool stored;        /* … and committed */
};

/*
 * Looks for the answer that a request had before; if there is one, *found, it is request->reply.
 * Errors: IDEMPOTENCY_MISMATCH (to a request with another body), UNAVAILABLE.
 */
enum err idempotency_find(struct pool *pool, struct idempotent *request, bool *found) MUST_CHECK;

/*
 * Makes the request this transaction's own until it ends; one round trip, none when request is
 * NULL. Errors: KEY_KNOWN (it was answered meanwhile), IDEMPOTENCY_IN_PROGRESS (another
 * transaction is at it); as of db_exchange.
 */
enum err idempotency_begin(struct db *db, TALLOC_CTX *ctx,
                           const struct idempotent *request) MUST_CHECK;

/*
 * Renders the answer, stores it, and commits; when request is NULL it only commits. Errors as of
 * db_exchange, but a connection lost here is DB_UNKNOWN.
 */
enum err idempotency_commit(struct db *db, TALLOC_CTX *ctx, struct idempotent *request,
                            const void *what) MUST_CHECK;

/*
 * Stores request->reply, which tells of no effect. When there is an answer by now, of a request
 * that went on at the same time, that one becomes request->reply, and *other is set.
 */
enum err idempotency_offer(struct pool *pool, struct idempotent *request, bool *other) MUST_CHECK;

/*
 * Deletes answers older than IDEMPOTENCY_HOURS, at most so many; *done is how many. No
 * transaction is open. Errors as of db_exchange.
 */
enum err idempotency_sweep(struct db *db, TALLOC_CTX *ctx, int most, size_t *done) MUST_CHECK;

/* For transactions that serve several requests: one of them, with its answer as rendered last. */
struct idempotency_row {
	const char *principal, *route, *key;
	const char *hash;
	int64_t lock_key; /* of the advisory lock that a transaction takes on the request */
	struct reply reply;
};

enum key_state {
	KEY_NEW,   /* it is this transaction's to answer, until it ends */
	KEY_BUSY,  /* another transaction is at it */
	KEY_KNOWN, /* it was answered */
};

/* Of n distinct requests: takes the locks; a later call looks for answers. */
struct call idempotency_try(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n);
struct call idempotency_look(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n);

/* What the rows of those two say of each request; out takes n. */
void idempotency_states(const struct rows *tried, const struct rows *looked, enum key_state *out,
                        size_t n);

/* The request as a row; its texts are the request's. */
struct idempotency_row idempotency_row(const struct idempotent *request);

/*
 * The calls that store n answers, in the transaction of what they tell. The second fails with
 * TX_RETRY when one of them is stored already.
 */
#define IDEMPOTENCY_STORE_CALLS 2
void idempotency_store(TALLOC_CTX *ctx, const struct idempotency_row *keys, size_t n,
                       struct call out[IDEMPOTENCY_STORE_CALLS]);

#endif
