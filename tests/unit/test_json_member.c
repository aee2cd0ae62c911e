/* Members of a JSON object: what is taken, and how each fault is told. */
#include <math.h>
#include <string.h>

#include "base/err.h"
#include "base/json_member.h"
#include "base/json_parse.h"
#include "ctx_case.h"

/* The faults that were reported, as "name:kind[least,most] …". */
static char *told;

static void
tell(void *arg, const char *name, const struct json_member_fault *f)
{
	assert_ptr_equal(arg, &told);
	told = talloc_asprintf_append(told, "%s:%d[%lld,%lld] ", name, (int)f->wrong,
	                              (long long)f->least, (long long)f->most);
}

/* Reads a text, and forgets the faults of the one before. */
static struct json_members
members(const char *text)
{
	struct json_fault fault;
	cJSON *tree;

	told = talloc_strdup(ctx, "");
	assert_int_equal(json_parse(ctx, text, strlen(text), &tree, &fault), ERR_OK);
	return (struct json_members){ .object = tree, .fault = tell, .arg = &told };
}

static void
assert_told(const char *name, enum json_wrong wrong, int64_t least, int64_t most)
{
	const char *one = talloc_asprintf(ctx, "%s:%d[%lld,%lld] ", name, (int)wrong,
	                                  (long long)least, (long long)most);

	assert_string_equal(told, one);
	told = talloc_strdup(ctx, "");
}

static void
test_json_member_tells_absent_from_null(void **state)
{
	struct json_members m = members("{\"a\":null,\"aA\":1}");
	bool b = true;

	(void)state;
	assert_null(json_member(&m, "b", OPTIONAL));
	assert_string_equal(told, "");
	assert_null(json_member(&m, "b", REQUIRED));
	assert_told("b", JSON_MISSING, 0, 0);
	assert_non_null(json_member(&m, "a", REQUIRED));
	assert_false(json_member_bool(&m, "a", OPTIONAL, &b));
	assert_told("a", JSON_NO_BOOL, 0, 0);
	m.null_is_absent = true;
	assert_null(json_member(&m, "a", OPTIONAL));
	assert_false(json_member_bool(&m, "a", OPTIONAL, &b));
	assert_string_equal(told, "");
	assert_null(json_member(&m, "a", REQUIRED));
	assert_told("a", JSON_MISSING, 0, 0);
	assert_true(b);
}

static void
test_json_member_finds_nothing_in_what_is_no_object(void **state)
{
	struct json_members m = members("[1,2]");

	(void)state;
	assert_null(json_member_text(&m, "a", REQUIRED, 1, 5));
	assert_told("a", JSON_MISSING, 0, 0);
	m.object = NULL;
	m.fault = NULL;
	assert_null(json_member_text(&m, "a", REQUIRED, 1, 5));
}

static void
test_json_member_text_is_measured_in_bytes(void **state)
{
	struct json_members m = members("{\"e\":\"\",\"two\":\"\xc3\xa9\",\"tab\":\"\\t\","
	                                "\"c1\":\"\\u0085\",\"n\":1}");

	(void)state;
	assert_string_equal(json_member_text(&m, "e", REQUIRED, 0, 1), "");
	assert_string_equal(json_member_text(&m, "two", REQUIRED, 2, 2), "\xc3\xa9");
	assert_string_equal(told, "");
	assert_null(json_member_text(&m, "e", OPTIONAL, 1, 3));
	assert_told("e", JSON_TEXT_SHORT, 1, 3);
	assert_null(json_member_text(&m, "two", OPTIONAL, 1, 1));
	assert_told("two", JSON_TEXT_LONG, 1, 1);
	assert_null(json_member_text(&m, "tab", OPTIONAL, 0, 9));
	assert_told("tab", JSON_TEXT_CONTROL, 0, 9);
	assert_null(json_member_text(&m, "c1", OPTIONAL, 0, 9));
	assert_told("c1", JSON_TEXT_CONTROL, 0, 9);
	assert_null(json_member_text(&m, "n", OPTIONAL, 0, 9));
	assert_told("n", JSON_NO_STRING, 0, 9);
	assert_string_equal(json_member_string(&m, "tab", REQUIRED), "\t");
	assert_null(json_member_string(&m, "n", REQUIRED));
	assert_told("n", JSON_NO_STRING, 0, 0);
}

static void
test_json_member_int_takes_exact_whole_numbers_only(void **state)
{
	static const struct {
		const char *text;
		bool good;
		int64_t n;
	} cases[] = {
		{ "{\"n\":7}", true, 7 },
		{ "{\"n\":7.0}", true, 7 },
		{ "{\"n\":70e-1}", true, 7 },
		{ "{\"n\":-0}", true, 0 },
		{ "{\"n\":-9007199254740992}", true, -INT64_C(9007199254740992) },
		{ "{\"n\":9007199254740992}", true, INT64_C(9007199254740992) },
		{ "{\"n\":9007199254740994}", false, 0 },
		{ "{\"n\":9223372036854775808}", false, 0 },
		{ "{\"n\":1e999}", false, 0 },
		{ "{\"n\":-1e999}", false, 0 },
		{ "{\"n\":7.5}", false, 0 },
		{ "{\"n\":1e-300}", false, 0 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct json_members m = members(cases[i].text);
		int64_t n = -2;

		assert_int_equal(json_member_int(&m, "n", REQUIRED, INT64_MIN, INT64_MAX, &n),
		                 cases[i].good);
		assert_int_equal(n, cases[i].good ? cases[i].n : -2);
		if (!cases[i].good)
			assert_told("n", JSON_NO_WHOLE, INT64_MIN, INT64_MAX);
	}
}

static void
test_json_member_int_keeps_to_its_range(void **state)
{
	const struct json_members m = members("{\"n\":7,\"s\":\"7\",\"big\":2147483648}");
	int64_t n = -2;
	int32_t i = -2;

	(void)state;
	assert_true(json_member_int(&m, "n", REQUIRED, 7, 7, &n));
	assert_true(json_member_i32(&m, "n", REQUIRED, 7, 7, &i));
	assert_int_equal(n, 7);
	assert_int_equal(i, 7);
	assert_false(json_member_int(&m, "n", REQUIRED, 8, 9, &n));
	assert_told("n", JSON_NO_WHOLE, 8, 9);
	assert_false(json_member_int(&m, "n", REQUIRED, 5, 6, &n));
	assert_told("n", JSON_NO_WHOLE, 5, 6);
	assert_false(json_member_i32(&m, "big", REQUIRED, 1, INT32_MAX, &i));
	assert_told("big", JSON_NO_WHOLE, 1, INT32_MAX);
	assert_false(json_member_int(&m, "s", REQUIRED, 1, 9, &n));
	assert_told("s", JSON_NO_NUMBER, 1, 9);
	assert_int_equal(n, 7);
	assert_int_equal(i, 7);
}

static void
test_json_member_uuid_and_time_are_read_from_texts(void **state)
{
	const struct json_members m = members(
	    "{\"u\":\"01890A5D-ac96-774b-bcce-b302099a8057\",\"x\":\"01890a5d\","
	    "\"t\":\"1970-01-01T00:00:01Z\",\"d\":\"1970-01-01\"}");
	struct uuid u = { { 0 } };
	char text[UUID_TEXT];
	int64_t at_us = -2;

	(void)state;
	assert_true(json_member_uuid(&m, "u", REQUIRED, 64, &u));
	assert_string_equal(uuid_text(&u, text), "01890a5d-ac96-774b-bcce-b302099a8057");
	assert_false(json_member_uuid(&m, "x", REQUIRED, 64, &u));
	assert_told("x", JSON_NO_UUID, 0, 0);
	assert_string_equal(uuid_text(&u, text), "01890a5d-ac96-774b-bcce-b302099a8057");
	assert_false(json_member_uuid(&m, "u", REQUIRED, 35, &u));
	assert_told("u", JSON_TEXT_LONG, 1, 35);
	assert_true(json_member_time(&m, "t", REQUIRED, 64, &at_us));
	assert_int_equal(at_us, 1000000);
	assert_false(json_member_time(&m, "d", REQUIRED, 64, &at_us));
	assert_told("d", JSON_NO_TIME, 0, 0);
	assert_int_equal(at_us, 1000000);
}

static void
test_json_member_other_kinds(void **state)
{
	const struct json_members m = members("{\"o\":{},\"a\":[],\"n\":1e999,\"b\":false}");
	double d = 0;
	bool b = true;

	(void)state;
	assert_non_null(json_member_object(&m, "o", REQUIRED));
	assert_non_null(json_member_array(&m, "a", REQUIRED));
	assert_true(json_member_number(&m, "n", REQUIRED, &d));
	assert_true(isinf(d));
	assert_true(json_member_bool(&m, "b", REQUIRED, &b));
	assert_false(b);
	assert_string_equal(told, "");
	assert_null(json_member_object(&m, "a", OPTIONAL));
	assert_told("a", JSON_NO_OBJECT, 0, 0);
	assert_null(json_member_array(&m, "o", OPTIONAL));
	assert_told("o", JSON_NO_ARRAY, 0, 0);
	assert_false(json_member_number(&m, "b", OPTIONAL, &d));
	assert_told("b", JSON_NO_NUMBER, 0, 0);
}

static void
test_json_member_known_reports_each_stranger(void **state)
{
	static const char *const names[] = { "a", "b", NULL };
	const struct json_members m = members("{\"b\":1,\"x\":1,\"a\":1,\"y\":1}");
	const char *both = talloc_asprintf(ctx, "x:%d[0,0] y:%d[0,0] ", (int)JSON_NOT_KNOWN,
	                                   (int)JSON_NOT_KNOWN);

	(void)state;
	json_member_known(&m, names);
	assert_string_equal(told, both);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_json_member_tells_absent_from_null),
		cmocka_unit_test(test_json_member_finds_nothing_in_what_is_no_object),
		cmocka_unit_test(test_json_member_text_is_measured_in_bytes),
		cmocka_unit_test(test_json_member_int_takes_exact_whole_numbers_only),
		cmocka_unit_test(test_json_member_int_keeps_to_its_range),
		cmocka_unit_test(test_json_member_uuid_and_time_are_read_from_texts),
		cmocka_unit_test(test_json_member_other_kinds),
		cmocka_unit_test(test_json_member_known_reports_each_stranger),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
