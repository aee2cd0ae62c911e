/*
 * rowlockctl dlq: lists, shows and sends again the messages that no role of rowlockd could handle.
 */

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "bus/dead_letter.h"
#include "ctl/commands.h"

#define VALUE_MOST 1000000 /* bytes of a mended value: brokers take a million in all */

/* One run of a command about dead letters. */
struct dlq {
	struct ctl *c;
	const char *prefix; /* of every topic of this installation */
	const char *topic;  /* the one that is looked at, without the prefix, as it was named */
	struct dead_letters *dead;
	bool all;         /* list: those that were replayed, too */
	bool value_only;  /* show: nothing but the value */
	const char *file; /* replay: has the mended value; or NULL */
	size_t left_out;  /* replay --all: letters whose values were cut */
	bool failed;      /* a letter could not be handed to the producer */
};

/* Makes the client of the broker that the settings name; false after saying what is missing. */
static bool
connect_dlq(struct dlq *q, struct ctl *c)
{
	assert(c->config != NULL && q->dead == NULL);
	q->c = c;
	q->prefix = c->config->kafka_prefix;
	if (*c->config->kafka_broker == '\0')
		ctl_fail("KAFKA_BROKER is not set");
	else if ((q->dead = dead_letters_new(c->ctx, c->config->kafka_broker)) == NULL)
		ctl_fail("no Kafka client could be made");
	return q->dead != NULL;
}

/* Says what is wrong with Kafka; returns CTL_FAILED. */
static int
fail_kafka(const struct dlq *q, enum err e)
{
	if (e == ERR_UNAVAILABLE)
		return ctl_fail("no answer from Kafka at %s", q->c->config->kafka_broker);
	return ctl_fail("Kafka refused it");
}

/* Turns to a topic's dead letters. */
static enum err
look(struct dlq *q, const char *topic)
{
	q->topic = topic;
	return dead_letters_look(q->dead, talloc_asprintf(q->c->ctx, "%s%s", q->prefix, topic));
}

/*
 * Prints what came from outside: a control character could make the terminal do something, so it
 * becomes a question mark. lines: line ends and tabs stay, for a value may have them
 */
static void
print_clean(const char *text, size_t n, bool lines)
{
	for (size_t i = 0; i < n; i++) {
		const bool control = (unsigned char)text[i] < ' ' || text[i] == 0x7f;

		putchar(control && !(lines && (text[i] == '\n' || text[i] == '\t')) ? '?'
		                                                                    : text[i]);
	}
}

/* A text on one line; - for none. */
static void
print_text(const char *text)
{
	print_clean(text == NULL ? "-" : text, text == NULL ? 1 : strlen(text), false);
}

/* --- list --- */

/* A line of the list: where the letter is, its time, key, number of attempts and reason. */
static bool
print_line(void *arg, const struct dead_letter *l)
{
	const struct topic_browser_message *m = l->message;
	const struct dlq *q = arg;
	char at[CLOCK_TEXT];

	if (l->replayed && !q->all)
		return true;
	printf("%s %d %lld  %s  ", q->topic, (int)m->partition, (long long)m->offset,
	       m->at_us < 0 ? "-" : clock_text(m->at_us, at));
	print_clean(m->key == NULL ? "-" : m->key, m->key == NULL ? 1 : m->key_len, false);
	printf("  ");
	print_text(l->attempts);
	printf("  ");
	print_text(l->reason);
	puts(l->replayed ? " (replayed)" : "");
	return true;
}

/* A topic without dead letters is an empty list. */
static enum err
list_topic(struct dlq *q, const char *topic)
{
	enum err e = look(q, topic);

	if (e == ERR_NOT_FOUND)
		return ERR_OK; /* nothing has died there yet */
	return e == ERR_OK ? dead_letters_walk(q->dead, print_line, q) : e;
}

/* Without a topic: of every topic that has the prefix of this installation. */
int
ctl_dead_letters_list(struct ctl *c)
{
	struct dlq q = { 0 };
	const struct ctl_option options[] = { { "all", NULL, &q.all }, { 0 } };
	const char **topics;
	size_t n, prefix;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (c->argc > 2) {
		ctl_fail("dlq list: name one topic, or none");
		return CTL_USAGE;
	}
	if (!connect_dlq(&q, c))
		return CTL_FAILED;
	if (c->argc == 2) {
		e = list_topic(&q, c->argv[1]);
	} else {
		e = dead_letters_topics(q.dead, c->ctx, &topics, &n);
		prefix = strlen(q.prefix);
		for (size_t i = 0; e == ERR_OK && i < n; i++) {
			if (strncmp(topics[i], q.prefix, prefix) == 0)
				e = list_topic(&q, topics[i] + prefix);
		}
	}
	return e == ERR_OK ? CTL_OK : fail_kafka(&q, e);
}

/* --- one letter --- */

/* Reads PARTITION and OFFSET behind TOPIC; false after saying what is wrong. */
static bool
read_place(struct ctl *c, const char *command, int32_t *partition, int64_t *offset)
{
	long long number, place;

	if (c->argc != 4) {
		ctl_fail("%s: name one letter by topic, partition and offset", command);
		return false;
	}
	if (!ctl_number("the partition", c->argv[2], 0, INT32_MAX, &number) ||
	    !ctl_number("the offset", c->argv[3], 0, INT64_MAX, &place))
		return false;
	*partition = (int32_t)number;
	*offset = place;
	return true;
}

/*
 * Calls visit with the letter that the arguments name; says what is wrong, and returns the status.
 */
static int
with_letter(struct dlq *q, int32_t partition, int64_t offset,
            bool (*visit)(void *, const struct dead_letter *))
{
	enum err e = look(q, q->c->argv[1]);

	assert(q->dead != NULL && q->c->argc == 4);
	if (e == ERR_OK)
		e = dead_letters_visit(q->dead, partition, offset, visit, q);
	if (e == ERR_NOT_FOUND)
		return ctl_fail("%s has no dead letter at partition %d, offset %lld", q->topic,
		                (int)partition, (long long)offset);
	return e == ERR_OK ? CTL_OK : fail_kafka(q, e);
}

/* The whole letter: head, an empty line, value. With --value its bytes as they are, for a file. */
static bool
print_letter(void *arg, const struct dead_letter *l)
{
	const struct topic_browser_message *m = l->message;
	const struct dlq *q = arg;
	char at[CLOCK_TEXT];

	if (q->value_only) {
		fwrite(m->value, 1, m->len, stdout);
		return false;
	}
	printf("letter: %s%s" DEAD_LETTER_SUFFIX " %d %lld%s\ntime: %s\nkey: ", q->prefix, q->topic,
	       (int)m->partition, (long long)m->offset, l->replayed ? " (replayed)" : "",
	       m->at_us < 0 ? "-" : clock_text(m->at_us, at));
	print_clean(m->key == NULL ? "-" : m->key, m->key == NULL ? 1 : m->key_len, false);
	for (size_t i = 0; i < m->n_headers; i++) {
		const char *value, *name;
		size_t len;

		name = topic_browser_header(m, i, &value, &len);
		putchar('\n');
		print_text(name);
		printf(": ");
		print_clean(value, value == NULL ? 0 : len, false);
	}
	printf("\n\n");
	print_clean(m->value, m->len, true);
	putchar('\n');
	return false;
}

int
ctl_dead_letters_show(struct ctl *c)
{
	struct dlq q = { 0 };
	const struct ctl_option options[] = { { "value", NULL, &q.value_only }, { 0 } };
	int32_t partition;
	int64_t offset;

	if (!ctl_options(c, options) || !read_place(c, "dlq show", &partition, &offset))
		return CTL_USAGE;
	if (!connect_dlq(&q, c))
		return CTL_FAILED;
	return with_letter(&q, partition, offset, print_letter);
}

/* --- replay --- */

/* Hands a letter to the producer, with its own value or the mended one; false when that failed. */
static bool
replay(struct dlq *q, const struct dead_letter *l)
{
	const char *value = l->message->value;
	size_t len = l->message->len;

	if (q->file != NULL && (value = ctl_read(q->c, q->file, VALUE_MOST, &len)) == NULL)
		q->failed = true;
	else
		q->failed = dead_letters_replay(q->dead, l, value, len) != ERR_OK;
	return !q->failed;
}

/* A letter whose value was cut needs one from a file: half a message would be wrong in silence. */
static bool
replay_one(void *arg, const struct dead_letter *l)
{
	struct dlq *q = arg;

	if (!l->cut || q->file != NULL)
		return replay(q, l);
	ctl_fail("only the first %zu bytes of its value are there: give the whole with --value",
	         l->message->len);
	q->failed = true;
	return false;
}

/* Of all letters of a topic: passes over those that were replayed, and those that were cut. */
static bool
replay_each(void *arg, const struct dead_letter *l)
{
	struct dlq *q = arg;

	q->left_out += l->cut && !l->replayed;
	return l->cut || l->replayed || replay(q, l);
}

/*
 * Waits for the acknowledgements, and says what has come of it. status: of what was done before;
 * CTL_OK becomes CTL_FAILED when not all was sent
 */
static int
finish_replay(struct dlq *q, int status)
{
	const struct dead_letter_sent *sent;
	size_t n, done = 0;
	enum err e;

	sent = dead_letter_sent(q->dead, &n);
	assert(n == 0 || sent != NULL);
	e = n > 0 ? dead_letters_finish(q->dead) : ERR_OK;
	for (size_t i = 0; i < n; i++) {
		if (sent[i].acknowledged)
			printf("%s %d %lld replayed\n", q->topic, (int)sent[i].partition,
			       (long long)sent[i].offset);
		done += sent[i].acknowledged;
	}
	if (e != ERR_OK)
		ctl_fail(
		    "%zu of %zu letters were acknowledged; what was not may arrive all the same",
		    done, n);
	if (q->left_out > 0)
		ctl_fail("left out, because their values were cut: %zu; see dlq list", q->left_out);
	if (e != ERR_OK)
		return fail_kafka(q, e);
	return q->failed || q->left_out > 0 ? CTL_FAILED : status;
}

/* What was handed over before an error is waited for all the same: it may arrive. */
static int
replay_all(struct dlq *q, const char *topic)
{
	enum err e = look(q, topic);

	if (e == ERR_OK)
		e = dead_letters_walk(q->dead, replay_each, q);
	return finish_replay(q, e == ERR_OK || e == ERR_NOT_FOUND ? CTL_OK : fail_kafka(q, e));
}

/*
 * A letter is sent to the topic that it died in, and marked there: a second replay of one letter
 * has to be asked for by its place, --all passes over it.
 */
int
ctl_dead_letters_replay(struct ctl *c)
{
	struct dlq q = { 0 };
	const struct ctl_option options[] = { { "all", NULL, &q.all },
		                              { "value", &q.file, NULL },
		                              { 0 } };
	int32_t partition = 0;
	int64_t offset = 0;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (q.all && (c->argc != 2 || q.file != NULL)) {
		ctl_fail("dlq replay: name a topic and --all, or one letter");
		return CTL_USAGE;
	}
	if (!q.all && !read_place(c, "dlq replay", &partition, &offset))
		return CTL_USAGE;
	if (!connect_dlq(&q, c))
		return CTL_FAILED;
	if (q.all)
		return replay_all(&q, c->argv[1]);
	return finish_replay(&q, with_letter(&q, partition, offset, replay_one));
}
