/*
 * The consumer of bus/consumer.h, to be tried from outside. Says on stdout what it takes:
 * "<value>", one a line. A value that begins with "poison" is buried instead ("buried <value>"),
 * at one with "later" everything from it on is given back once ("back <value>").
 *
 * Usage: taker BROKER GROUP TOPIC [hold]. hold: nothing is ever called done.
 */
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/stop.h"
#include "bus/consumer.h"

#define MOST    16
#define WAIT_MS 100

static bool
begins(const struct consumer_message *m, const char *word)
{
	return m->len >= strlen(word) && memcmp(m->value, word, strlen(word)) == 0;
}

static void
say(const char *what, const struct consumer_message *m)
{
	printf("%s%.*s\n", what, (int)m->len, m->value);
	fflush(stdout);
}

/* Handles messages in order; returns how many are done with, the rest is to be given back. */
static size_t
handle(struct consumer *c, const struct consumer_message *messages, size_t n)
{
	static bool gave_back;

	for (size_t i = 0; i < n; i++) {
		const struct consumer_message *m = &messages[i];

		if (begins(m, "later") && !gave_back) {
			gave_back = true;
			say("back ", m);
			return i;
		}
		if (!begins(m, "poison")) {
			say("", m);
			continue;
		}
		while (consumer_bury(c, m, "does not agree with me", 3) != ERR_OK) {
			if (stop_wait(WAIT_MS))
				return i;
		}
		say("buried ", m);
	}
	return n;
}

int
main(int argc, char **argv)
{
	struct consumer_message messages[MOST];
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct consumer *c;
	size_t n, done;
	enum err e = ERR_OK;

	if (argc < 4)
		return 2;
	stop_watch();
	c = consumer_new(ctx, argv[1], argv[2], argv[3]);
	while (c != NULL && e == ERR_OK && !stop_wait(0)) {
		e = consumer_take(c, messages, MOST, WAIT_MS, &n);
		if (e != ERR_OK || n == 0)
			continue;
		done = handle(c, messages, n);
		if (argc > 4)
			continue;
		consumer_done(c, messages, done);
		consumer_back(c, messages + done, n - done);
	}
	talloc_free(ctx);
	return c == NULL || e != ERR_OK;
}
