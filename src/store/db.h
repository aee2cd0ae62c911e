#ifndef ROWLOCK_STORE_DB_H
#define ROWLOCK_STORE_DB_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "store/rows.h"

/* The statements of statements.def: STMT_READ_EVENTS and so on. */
enum stmt {
#define STMT(id, nparams, text) STMT_##id,
#include "store/statements.def"
#undef STMT
	STMT__MAX
};

/* The columns of their rows, from 0: READ_EVENTS_ID and so on; NAME__COLUMNS is how many. */
#define STMT(id, nparams, text)
#define COLUMNS(name, ...) enum { __VA_ARGS__, name##__COLUMNS };
#include "store/statements.def"
#undef STMT

#define STMT_MAX_PARAMS 16

/* One call of a statement: its parameters as text, NULL for null, as many as it takes. */
struct call {
	enum stmt stmt;
	const char *param[STMT_MAX_PARAMS];
};

#define EXCHANGE_MOST 16 /* calls of one round trip */

/* One connection, used by one thread at a time; reconnects by itself between uses. */
struct db;

/* A connection that is not opened yet, on ctx. conninfo is a libpq string or URI and is copied. */
struct db *db_new(TALLOC_CTX *ctx, const char *conninfo);

/*
 * Makes sure that the connection is open and has no open transaction, opening a new one if need
 * be. Right after a failed try it answers UNAVAILABLE without trying (50 ms to 1 s, longer each
 * time), so that callers never queue behind a database that is away.
 */
enum err db_ready(struct db *db) MUST_CHECK;

/* Whether a transaction is open on it that has not failed: for asserts. */
bool db_in_transaction(const struct db *db);

/*
 * Sends n calls and reads their answers: one round trip (libpq's pipeline mode). Statements are
 * prepared on the connection when first used. Without BEGIN the calls are one transaction.
 *
 * ctx	owns what is put into out
 * n	1 to EXCHANGE_MOST
 * out	n entries, set on ERR_OK; or NULL, when the rows are of no use
 *
 * Errors, by SQLSTATE: TX_RETRY (class 40, a unique key), DB_LOST (the connection is gone; where
 * the calls end a transaction, by COMMIT or because there was no BEGIN, it is not known whether it
 * was done, and a caller that sent COMMIT returns DB_UNKNOWN instead; otherwise nothing was done),
 * UNAVAILABLE (time-outs, no resources, a standby),
 * INTERNAL (all else). They are logged here, once. On error an open transaction is still open:
 * db_rollback.
 */
enum err db_exchange(struct db *db, TALLOC_CTX *ctx, const struct call *calls, size_t n,
                     struct rows **out) MUST_CHECK;

/*
 * db_exchange, in which `on_before_commit` is called with arg as soon as all calls but the last
 * have been answered well: while the last, a COMMIT, waits for the disk.
 */
enum err db_exchange_early(struct db *db, TALLOC_CTX *ctx, const struct call *calls, size_t n,
                           struct rows **out, void (*on_before_commit)(void *arg),
                           void *arg) MUST_CHECK;

/* db_exchange of one call. */
enum err db_query(struct db *db, TALLOC_CTX *ctx, struct call call, struct rows **out) MUST_CHECK;

/* Ends an open transaction, if there is one; a connection that cannot is dropped. */
void db_rollback(struct db *db);

/* Drops the connection; the next db_ready opens a new one. */
void db_drop(struct db *db);

/*
 * Runs several statements of text without parameters as one simple query: migrations only.
 * On failure *why is the server's message, on ctx.
 */
enum err db_script(struct db *db, TALLOC_CTX *ctx, const char *sql, const char **why) MUST_CHECK;

/* Prepares every statement of statements.def; why as for db_script. For tests and the doctor. */
enum err db_prepare_all(struct db *db, TALLOC_CTX *ctx, const char **why) MUST_CHECK;

/* What the server said when the last connection failed, or ""; lives as long as db. */
const char *db_trouble(const struct db *db);

/* The user that a connection string names, on ctx; NULL when it names none or cannot be read. */
const char *db_user(TALLOC_CTX *ctx, const char *conninfo);

#endif
