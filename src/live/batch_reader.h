#ifndef ROWLOCK_LIVE_BATCH_READER_H
#define ROWLOCK_LIVE_BATCH_READER_H

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
struct read_queue;

#define BATCH_MOST 1024 /* questions in one batch */

/* Questions on their way. One talloc tree, which one thread has at a time. */
struct read_batch {
	void **
	    asks; /* n of them, as read_queue_ask gave them out; theirs hang on the batch as well */
	size_t n;
	enum err err; /* what `answer` returned */
	struct read_queue *desk;
	struct read_batch *next;
};

/*
 * Answers a batch, in the reader's thread: puts answers into the questions, on the batch. Is
 * called again after a lost connection (3 times at the most). Errors are for all of the batch.
 */
typedef enum err (*read_queue_answer)(struct db *db, struct read_batch *b);

/* Takes a batch back, in the loop; it is freed afterwards. */
typedef void (*read_queue_take)(void *arg, struct read_batch *b);

/* Starts the thread. conninfo as for db_new. Freeing it waits for the thread. */
struct reader *reader_new(TALLOC_CTX *ctx, struct event_base *base, const char *conninfo);

/*
 * most	questions in one batch, up to BATCH_MOST
 * arg	for take
 */
struct read_queue *read_queue_new(struct reader *reader, size_t most, read_queue_answer answer,
                                  read_queue_take take, void *arg);

/*
 * A new question at a desk, zeroed: to be filled in at once, not later. It is sent when the
 * loop has seen to what else happened at the same time.
 *
 * size	of the question
 * ctx	set to what everything that it points at must hang on; or NULL
 */
void *read_queue_ask(struct read_queue *d, size_t size, TALLOC_CTX **ctx);

/* Whether a batch is on its way or gathered. */
bool read_queue_is_busy(const struct read_queue *d);

#endif
