#ifndef ROWLOCK_LIVE_BATCH_READER_H
#define ROWLOCK_LIVE_BATCH_READER_H

#include <event2/event.h>

#include "store/db.h"

/*
 * A thread with a database connection of its own, which reads for an event loop that must not
 * wait. What is asked for while it is busy is gathered: thousands of questions become a few
 * statements.
 *
 * Questions are put into a queue. Those of one queue are handed to the thread as one batch, and
 * its next batch goes when that one is back. All functions are for the loop's thread.
 */
struct batch_reader;
struct read_queue;

#define BATCH_MOST 1024 /* questions in one batch */

/* Questions on their way. One talloc tree, which one thread has at a time. */
struct read_batch {
	void **asks; /* n of them, as read_queue_ask gave them out, on the batch */
	size_t n;
	enum err err; /* what `answer` came to */
	struct read_queue *queue;
	struct read_batch *next;
};

/*
 * Answers a batch, in the reader's thread: puts answers into the questions, on the batch. It is
 * called again after a lost connection (see transact_on), and overwrites then what an earlier
 * call left. Errors: any, for all questions of the batch.
 */
typedef enum err (*read_queue_answer)(struct db *db, struct read_batch *b);

/* Takes a batch back, in the loop; it is freed afterwards. */
typedef void (*read_queue_take)(void *arg, struct read_batch *b);

/*
 * Makes a reader, and starts its thread.
 *
 * base		the loop; must live longer
 * conninfo	as for db_new
 *
 * Returns it, a child of ctx. Freeing it waits for the thread, and drops what is on its way.
 */
struct batch_reader *batch_reader_new(TALLOC_CTX *ctx, struct event_base *base,
                                      const char *conninfo);

/*
 * Makes a queue, which lives as long as its reader.
 *
 * most		questions in one batch, 1 to BATCH_MOST
 * arg		for take
 */
struct read_queue *read_queue_new(struct batch_reader *reader, size_t most,
                                  read_queue_answer answer, read_queue_take take, void *arg);

/*
 * Puts a question into a queue: zeroed, to be filled in at once, not later. It is sent when the
 * loop has seen to what else happened at the same time.
 *
 * size	of the question, bytes
 * ctx	set to what everything that it points at must hang on; or NULL
 *
 * Returns the question, the batch's.
 */
void *read_queue_ask(struct read_queue *q, size_t size, TALLOC_CTX **ctx);

/* Whether a batch is on its way or gathered. */
bool read_queue_is_busy(const struct read_queue *q);

#endif
