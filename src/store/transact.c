/* The one loop that runs a transaction again after what passes: see transact.h. */
#include "store/transact.h"

#include <assert.h>

/* Where the connections come from: a pool, which wants each one back, or the caller. */
struct source {
	struct pool *pool; /* or NULL */
	struct db *db;
};

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

/* One try: finds out about a COMMIT whose answer was lost, if there was one, else runs. */
static enum err
try_once(struct source *s, TALLOC_CTX *ctx, const struct transaction *t, bool unknown)
{
	enum err e = take(s);

	if (e != ERR_OK)
		return e;
	e = unknown ? t->resolve(s->db, ctx, t->arg) : ERR_TX_RETRY;
	if (unknown)
		db_rollback(s->db);
	if (e == ERR_TX_RETRY)
		e = t->run(s->db, ctx, t->arg);
	give(s);
	return e;
}

static enum err
run_again(struct source *s, TALLOC_CTX *ctx, const struct transaction *t)
{
	bool unknown = false;
	enum err e = ERR_UNAVAILABLE;

	assert(t->run != NULL);
	for (int i = 0; i < TRANSACT_TRIES; i++) {
		e = try_once(s, ctx, t, unknown);
		if (e == ERR_DB_UNKNOWN && t->resolve == NULL)
			return e;
		if (e != ERR_TX_RETRY && e != ERR_DB_LOST && e != ERR_DB_UNKNOWN)
			return e;
		/* A connection that is lost while finding out leaves the question open. */
		unknown = e == ERR_DB_UNKNOWN || (unknown && e == ERR_DB_LOST);
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
