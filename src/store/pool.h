#ifndef ROWLOCK_POOL_H
#define ROWLOCK_POOL_H

#include "store/db.h"

/* A bounded set of connections that the threads of a process share. */
struct pool;

#define POOL_ATTEMPTS 5 /* of a transaction that was rolled back by TX_RETRY */

/* size	connections, 1 to 64; opened when first needed */
struct pool *pool_new(TALLOC_CTX *ctx, const char *conninfo, int size);

/*
 * Takes a connection that stands, waiting at most POOL_WAIT_MS for one to be given back.
 * Errors: UNAVAILABLE (the database is away, or all are busy for too long).
 */
enum err pool_take(struct pool *pool, struct db **db) MUST_CHECK;

/* Gives it back; an open transaction is rolled back. NULL is ignored. */
void pool_give(struct pool *pool, struct db *db);

#endif
