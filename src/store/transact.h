#ifndef ROWLOCK_STORE_TRANSACT_H
#define ROWLOCK_STORE_TRANSACT_H

#include "store/pool.h"

/*
 * The loop that runs a transaction again; the clerk alone has one of its own
 * (core/reserve/README.md). PostgreSQL asks for that after a deadlock or a serialization failure
 * (SQLSTATE class 40; manual, "Serialization Failure Handling"), and a connection that was lost
 * before COMMIT was sent has done nothing.
 */

#define TRANSACT_TRIES 5 /* of one transaction, all reasons together */

/* A transaction, from BEGIN to COMMIT. */
struct transaction {
	/*
	 * Runs it once on an open connection without an open transaction; what it leaves open is
	 * rolled back. It may be called again and begins anew then: it reads everything
	 * again, and overwrites what an earlier call left behind in arg. Returns ERR_DB_UNKNOWN
	 * when the answer to COMMIT was lost.
	 */
	enum err (*run)(struct db *db, TALLOC_CTX *ctx, void *arg);

	/*
	 * Called after ERR_DB_UNKNOWN, with an open connection: finds out what became of
	 * the transaction, or makes run() able to. Returns ERR_OK (it was committed, arg holds
	 * what it came to), ERR_TX_RETRY (run() is called again, and either does the work or
	 * finds it done), DB_UNKNOWN or DB_LOST (it is called again), or an error for the
	 * caller. NULL: the caller gets ERR_DB_UNKNOWN.
	 */
	enum err (*resolve)(struct db *db, TALLOC_CTX *ctx, void *arg);

	void *arg; /* of both */
};

/*
 * Runs a transaction on connections of a pool, at most TRANSACT_TRIES times, until it returns
 * something else than TX_RETRY, DB_LOST or a DB_UNKNOWN that could be resolved.
 *
 * ctx	what run() allocates may hang on it, that of tries that failed too
 *
 * Errors: those of run() and pool_take; the last one when all tries are used up.
 */
enum err transact(struct pool *pool, TALLOC_CTX *ctx, const struct transaction *t) MUST_CHECK;

/* transact on a connection of the caller's own, which is opened anew before a try if need be. */
enum err transact_on(struct db *db, TALLOC_CTX *ctx, const struct transaction *t) MUST_CHECK;

/* A `resolve` for transactions that find what they did themselves when they are run again. */
enum err transact_again(struct db *db, TALLOC_CTX *ctx, void *arg) MUST_CHECK;

/*
 * One read on a connection of the pool, tried again like a transaction. Only for calls that
 * change nothing, or that may be done twice. See db_exchange.
 */
enum err transact_read(struct pool *pool, TALLOC_CTX *ctx, const struct call *calls, size_t n,
                       struct rows **out) MUST_CHECK;

#endif
