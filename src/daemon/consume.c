/*
 * The loop that the roles with messages from Kafka share: what a message is tried for, and when it
 * is given up. What its effect is, the roles know.
 */
#include "daemon/consume.h"

#include <assert.h>

#include "base/stop.h"

#define TAKE_MS        20 /* to wait for a first message */
#define BACK_OFF_MS    50 /* doubles with each try; before the second it is twice this */
#define BACK_OFF_STEPS 6  /* that it doubles, at the most */

struct consumer *
consume_join(TALLOC_CTX *ctx, const struct config *config, const char *topic)
{
	assert(*config->kafka_broker != '\0');
	topic = talloc_asprintf(ctx, "%s%s", config->kafka_prefix, topic);
	return consumer_new(ctx, config->kafka_broker, config->kafka_group, topic);
}

bool
consume_is_open(const struct consumed_message *m)
{
	return m->state == CONSUMED_LATER || m->state == CONSUMED_FAILED;
}

void
consume_tried(struct consumed_message *m, enum consumed state, const char *why)
{
	assert(consume_is_open(m));
	assert((why != NULL) == (state == CONSUMED_FAILED || state == CONSUMED_NEVER));
	m->state = state;
	m->why = why;
	m->tries++;
}

static struct consumed_message *
read_all(const struct consume_role *role, void *arg, TALLOC_CTX *ctx,
         const struct consumer_message *raw, size_t n)
{
	struct consumed_message *messages = talloc_zero_array(ctx, struct consumed_message,
	                                                      (unsigned)n);

	for (size_t i = 0; i < n; i++) {
		messages[i].raw = &raw[i];
		role->read(arg, ctx, &messages[i]);
		assert(messages[i].content != NULL || !consume_is_open(&messages[i]));
	}
	return messages;
}

static size_t
count_open(const struct consumed_message *messages, size_t n)
{
	size_t open = 0;

	for (size_t i = 0; i < n; i++)
		open += consume_is_open(&messages[i]);
	return open;
}

/* Tries what is open, until nothing is or all tries are used up. */
static void
try_all(const struct consume_role *role, void *arg, TALLOC_CTX *ctx,
        struct consumed_message *messages, size_t n)
{
	for (int i = 0; i < role->attempts && count_open(messages, n) > 0; i++) {
		const int step = i < BACK_OFF_STEPS ? i : BACK_OFF_STEPS;

		if ((i > 0 && stop_wait(BACK_OFF_MS << step)) ||
		    !role->try_open(arg, ctx, messages, n))
			return;
	}
}

/*
 * Whether the group may go past a message: it has had its effect, or it is among the dead letters.
 * A message is buried only after all its tries: trouble with another one may have cut them short.
 */
static bool
finish(struct consumer *c, const struct consume_role *role, const struct consumed_message *m)
{
	if (m->state == CONSUMED_DONE)
		return true;
	if (m->state == CONSUMED_LATER ||
	    (m->state == CONSUMED_FAILED && m->tries < role->attempts) || stop_wait(0))
		return false;
	if (consumer_bury(c, m->raw, m->why, m->tries) != ERR_OK)
		return false;
	metrics_count(METRIC_DEAD_LETTERS, role->taker);
	return true;
}

bool
consume_round(struct consumer *c, const struct consume_role *role, void *arg)
{
	TALLOC_CTX *ctx;
	struct consumer_message *raw;
	struct consumed_message *messages;
	size_t n = 0, done = 0;
	enum err e;

	assert(c != NULL && role->most > 0 && role->attempts > 0);
	ctx = talloc_new(NULL);
	raw = talloc_array(ctx, struct consumer_message, (unsigned)role->most);
	e = consumer_take(c, raw, role->most, TAKE_MS, &n);
	messages = read_all(role, arg, ctx, raw, n);
	try_all(role, arg, ctx, messages, n);
	while (done < n && finish(c, role, &messages[done]))
		done++;
	/* Those behind a message that is not done are taken again: their effects are found had. */
	consumer_done(c, raw, done);
	consumer_back(c, raw + done, n - done);
	if (done < n)
		stop_wait(role->trouble_ms);
	talloc_free(ctx);
	return e == ERR_OK;
}
