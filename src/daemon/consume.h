#ifndef ROWLOCK_DAEMON_CONSUME_H
#define ROWLOCK_DAEMON_CONSUME_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

#include "base/config.h"
#include "base/metrics.h"
#include "bus/consumer.h"

/*
 * One round of a role that takes messages from Kafka: take some, read them, try their effects until
 * all have had theirs or have used up their tries, put what can never have one among the dead
 * letters, and only then let the group go past them. What is left is given back, and taken again:
 * the roles see to it that a message is applied once, however often it comes.
 */

/* What became of a message, so far. */
enum consumed {
	CONSUMED_LATER,  /* not tried yet, or nothing is wrong with it: never a dead letter */
	CONSUMED_FAILED, /* it had no effect; a dead letter when its tries are used up */
	CONSUMED_NEVER,  /* it can never have one: a dead letter at once */
	CONSUMED_DONE,   /* it has had its effect, now or before */
};

/* A message on its way through a round. */
struct consumed_message {
	const struct consumer_message *raw;
	enum consumed state;
	const char *why; /* FAILED, NEVER: the reason, for people */
	int tries;
	void *content; /* what the role has read of it, on the round's ctx */
};

/* What a role does with its messages; arg is the role's own. */
struct consume_role {
	size_t most;         /* messages of a round, 1 or more */
	int attempts;        /* of a message, 1 or more (CONSUMER_ATTEMPTS) */
	int trouble_ms;      /* to wait when messages were given back */
	enum taker_id taker; /* whose dead letters are counted */

	/* Reads a message: sets content, or calls consume_tried with CONSUMED_NEVER. */
	void (*read)(void *arg, TALLOC_CTX *ctx, struct consumed_message *m);
	/*
	 * Tries each of n messages that is open once, and calls consume_tried for it. False when
	 * no other try is of use in this round: then those that were not tried stay as they are.
	 */
	bool (*try_open)(void *arg, TALLOC_CTX *ctx, struct consumed_message *messages, size_t n);
};

/*
 * Joins the group of KAFKA_GROUP_ID for a topic, which is named without KAFKA_TOPIC_PREFIX; with
 * ctx the group is left. NULL when that cannot be, logged.
 */
struct consumer *consume_join(TALLOC_CTX *ctx, const struct config *config, const char *topic);

/* Whether a message may still have its effect in this round. */
bool consume_is_open(const struct consumed_message *m);

/*
 * Notes a try at a message that is open. why: for the headers of a dead letter, with
 * CONSUMED_FAILED and CONSUMED_NEVER; else NULL. It lives as long as the round.
 */
void consume_tried(struct consumed_message *m, enum consumed state, const char *why);

/*
 * Runs one round, which waits up to 20 ms for a first message, and between its tries longer each
 * time; stop_ask ends it early. Messages of one round may have their effects in any order.
 *
 * Returns false when the client has failed for good, which is logged: the process must end.
 */
bool consume_round(struct consumer *c, const struct consume_role *role, void *arg);

#endif
