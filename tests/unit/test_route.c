/* Routes: the first that fits, and what else the path allows. */
#include "request_case.h"

#include "http/route.h"

static const struct route_key table[] = {
	{ GET, "/b/my" },
	{ GET, "/b/{id}" },
	{ DELETE, "/b/{id}" },
	{ POST, "/b/{id}/c/{n}" },
};

static void
look_up(enum method method, const char *target, struct route_match *m)
{
	rq.method = method;
	rq.n_parts = 0;
	request_split(&rq, target);
	route_find(table, 4, sizeof(table[0]), &rq, m);
}

static void
test_route_find_takes_the_first_that_fits(void **state)
{
	struct route_match m;

	(void)state;
	look_up(GET, "/b/my", &m);
	assert_int_equal(m.index, 0);
	look_up(HEAD, "/b/7/", &m);
	assert_int_equal(m.index, 1);
	assert_string_equal(m.arg[0], "7");
	look_up(POST, "/b/7/c/8", &m);
	assert_int_equal(m.index, 3);
	assert_string_equal(m.arg[1], "8");
}

static void
test_route_find_tells_methods_from_paths(void **state)
{
	struct route_match m;

	(void)state;
	look_up(PATCH, "/b/7", &m);
	assert_int_equal(m.index, -1);
	assert_true(m.path_known);
	assert_string_equal(m.allow, "GET, HEAD, DELETE");
	look_up(GET, "/b/7/d", &m);
	assert_int_equal(m.index, -1);
	assert_false(m.path_known);
	look_up(GET, "/b", &m);
	assert_int_equal(m.index, -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_route_find_takes_the_first_that_fits),
		TEST(test_route_find_tells_methods_from_paths),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
