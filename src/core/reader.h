#ifndef ROWLOCK_READER_H
#define ROWLOCK_READER_H

#include <event2/event.h>

#include "store/db.h"

/*
 * A thread with a database connection of its own, which reads for an event loop that must not
 * wait. What is asked for while it is busy is gathered: thousands of questions become a few
 * statements.
 *
 * Questions are asked at a desk. Those of a desk are handed to the thread as one batch, and
 * the desk's next batch goes when that one is back.
 */
struct reader;
struct desk;

#define BATCH_MOST 1024 /* questions in one batch */

/* Questions on their way. One talloc tree, which one thread has at a time. */
struct batch {
	void **asks; /* n of them, as desk_ask gave them out; theirs hang on the batch as well */
	size_t n;
	enum err err; /* what `answer` returned */
	struct desk *desk;
	struct batch *next;
};

/*
 * Answers a batch, in the reader's thread: puts answers into the questions, on the batch. Is
 * called again after a lost connection (3 times at the most). Errors are for all of the batch.
 */
typedef enum err (*desk_answer)(struct db *db, struct batch *b);

/* Takes a batch back, in the loop; it is freed afterwards. */
typedef void (*desk_take)(void *arg, struct batch *b);

/* Starts the thread. conninfo as for db_new. Freeing it waits for the thread. */
struct reader *reader_new(TALLOC_CTX *ctx, struct event_base *base, const char *conninfo);

/*
 * most	questions in one batch, up to BATCH_MOST
 * arg	for take
 */
struct desk *desk_new(struct reader *reader, size_t most, desk_answer answer, desk_take take,
                      void *arg);

/*
 * A new question at a desk, zeroed: to be filled in at once, not later. It is sent when the
 * loop has seen to what else happened at the same time.
 *
 * size	of the question
 * ctx	set to what everything that it points at must hang on; or NULL
 */
void *desk_ask(struct desk *d, size_t size, TALLOC_CTX **ctx);

/* Whether a batch is on its way or gathered. */
bool desk_is_busy(const struct desk *d);

#endif
