#ifndef ROWLOCK_STORE_IDEMPOTENCY_H
#define ROWLOCK_STORE_IDEMPOTENCY_H

#include "base/digest.h"
#include "store/idempotency_rows.h"
#include "store/pool.h"

/*
 * A request with an Idempotency-Key: it has its effect once, and is answered alike for
 * IDEMPOTENCY_HOURS however often it is sent (http-api.md, Common).
 *
 * The answer is stored by the transaction that has the effect, so it is made before COMMIT. In a
 * function that takes `struct idempotent *k` (NULL: a request without a key), between BEGIN and COMMIT:
 *
 *	if ((e = idempotency_begin(db, ctx, k)) != ERR_OK)  // first of all
 *		return e;
 *	...                                           // all that is done, but for COMMIT
 *	return idempotency_commit(db, ctx, k, &what);       // instead of STMT_COMMIT
 *
 * Its caller, a handler of a route that is marked as keyed, passes api_keyed() and ends with
 * api_answer(); errors are returned as ever: dispatch answers ERR_KEY_KNOWN, and stores refusals.
 */

#define IDEMPOTENCY_HOURS 24

/* An answer, as it is stored. */
struct reply {
	int status;
	const char *location; /* or NULL */
	const char *body;     /* JSON */
};

/*
 * Makes an answer, all of it on the ctx of the request. May be called by another thread, while
 * the request's own waits, and more than once: when a transaction is tried again.
 *
 * arg	of whoever made the request
 * what	what came of it; whoever takes the request says what that is
 */
typedef void (*idempotency_render)(void *arg, const void *what, struct reply *out);

struct idempotent {
	TALLOC_CTX *ctx;
	const char *principal; /* the token's sub */
	const char *route;     /* "POST /api/v1/bookings", a path's arguments put in */
	const char *key;
	char hash[DIGEST_TEXT];
	idempotency_render render;
	void *arg;
	struct reply reply; /* as rendered last */
	bool stored;        /* … and committed */
};

/*
 * Looks for the answer that a request had before; if there is one, *found, it is k->reply.
 * Errors: IDEMPOTENCY_MISMATCH (to a request with another body), UNAVAILABLE.
 */
enum err idempotency_find(struct pool *pool, struct idempotent *k, bool *found) MUST_CHECK;

/* The request as a row of the table, with its answer as rendered last. */
struct idempotency_row idempotency_row(const struct idempotent *k);

/*
 * Makes the request this transaction's own; one round trip, none when k is NULL. Errors:
 * KEY_KNOWN (it was answered meanwhile), IDEMPOTENCY_IN_PROGRESS; as of db_exchange.
 */
enum err idempotency_begin(struct db *db, TALLOC_CTX *ctx, const struct idempotent *k) MUST_CHECK;

/*
 * Renders the answer, stores it, and commits; when k is NULL it only commits. Errors as of
 * db_exchange, but a connection lost here is DB_UNKNOWN.
 */
enum err idempotency_commit(struct db *db, TALLOC_CTX *ctx, struct idempotent *k,
                            const void *what) MUST_CHECK;

/*
 * Stores k->reply, which tells of no effect. When there is an answer by now, of a request that
 * went on at the same time, that one becomes k->reply, and *other is set.
 */
enum err idempotency_offer(struct pool *pool, struct idempotent *k, bool *other) MUST_CHECK;

/*
 * Deletes answers older than IDEMPOTENCY_HOURS, at most so many; *done is how many.
 * db	a connection that stands and has no transaction open
 */
enum err idempotency_sweep(struct db *db, TALLOC_CTX *ctx, int most, size_t *done) MUST_CHECK;

#endif
