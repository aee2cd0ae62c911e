#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/request.h"
#include "http/route.h"

static struct request rq;

static int
setup(void **state)
{
	(void)state;
	rq = (struct request){ .ctx = talloc_new(NULL), .method = GET };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	talloc_free(rq.ctx);
	return 0;
}

static void
test_request_split_decodes_segments(void **state)
{
	(void)state;
	request_split(&rq, "/api/v1/bookings/user/a%40b%2Bc/?x=1&y=a%20b+c&z");
	assert_false(rq.bad_path);
	assert_int_equal(rq.n_parts, 5);
	assert_string_equal(rq.part[4], "a@b+c");
	assert_string_equal(request_query(&rq, "x"), "1");
	assert_string_equal(request_query(&rq, "y"), "a b c");
	assert_string_equal(request_query(&rq, "z"), "");
	assert_null(request_query(&rq, "w"));
}

static void
test_request_split_refuses_hidden_things(void **state)
{
	static const char *const bad[] = {
		"",       "api",       "/a/../b",
		"/a/./b", "/%2e%2e/b", "/a%2fb",
		"/a%00b", "/a%0d%0a",  "/a%",
		"/a%4",   "/a%zz",     "//a",
		"/a//b",  "/a%5cb",    "/1/2/3/4/5/6/7/8/9/10/11/12/13/14/15/16/17",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		rq.n_parts = 0;
		request_split(&rq, bad[i]);
		assert_true(rq.bad_path);
	}
}

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

static void
test_request_is_type_ignores_case_and_parameters(void **state)
{
	static const struct {
		const char *given;
		bool is;
	} cases[] = {
		{ "CONTENT_TYPE=application/json", true },
		{ "CONTENT_TYPE=Application/JSON", true },
		{ "CONTENT_TYPE=application/json;charset=utf-8", true },
		{ "CONTENT_TYPE=application/json ; charset=utf-8", true },
		{ "CONTENT_TYPE=application/jsonp", false },
		{ "CONTENT_TYPE=text/plain", false },
		{ "CONTENT_TYPE=", false },
		{ "CONTENT_LENGTH=5", false },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		char *const env[] = { (char *)(uintptr_t)cases[i].given, NULL };

		rq.env = env;
		assert_int_equal(request_is_type(&rq, "application/json"), cases[i].is);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_request_split_decodes_segments, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_request_split_refuses_hidden_things, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_request_is_type_ignores_case_and_parameters,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(test_route_find_takes_the_first_that_fits, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_route_find_tells_methods_from_paths, setup,
		                                teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
