#ifndef ROWLOCK_BUS_DEAD_LETTER_H
#define ROWLOCK_BUS_DEAD_LETTER_H

#include "bus/topic_browser.h"

/*
 * The dead letters of a topic: what consumer_bury has put into <topic>.dlq, for an operator who
 * mends what was wrong and sends them once more. Each letter that was sent is marked by a message
 * of its own in <topic>.dlq, without a value: its header DEAD_LETTER_MARK is "partition/offset" of
 * the letter. So that is known for as long as the letter is. For one thread at a time.
 */
struct dead_letters;

#define DEAD_LETTER_SUFFIX  ".dlq"
#define DEAD_LETTER_MARK    "replayed"
#define DEAD_LETTER_HEADERS 6

/* The headers of a dead letter, in this order, behind its own; the last one only if it was cut. */
enum {
	DEAD_LETTER_REASON,
	DEAD_LETTER_TOPIC,
	DEAD_LETTER_PARTITION,
	DEAD_LETTER_OFFSET,
	DEAD_LETTER_ATTEMPTS,
	DEAD_LETTER_BYTES
};
extern const char *const dead_letter_headers[DEAD_LETTER_HEADERS];

struct dead_letter {
	const struct topic_browser_message *message;
	size_t n_own;                  /* headers that it had before it was buried */
	const char *reason, *attempts; /* texts; NULL: it was not put there by consumer_bury */
	bool cut;                      /* its value is not whole */
	bool replayed;
};

/* What was sent once more. */
struct dead_letter_sent {
	int32_t partition; /* of the letter, as the offset */
	int64_t offset;
	bool acknowledged;
};

/* A client, a child of ctx. NULL when librdkafka gives none, logged. */
struct dead_letters *dead_letters_new(TALLOC_CTX *ctx, const char *broker);

/* Sets the n topics that have had dead letters, on ctx. Errors: UNAVAILABLE (no answer for 5 s). */
enum err dead_letters_topics(struct dead_letters *d, TALLOC_CTX *ctx, const char ***topics,
                             size_t *n) MUST_CHECK;

/*
 * Turns to the dead letters that a topic has now, and learns which were replayed.
 *
 * topic	with its prefix, without DEAD_LETTER_SUFFIX
 *
 * Errors: NOT_FOUND (it has never had any), UNAVAILABLE, as in all of these.
 */
enum err dead_letters_look(struct dead_letters *d, const char *topic) MUST_CHECK;

/*
 * Visits all letters, each partition's in their order.
 *
 * visit	returns whether it wants more; the letter is there until then
 */
enum err dead_letters_walk(struct dead_letters *d,
                           bool (*visit)(void *arg, const struct dead_letter *),
                           void *arg) MUST_CHECK;

/* Visits the letter at a place. Errors: NOT_FOUND. */
enum err dead_letters_visit(struct dead_letters *d, int32_t partition, int64_t offset,
                            bool (*visit)(void *arg, const struct dead_letter *),
                            void *arg) MUST_CHECK;

/*
 * Puts a letter in line for its topic, with its key and its own headers.
 *
 * letter	as it is visited
 * value	len bytes: mended, or its own; copied
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

/* What was put in line since dead_letters_new: n of them, which are d's. */
const struct dead_letter_sent *dead_letter_sent(const struct dead_letters *d, size_t *n);

#endif
