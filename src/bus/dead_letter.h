#ifndef ROWLOCK_BUS_DEAD_LETTER_H
#define ROWLOCK_BUS_DEAD_LETTER_H

#include "bus/topic_browser.h"

/*
 * The dead letters of a topic: what consumer_bury has put into <topic>.dlq, seen by somebody who
 * mends what was wrong and sends them once more. Each that was is marked by a message of its own
 * in <topic>.dlq, without a value: its header DEAD_MARK is "partition/offset" of the letter. So it
 * is known as long as the letters are. For one thread at a time.
 */
struct dead_letters;

#define DEAD_SUFFIX  ".dlq"
#define DEAD_MARK    "replayed"
#define DEAD_HEADERS 6

/* The headers of a burial, in their order, behind the letter's own; the last: only if it was cut. */
enum { DEAD_REASON, DEAD_TOPIC, DEAD_PARTITION, DEAD_OFFSET, DEAD_ATTEMPTS, DEAD_BYTES };
extern const char *const dead_letter_headers[DEAD_HEADERS];

struct dead_letter {
	const struct topic_browser_message *message;
	size_t n_own;                  /* headers that it had before it was buried */
	const char *reason, *attempts; /* texts; NULL: somebody else has put it there */
	bool cut;                      /* its value is not whole */
	bool replayed;
};

/* What was sent once more. */
struct dead_letter_sent {
	int32_t partition; /* of the letter, as the offset */
	int64_t offset;
	bool acknowledged;
};

/* A client; not before a fork. NULL when librdkafka cannot be had, logged. */
struct dead_letters *dead_letters_new(TALLOC_CTX *ctx, const char *broker);

/* The topics that have had dead letters, on ctx. Errors: UNAVAILABLE (no answer for 5 s). */
enum err dead_letters_topics(struct dead_letters *d, TALLOC_CTX *ctx, const char ***topics,
                             size_t *n) MUST_CHECK;

/*
 * Turns to the dead letters that a topic has now, and learns which were replayed.
 *
 * topic	with its prefix, without DEAD_SUFFIX
 *
 * Errors: NOT_FOUND (it has never had any), UNAVAILABLE, as in all of these.
 */
enum err dead_letters_look(struct dead_letters *d, const char *topic) MUST_CHECK;

/* Visits them all, each partition's in their order, for as long as visit wants more. */
enum err dead_letters_walk(struct dead_letters *d,
                           bool (*visit)(void *arg, const struct dead_letter *),
                           void *arg) MUST_CHECK;

/* Visits one. Errors: NOT_FOUND. */
enum err dead_letters_visit(struct dead_letters *d, int32_t partition, int64_t offset,
                            bool (*visit)(void *arg, const struct dead_letter *),
                            void *arg) MUST_CHECK;

/*
 * Puts a letter in line for its topic, with its key and its own headers.
 *
 * value	len bytes: mended, or its own
 *
 * Errors: INTERNAL (Kafka refuses it), logged.
 */
enum err dead_letters_replay(struct dead_letters *d, const struct dead_letter *letter,
                             const char *value, size_t len) MUST_CHECK;

/*
 * Waits until all that is in line is acknowledged and marked.
 * Errors: INTERNAL; UNAVAILABLE (no acknowledgement for 10 s).
 */
enum err dead_letters_finish(struct dead_letters *d) MUST_CHECK;

/* What was put in line since dead_letters_new. */
const struct dead_letter_sent *dead_letter_sent(const struct dead_letters *d, size_t *n);

#endif
