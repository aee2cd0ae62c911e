#ifndef ROWLOCK_STORE_COMBINER_H
#define ROWLOCK_STORE_COMBINER_H

#include "store/db.h"

/*
 * Serves together what the threads of a process want at the same moment ("flat combining",
 * Hendler et al., 2010). A thread submits an item and sleeps. One of the threads that have
 * submitted serves: it takes the oldest items, at most COMBINER_MOST, as one batch, with a
 * connection of the combiner's own. At rest a batch is one item; in a rush round trips are shared.
 */
struct combiner;

#define COMBINER_MOST        64 /* items of a batch */
#define COMBINER_CONNECTIONS 4  /* of a combiner, at the most */

/*
 * A batch while it is served. One that is served without a combiner (combiner NULL) has
 * passed_on set from the beginning.
 */
struct combiner_batch {
	struct combiner *combiner;
	struct db *db; /* of this batch alone; not checked: see db_ready */
	void *arg;     /* as given to combiner_new */
	void **items;  /* as submitted, n of them, the oldest first; free to be overwritten */
	size_t n;
	bool passed_on; /* the next batch may begin, or has begun */
};

/*
 * Serves a batch: settles every item before it returns. Runs on one of the threads that
 * submitted, seldom the same one twice; batches run at the same time only after
 * combiner_pass_on.
 */
typedef void (*combiner_serve)(struct combiner_batch *batch);

/*
 * Makes a combiner, on ctx. It is freed when no thread is in combiner_submit any more.
 *
 * conninfo	of each connection, see db_new; opened when serve asks for it
 * connections	1 to COMBINER_CONNECTIONS: how many batches may be under way at once
 * serve, arg	called with each batch; arg must outlive the combiner
 */
struct combiner *combiner_new(TALLOC_CTX *ctx, const char *conninfo, int connections,
                              combiner_serve serve, void *arg);

/*
 * Submits an item and returns when it has been served, by whichever thread: what serve wrote
 * through it is visible then. Items are served in the order in which they were submitted.
 *
 * item	not NULL; need only live until this returns
 */
void combiner_submit(struct combiner *combiner, void *item);

/*
 * Lets the next batch begin, on another connection, while this one is still being served; to be
 * called by serve. More than once is harmless.
 */
void combiner_pass_on(struct combiner_batch *batch);

/* How many submitted items no batch has taken yet; a moment later it may be another number. */
size_t combiner_waiting(struct combiner *combiner);

#endif
