/* The loop that runs a transaction again after failures that pass: see transact.h. */
#include "store/transact.h"

#include <assert.h>

/* Where the connections come from: a pool, to which each one is given back, or the caller. */
struct source {
	struct pool *pool; /* or NULL */
	struct db *db;
};

/* An open connection without an open transaction. */
static enum err
take(struct source *s)
{
	return s->pool != NULL ? pool_take(s->pool, &s->db) : db_ready(s->db);
}

static void
give(struct source *s)
{
	if (s->pool != NULL)
		pool_give(s->pool, s->db); /* which rolls back what is open */
	else
		db_rollback(s->db);
}

/*
 * One try, on an open connection: finds out about a COMMIT whose answer was lost, if there
 * was one, and runs the transaction unless that settles it. *unknown: whether there was, or is.
 */
static enum err
try_once(struct db *db, TALLOC_CTX *ctx, const struct transaction *t, bool *unknown)
{
	enum err e;

	assert(!db_in_transaction(db));
	if (*unknown) {
		e = t->resolve(db, ctx, t->arg);
		db_rollback(db);
		if (e == ERR_DB_UNKNOWN || e == ERR_DB_LOST)
			return e; /* the question stays open */
		*unknown = false;
		if (e != ERR_TX_RETRY)
			return e;
	}
	e = t->run(db, ctx, t->arg);
	*unknown = e == ERR_DB_UNKNOWN;
	return e;
}

/* Whether another try may help. */
static bool
may_pass(enum err e, const struct transaction *t)
{
	return e == ERR_TX_RETRY || e == ERR_DB_LOST || (e == ERR_DB_UNKNOWN && t->resolve != NULL);
}

static enum err
run_again(struct source *s, TALLOC_CTX *ctx, const struct transaction *t)
{
	bool unknown = false;
	enum err e = ERR_TX_RETRY;

	assert(t->run != NULL);
	for (int i = 0; i < TRANSACT_TRIES && may_pass(e, t); i++) {
		if ((e = take(s)) != ERR_OK)
			return unknown ? ERR_DB_UNKNOWN : e;
		e = try_once(s->db, ctx, t, &unknown);
		give(s);
	}
	return unknown ? ERR_DB_UNKNOWN : e;
}

enum err
transact(struct pool *pool, TALLOC_CTX *ctx, const struct transaction *t)
{
	struct source s = { .pool = pool };

	assert(pool != NULL);
	return run_again(&s, ctx, t);
}

enum err
transact_on(struct db *db, TALLOC_CTX *ctx, const struct transaction *t)
{
	struct source s = { .db = db };

	assert(db != NULL);
	return run_again(&s, ctx, t);
}

enum err
transact_again(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	(void)db;
	(void)ctx;
	(void)arg;
	return ERR_TX_RETRY;
}

/* The calls of transact_read. */
struct reading {
	const struct call *calls;
	size_t n;
	struct rows **out;
};

static enum err
read_once(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	const struct reading *r = arg;

	return db_exchange(db, ctx, r->calls, r->n, r->out);
}

enum err
transact_read(struct pool *pool, TALLOC_CTX *ctx, const struct call *calls, size_t n,
              struct rows **out)
{
	struct reading r = { calls, n, out };
	const struct transaction t = { .run = read_once, .arg = &r };

	assert(calls != NULL && n > 0);
	return transact(pool, ctx, &t);
}
