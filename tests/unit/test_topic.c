/*
 * The registry of topics, with a subscriber that has no Redis and a kind of this test's own: who
 * begins when, what is remembered, and when a topic ends.
 */
#include <stdio.h>
#include <string.h>

#include "ctx_case.h"

#include "live/topic.h"

static struct event_base *base;
static struct topics *topics;

/* What was called, a letter for each call. */
static char calls[64];

static bool hearing; /* whether the source hears what is new */

static void
note(char what)
{
	const size_t n = strlen(calls);

	assert_true(n + 1 < sizeof(calls));
	calls[n] = what;
	calls[n + 1] = '\0';
}

/* Checks what was called since the last check. */
static void
expect(const char *what)
{
	assert_string_equal(calls, what);
	calls[0] = '\0';
}

static void
name_topic(char out[TOPIC_NAME], const char *user_id, int32_t event_id)
{
	snprintf(out, TOPIC_NAME, "%s:%d", user_id == NULL ? "" : user_id, event_id);
}

static void
on_open(struct topic *t)
{
	assert_int_equal(t->held, 0);
	note('o');
}

static void
on_close(struct topic *t)
{
	assert_true(LIST_EMPTY(&t->followers));
	note('c');
}

static void
on_ask(struct follower *f)
{
	assert_int_equal(f->state, FOLLOWER_READS);
	note('a');
}

static void
on_forget(struct follower *f)
{
	(void)f;
	note('f');
}

static void
on_hear(struct follower *f, const struct recent *r)
{
	assert_int_equal(f->state, FOLLOWER_HEARS);
	note((char)('0' + r->cursor.xid));
}

static void
on_tell(struct topic *t, const struct news *news)
{
	(void)t;
	(void)news;
}

static const struct follow_kind kind = { .name = name_topic,
	                                 .open = on_open,
	                                 .close = on_close,
	                                 .ask = on_ask,
	                                 .forget = on_forget,
	                                 .hear = on_hear,
	                                 .tell = on_tell };

static void
on_refuse(struct follower *f, enum err e)
{
	assert_null(f->topic);
	note(e == ERR_UNAVAILABLE ? 'r' : '?');
}

static void
on_end(struct follower *f)
{
	assert_null(f->topic);
	note('e');
}

static void
on_drop(void *message)
{
	(void)message;
	note('d');
}

static const struct follower_rules rules = { .refuse = on_refuse, .end = on_end, .drop = on_drop };

static const struct subscriber_rules no_redis; /* none is called without a URL */

static bool
hears(const struct live_source *source, const struct topic *t)
{
	(void)source;
	(void)t;
	return hearing;
}

static void
widen(struct live_source *source)
{
	(void)source;
	note('w');
}

static int
setup_topics(void **state)
{
	const struct follow_kind *const kinds[FOLLOW__MAX] = { &kind, &kind, &kind };

	setup(state);
	base = event_base_new();
	topics = topics_new(ctx, &rules);
	topics_wire(topics, kinds,
	            (struct topic_source){
			.source = (struct live_source *)ctx,
			.subscriber = subscriber_new(ctx, base, "", &no_redis, NULL),
			.hears = hears,
			.widen = widen });
	hearing = true;
	calls[0] = '\0';
	return 0;
}

static int
teardown_topics(void **state)
{
	assert_int_equal(topics_count(topics), 0);
	teardown(state);
	event_base_free(base);
	return 0;
}

static struct follower
a_follower(const char *user_id)
{
	return (struct follower){ .kind = FOLLOW_OWN, .event_id = 7, .user_id = user_id };
}

static void
test_topic_lives_from_its_first_follower_to_its_last(void **state)
{
	struct follower a = a_follower("u"), b = a_follower("u");
	uint64_t serial;

	(void)state;
	topic_enter(topics, &a);
	expect("owa");
	serial = a.topic->serial;
	topic_enter(topics, &b);
	expect("a");
	assert_ptr_equal(a.topic, b.topic);
	assert_ptr_equal(topic_find(topics, FOLLOW_OWN, "u", 7), a.topic);
	assert_null(topic_find(topics, FOLLOW_OWN, "v", 7));
	topic_leave(&a);
	expect("f");
	topic_leave(&a);
	topic_leave(&b);
	expect("fc");
	assert_null(topic_find(topics, FOLLOW_OWN, "u", 7));
	topic_enter(topics, &a);
	assert_int_not_equal(a.topic->serial, serial);
	topic_leave(&a);
}

static void
test_followers_wait_until_news_can_be_heard(void **state)
{
	struct follower a = a_follower("u"), b = a_follower("v");

	(void)state;
	hearing = false;
	topic_enter(topics, &a);
	topic_enter(topics, &b);
	expect("owow");
	hearing = true;
	topic_begin(a.topic);
	expect("a");
	topics_begin(topics);
	expect("a");
	topics_begin(topics);
	expect("");
	topics_refuse_before(topics, a.since_us, ERR_UNAVAILABLE);
	expect("");
	topics_refuse_before(topics, INT64_MAX, ERR_UNAVAILABLE);
	expect("fcrfcr");
}

static void
test_what_is_told_meanwhile_is_remembered(void **state)
{
	static int message;
	struct follower a = a_follower("u"), b = a_follower("u");
	struct topic *t;

	(void)state;
	topic_enter(topics, &a);
	t = a.topic;
	t->cursor = (struct cursor){ 9, 1 };
	topic_remember(t, &(struct cursor){ 1, 1 }, NULL, &message);
	topic_remember(t, &(struct cursor){ 2, 1 }, NULL, &message);
	assert_true(topic_remembers(t, &(struct cursor){ 0, 0 }));
	topic_enter(topics, &b);
	expect("owaa");
	topic_catch_up(&a);
	expect("12");
	assert_int_equal(topics_hearing(topics, FOLLOW_OWN), 1);
	topic_catch_up(&b);
	expect("12dd"); /* the last to begin */
	assert_false(topic_remembers(t, &(struct cursor){ 1, 9 }));
	assert_true(topic_remembers(t, &(struct cursor){ 2, 1 }));
	topic_remember(t, &(struct cursor){ 3, 1 }, NULL, &message);
	expect("d");
	assert_false(topic_remembers(t, &(struct cursor){ 2, 9 }));
	assert_true(topic_remembers(t, &(struct cursor){ 3, 1 }));
	topic_end(&a);
	topic_end(&b);
	expect("fefce");
	assert_int_equal(topics_hearing(topics, FOLLOW_OWN), 0);
}

static void
test_topic_remember_is_bounded(void **state)
{
	struct follower a = a_follower("u");
	int64_t seq = 0;

	(void)state;
	topic_enter(topics, &a);
	a.topic->cursor = (struct cursor){ 9, 1 };
	while (topic_remembers(a.topic, &(struct cursor){ 5, 0 }) && seq < 10000)
		topic_remember(a.topic, &(struct cursor){ 5, ++seq },
		               talloc_zero(ctx, struct change), NULL);
	assert_int_equal(seq, a.topic->n_recents + 1);
	assert_false(topic_remembers(a.topic, &(struct cursor){ 5, seq - 1 }));
	topic_leave(&a);
}

static void
test_topic_move_changes_the_topic(void **state)
{
	struct follower a = a_follower("u");

	(void)state;
	topic_enter(topics, &a);
	expect("owa");
	topic_move(&a, "v");
	expect("fcowa");
	assert_ptr_equal(topic_find(topics, FOLLOW_OWN, "v", 7), a.topic);
	topic_ask_again(&a);
	expect("a");
	topic_leave(&a);
	expect("fc");
}

static void
test_a_held_topic_survives_its_last_follower(void **state)
{
	struct follower a = a_follower("u");
	struct topic *t;

	(void)state;
	topic_enter(topics, &a);
	t = a.topic;
	topic_hold(t);
	topic_leave(&a);
	expect("owaf");
	topic_release(t);
	expect("c");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_topics, teardown_topics)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_topic_lives_from_its_first_follower_to_its_last),
		TEST(test_followers_wait_until_news_can_be_heard),
		TEST(test_what_is_told_meanwhile_is_remembered),
		TEST(test_topic_remember_is_bounded),
		TEST(test_topic_move_changes_the_topic),
		TEST(test_a_held_topic_survives_its_last_follower),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
