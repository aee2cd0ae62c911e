/* Requests as the web server says them: targets, queries, types. */
#include "request_case.h"

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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_request_split_decodes_segments),
		TEST(test_request_split_refuses_hidden_things),
		TEST(test_request_is_type_ignores_case_and_parameters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
