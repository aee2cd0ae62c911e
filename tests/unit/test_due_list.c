/* Times by one timer of a loop: what is due is called once, what is not stays. */
#include "ctx_case.h"

#include "base/clock.h"
#include "live/due_list.h"

#define LONG_US (1000 * US_PER_S)

static struct event_base *base;
static struct due_list *list;

/* Something that has a time. */
struct thing {
	struct due due;
	int called;
	bool again; /* it has something to do once more, later */
};

static void
on_due(void *arg, void *of, int64_t soon_us)
{
	struct thing *thing = of;

	assert_ptr_equal(arg, ctx);
	assert_true(soon_us >= clock_mono_us());
	assert_false(thing->due.listed);
	thing->called++;
	if (thing->again)
		due_list_set(list, &thing->due, clock_mono_us() + LONG_US);
}

static int
setup_list(void **state)
{
	setup(state);
	base = event_base_new();
	list = due_list_new(ctx, base, on_due, ctx);
	return 0;
}

static int
teardown_list(void **state)
{
	teardown(state);
	event_base_free(base);
	return 0;
}

static void
test_due_list_calls_what_is_due_once(void **state)
{
	struct thing now = { .due.of = &now }, soon = { .due.of = &soon },
		     later = { .due.of = &later };

	(void)state;
	due_list_set(list, &later.due, clock_mono_us() + LONG_US);
	due_list_set(list, &now.due, clock_mono_us());
	due_list_set(list, &soon.due, clock_mono_us() + 1000);
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(now.called, 1);
	assert_int_equal(soon.called, 1); /* so near that it is done together */
	assert_int_equal(later.called, 0);
	assert_true(later.due.listed);
	due_list_unset(&later.due);
}

static void
test_due_list_set_keeps_the_earlier_time(void **state)
{
	struct thing thing = { .due.of = &thing };
	const int64_t now_us = clock_mono_us();

	(void)state;
	due_list_set(list, &thing.due, now_us + LONG_US);
	due_list_set(list, &thing.due, now_us);
	due_list_set(list, &thing.due, now_us + LONG_US);
	assert_int_equal(thing.due.due_us, now_us);
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(thing.called, 1);
}

static void
test_due_list_can_be_set_again_when_called(void **state)
{
	struct thing thing = { .due.of = &thing, .again = true };

	(void)state;
	due_list_set(list, &thing.due, clock_mono_us());
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(thing.called, 1);
	assert_true(thing.due.listed);
	due_list_unset(&thing.due);
}

static void
test_due_list_unset_takes_a_time_away(void **state)
{
	struct thing gone = { .due.of = &gone }, stays = { .due.of = &stays };

	(void)state;
	due_list_set(list, &gone.due, clock_mono_us());
	due_list_set(list, &stays.due, clock_mono_us());
	due_list_unset(&gone.due);
	due_list_unset(&gone.due);
	event_base_loop(base, EVLOOP_ONCE);
	assert_int_equal(gone.called, 0);
	assert_int_equal(stays.called, 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_list, teardown_list)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_due_list_calls_what_is_due_once),
		TEST(test_due_list_set_keeps_the_earlier_time),
		TEST(test_due_list_can_be_set_again_when_called),
		TEST(test_due_list_unset_takes_a_time_away),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
