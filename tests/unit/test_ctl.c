/* Options and numbers on the command line of rowlockctl. */
#include "ctx_case.h"

#include <string.h>

#include "ctl/ctl.h"

static const char *value;
static bool flag;
static const struct ctl_option options[] = { { "value", &value, NULL },
	                                     { "flag", NULL, &flag },
	                                     { 0 } };

/* Takes the options out of a command line; what is left is in c. */
static bool
take(struct ctl *c, char **argv)
{
	value = NULL;
	flag = false;
	*c = (struct ctl){ .ctx = ctx, .argv = argv };
	while (argv[c->argc] != NULL)
		c->argc++;
	return ctl_options(c, options);
}

static void
test_ctl_options_leaves_the_arguments(void **state)
{
	char *argv[] = { "list", "a", "--value", "7", "--flag", "b", NULL };
	char *joined[] = { "list", "--value=x=y", "a", NULL };
	struct ctl c;

	(void)state;
	assert_true(take(&c, argv));
	assert_string_equal(value, "7");
	assert_true(flag);
	assert_int_equal(c.argc, 3);
	assert_string_equal(c.argv[0], "list");
	assert_string_equal(c.argv[1], "a");
	assert_string_equal(c.argv[2], "b");
	assert_true(take(&c, joined));
	assert_string_equal(value, "x=y");
	assert_false(flag);
	assert_int_equal(c.argc, 2);
}

static void
test_ctl_options_refuses(void **state)
{
	char *unknown[] = { "list", "--valu", "7", NULL };
	char *bare[] = { "list", "--value", NULL };
	char *set[] = { "list", "--flag=1", NULL };
	struct ctl c;

	(void)state;
	assert_false(take(&c, unknown));
	assert_false(take(&c, bare));
	assert_false(take(&c, set));
}

static void
test_ctl_number_takes_the_whole_of_a_text(void **state)
{
	static const char *const bad[] = { "", "0", "11", "5x", "x", "99999999999999999999" };
	long long n;

	(void)state;
	assert_true(ctl_number("n", "1", 1, 10, &n));
	assert_int_equal(n, 1);
	assert_true(ctl_number("n", "10", 1, 10, &n));
	assert_int_equal(n, 10);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(ctl_number("n", bad[i], 1, 10, &n));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_ctl_options_leaves_the_arguments),
		TEST(test_ctl_options_refuses),
		TEST(test_ctl_number_takes_the_whole_of_a_text),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
