#ifndef ROWLOCK_STORE_POOL_H
#define ROWLOCK_STORE_POOL_H

#include "store/db.h"

/*
 * A bounded set of connections that the threads of a process share. Most callers want transact.h,
 * which takes one, tries again and gives it back.
 */
struct pool;

#define POOL_WAIT_MS 3000
#define POOL_MOST    64 /* connections */

/*
 * Makes a pool, on ctx, to be freed when all connections have been given back.
 *
 * conninfo	of each connection, see db_new; opened when first needed
 * size		1 to POOL_MOST
 */
struct pool *pool_new(TALLOC_CTX *ctx, const char *conninfo, int size);

/*
 * Takes an open connection without an open transaction, waiting at most POOL_WAIT_MS for one to
 * be given back. *db is set; NULL on an error. Errors: UNAVAILABLE (the database is away,
 * or all connections are in use for too long).
 */
enum err pool_take(struct pool *pool, struct db **db) MUST_CHECK;

/* Gives a connection back; an open transaction is rolled back. NULL is ignored. */
void pool_give(struct pool *pool, struct db *db);

#endif
