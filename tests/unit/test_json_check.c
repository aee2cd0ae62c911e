/* Strict JSON: what is taken, what is refused and where, and what becomes of numbers. */

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "ctx_case.h"

#include "base/json_parse.h"

/* A text with its length, as it may hold NUL. */
#define TEXT(s)                                                                                    \
	{                                                                                          \
		s, sizeof(s) - 1                                                                   \
	}
#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

struct text {
	const char *s;
	size_t len;
};

static struct json_fault fault;

/* Checks a copy without a byte to spare, so that a sanitizer sees a read past its end. */
static enum err
check(const char *s, size_t len)
{
	char *copy = malloc(len == 0 ? 1 : len);
	size_t before = talloc_total_blocks(ctx);
	enum err e;

	assert_non_null(copy);
	memcpy(copy, s, len);
	fault = (struct json_fault){ .at = SIZE_MAX };
	e = json_check(ctx, copy, len, &fault);
	free(copy);
	assert_int_equal(talloc_total_blocks(ctx), before);
	return e;
}

static void
assert_taken(const struct text *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (check(texts[i].s, texts[i].len) != ERR_OK)
			fail_msg("refused: %s: %s at %zu", texts[i].s, fault.why, fault.at);
	}
}

static void
assert_refused(const struct text *texts, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (check(texts[i].s, texts[i].len) != ERR_VALIDATION_ERROR)
			fail_msg("taken: %s", texts[i].s);
		assert_non_null(fault.why);
		assert_true(fault.at <= texts[i].len);
	}
}

static void
test_json_check_values(void **state)
{
	static const struct text texts[] = {
		TEXT("{}"),
		TEXT("[]"),
		TEXT("null"),
		TEXT("true"),
		TEXT("false"),
		TEXT("\"\""),
		TEXT("0"),
		TEXT("-0"),
		TEXT("-1"),
		TEXT("10"),
		TEXT("1.5"),
		TEXT("0.001"),
		TEXT("1e5"),
		TEXT("1E+5"),
		TEXT("1.0e-5"),
		TEXT("1e999"),
		TEXT("9007199254740993"),
		TEXT(" \t\r\n[ 1 , 2 ]\n"),
		TEXT("{\"a\":[{\"b\":{}},[],\"c\"],\"d\":null}"),
		TEXT("[{\"a\":1},{\"a\":2}]"),
		TEXT("{\"a\":{\"a\":{\"a\":1}}}"),
		TEXT("\"\\\"\\\\\\/\\b\\f\\n\\r\\t\\u00e9\\uD83D\\uDE00\""),
		TEXT("\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80 \xf4\x8f\xbf\xbf \x7f\""),
		TEXT("\"\xee\x80\x80 \xed\x9f\xbf \xef\xbf\xbf\""),
	};

	(void)state;
	assert_taken(texts, COUNT(texts));
}

static void
test_json_check_what_is_no_json(void **state)
{
	static const struct text texts[] = {
		TEXT(""),
		TEXT(" "),
		TEXT("{"),
		TEXT("}"),
		TEXT("["),
		TEXT("]"),
		TEXT("{]"),
		TEXT("[}"),
		TEXT("[1"),
		TEXT("[1,"),
		TEXT("[1,]"),
		TEXT("[,1]"),
		TEXT("[1 2]"),
		TEXT("{\"a\"}"),
		TEXT("{\"a\":}"),
		TEXT("{\"a\":1,}"),
		TEXT("{,}"),
		TEXT("{a:1}"),
		TEXT("{'a':1}"),
		TEXT("{1:1}"),
		TEXT("{\"a\" 1}"),
		TEXT("{\"a\":1 \"b\":2}"),
		TEXT("{\"a\":1;\"b\":2}"),
		TEXT("tru"),
		TEXT("True"),
		TEXT("nul"),
		TEXT("NaN"),
		TEXT("Infinity"),
		TEXT("-Infinity"),
		TEXT("undefined"),
		TEXT("// x\n1"),
		TEXT("/**/1"),
		TEXT("\v1"),
		TEXT("\xc2\xa0"
		     "1"),
	};

	(void)state;
	assert_refused(texts, COUNT(texts));
}

static void
test_json_check_bad_numbers(void **state)
{
	static const struct text texts[] = {
		TEXT("007"),  TEXT("00"),  TEXT("-01"),   TEXT("01.5"), TEXT("1."),
		TEXT("1.e5"), TEXT(".5"),  TEXT("-"),     TEXT("-.5"),  TEXT("+1"),
		TEXT("1e"),   TEXT("1e+"), TEXT("1e5.5"), TEXT("0x10"), TEXT("1_000"),
		TEXT("1,5"),  TEXT("--1"), TEXT("1-"),    TEXT("[-]"),
	};

	(void)state;
	assert_refused(texts, COUNT(texts));
}

static void
test_json_check_trailing_bytes(void **state)
{
	static const struct text texts[] = {
		TEXT("{}x"),      TEXT("{} {}"), TEXT("{},"),
		TEXT("[]]"),      TEXT("1 2"),   TEXT("\"a\"\"b\""),
		TEXT("nullnull"), TEXT("{}\0"),  TEXT("{}\xef\xbb\xbf"),
	};

	(void)state;
	assert_refused(texts, COUNT(texts));
}

static void
test_json_check_bad_utf8(void **state)
{
	static const struct text texts[] = {
		TEXT("\"\xff\""),
		TEXT("\"\x80\""),
		TEXT("\"\xc3\""),
		TEXT("\"\xc3"),
		TEXT("\"\xe2\x82\""),
		TEXT("\"\xe2\x82"),
		TEXT("\"\xf0\x9f\x98\""),
		TEXT("\"\xf0\x9f\x98"),
		TEXT("\"\xc0\xaf\""),
		TEXT("\"\xc1\xbf\""),
		TEXT("\"\xe0\x9f\xbf\""),
		TEXT("\"\xf0\x8f\xbf\xbf\""),
		TEXT("\"\xed\xa0\x80\""),
		TEXT("\"\xed\xbf\xbf\""),
		TEXT("\"\xf4\x90\x80\x80\""),
		TEXT("\"\xf8\x88\x80\x80\x80\""),
		TEXT("\"\xe2\x28\xa1\""),
		TEXT("{\"\xff\":1}"),
		TEXT("\xc3\xa9"),
		TEXT("\xef\xbb\xbf{}"),
		TEXT("\xef\xbb\xbf"),
	};

	(void)state;
	assert_refused(texts, COUNT(texts));
}

static void
test_json_check_bad_strings(void **state)
{
	static const struct text texts[] = {
		TEXT("\""),          TEXT("\"a"),
		TEXT("\"\\"),        TEXT("\"\\\""),
		TEXT("\"a\nb\""),    TEXT("\"a\tb\""),
		TEXT("\"\x1f\""),    TEXT("\"a\0b\""),
		TEXT("\"\\x41\""),   TEXT("\"\\a\""),
		TEXT("\"\\U0041\""), TEXT("\"\\\0\""),
		TEXT("\"\\u\""),     TEXT("\"\\u12\""),
		TEXT("\"\\u123"),    TEXT("\"\\u12g4\""),
		TEXT("\"\\u+123\""), TEXT("\"\\u 123\""),
		TEXT("\"\\u0000\""), TEXT("{\"\\u0000\":1}"),
	};

	(void)state;
	assert_refused(texts, COUNT(texts));
}

static void
test_json_check_half_surrogates(void **state)
{
	static const struct text texts[] = {
		TEXT("\"\\ud800\""),         TEXT("\"\\udbff\""),        TEXT("\"\\udc00\""),
		TEXT("\"\\udfff\""),         TEXT("\"\\ud800\\ud800\""), TEXT("\"\\udc00\\ud800\""),
		TEXT("\"\\ud800x\\udc00\""), TEXT("\"\\ud800\\n\""),     TEXT("\"\\ud800\\u0041\""),
		TEXT("\"\\ud800\\udc0\""),   TEXT("\"\\ud800\\u"),       TEXT("\"\\ud800\\"),
		TEXT("\"\\ud800\\udc0g\""),
	};

	(void)state;
	assert_refused(texts, COUNT(texts));
}

static void
test_json_check_names_twice(void **state)
{
	static const struct text twice[] = {
		TEXT("{\"a\":1,\"a\":2}"),
		TEXT("{\"a\":1,\"A\":2}"),
		TEXT("{\"\":1,\"\":2}"),
		TEXT("{\"seatIds\":1,\"b\":{\"c\":1},\"SEATIDS\":2}"),
		TEXT("{\"a\":1,\"\\u0061\":2}"),
		TEXT("{\"\\u0041\":1,\"a\":2}"),
		TEXT("{\"\\/\":1,\"/\":2}"),
		TEXT("{\"\xc3\xa9\":1,\"\\u00e9\":2}"),
		TEXT("{\"\xf0\x9f\x98\x80\":1,\"\\ud83d\\ude00\":2}"),
		TEXT("[{\"x\":{\"a\":1,\"b\":2,\"a\":3}}]"),
	};
	static const struct text once[] = {
		TEXT("{\"a\":1,\"b\":2,\"aa\":3,\"ab\":4,\"\":5}"),
		TEXT("{\"a\":{\"a\":1,\"b\":2},\"b\":{\"a\":1}}"),
		TEXT("{\"\xc3\xa9\":1,\"\xc3\x89\":2}"), /* only ASCII has cases here */
		TEXT("{\"[\":1,\"{\":2,\"@\":3,\"`\":4}"),
		TEXT("{\"\\u0061b\":1,\"ab2\":2,\"\\n\":3,\"n\":4}"),
	};

	(void)state;
	assert_refused(twice, COUNT(twice));
	assert_taken(once, COUNT(once));
}

/* More names than the first room has, all different but for what the caller asks. */
static char *
many_names(int n, const char *last)
{
	char *text = talloc_strdup(ctx, "{");

	for (int i = 0; i < n; i++)
		text = talloc_asprintf_append_buffer(text, "\"name%d\":{\"\\u0078%d\":0},", i, i);
	return talloc_asprintf_append_buffer(text, "\"%s\":0}", last);
}

static void
test_json_check_name_twice_among_many(void **state)
{
	char *text = many_names(3000, "last");

	(void)state;
	assert_int_equal(check(text, strlen(text)), ERR_OK);
	text = many_names(3000, "NAME1234");
	assert_int_equal(check(text, strlen(text)), ERR_VALIDATION_ERROR);
	assert_string_equal(fault.why, "a name that its object already has");
	assert_int_equal(fault.at, strlen(text) - strlen("\"NAME1234\":0}"));
}

static void
test_json_check_depth(void **state)
{
	char text[2 * (JSON_MAX_DEPTH + 1)];

	(void)state;
	for (int deep = JSON_MAX_DEPTH; deep <= JSON_MAX_DEPTH + 1; deep++) {
		memset(text, '[', (size_t)deep);
		memset(text + deep, ']', (size_t)deep);
		assert_int_equal(check(text, 2 * (size_t)deep),
		                 deep <= JSON_MAX_DEPTH ? ERR_OK : ERR_VALIDATION_ERROR);
	}
	assert_int_equal(fault.at, JSON_MAX_DEPTH);
	assert_int_equal(check("[[],[],[[]]]", 12), ERR_OK);
}

/* Side by side is not deep. */
static void
test_json_check_wide_is_not_deep(void **state)
{
	char *text = talloc_strdup(ctx, "[[]");

	(void)state;
	for (int i = 0; i < 100; i++)
		text = talloc_asprintf_append_buffer(text, ",{},[{\"a\":[1]}]");
	text = talloc_asprintf_append_buffer(text, "]");
	assert_int_equal(check(text, strlen(text)), ERR_OK);
}

static void
test_json_check_says_where(void **state)
{
	static const struct {
		const char *text;
		size_t at;
	} cases[] = {
		{ "", 0 },
		{ "{\"a\":tru}", 5 },
		{ "[1,2", 4 },
		{ "{} x", 3 },
		{ "[\"ab\xff\"]", 4 },
		{ "{\"a\":1,\"b\":2,\"A\":3}", 13 },
		{ "[1,007]", 3 },
		{ "[\"a\\qb\"]", 3 },
		{ "\xef\xbb\xbf{}", 0 },
		{ "[\"x\\ud800\"]", 3 },
		{ "[1.]", 3 },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(check(cases[i].text, strlen(cases[i].text)), ERR_VALIDATION_ERROR);
		assert_int_equal(fault.at, cases[i].at);
	}
}

/* Every beginning of a good object is bad, and none is read beyond. */
static void
test_json_check_cut_short(void **state)
{
	static const char text[] =
	    "{\"a\\u00e9\":[1.5e+3,-0,true,null,\"\xf0\x9f\x98\x80\\ud83d\\ude00\"],"
	    "\"b\":{\"c\":false}}";

	(void)state;
	assert_int_equal(check(text, strlen(text)), ERR_OK);
	for (size_t n = 0; n < strlen(text); n++)
		assert_int_equal(check(text, n), ERR_VALIDATION_ERROR);
}

static void
test_json_unescape_all_escapes(void **state)
{
	static const char raw[] = "a\\\"\\\\\\/\\b\\f\\n\\r\\tz\\u0041\\u00E9\\u20ac\\uD83D\\uDE00";
	static const char plain[] = "a\"\\/\b\f\n\r\tzA\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80";
	char out[sizeof(raw)];

	(void)state;
	assert_int_equal(json_unescape(raw, strlen(raw), out), strlen(plain));
	assert_memory_equal(out, plain, strlen(plain));
	assert_int_equal(json_unescape(raw, 0, out), 0);
}

static void
test_json_parse_gives_the_tree(void **state)
{
	static const char text[] = " {\"a\":[1,\"x\\u00e9\"],\"B\":{\"c\":null}} \n";
	cJSON *tree, *a;

	(void)state;
	assert_int_equal(json_parse(ctx, text, strlen(text), &tree, &fault), ERR_OK);
	a = cJSON_GetObjectItemCaseSensitive(tree, "a");
	assert_true(cJSON_IsArray(a));
	assert_true(cJSON_GetArrayItem(a, 0)->valuedouble == 1);
	assert_string_equal(cJSON_GetArrayItem(a, 1)->valuestring, "x\xc3\xa9");
	assert_null(cJSON_GetObjectItemCaseSensitive(tree, "b"));
}

static void
test_json_parse_needs_no_end(void **state)
{
	char *copy = malloc(4);
	cJSON *tree;

	(void)state;
	assert_non_null(copy);
	memcpy(copy, "1234", 4);
	assert_int_equal(json_parse(ctx, copy, 3, &tree, &fault), ERR_OK);
	assert_true(tree->valuedouble == 123);
	free(copy);
}

static void
test_json_parse_refuses_what_check_refuses(void **state)
{
	cJSON *tree = (cJSON *)ctx;

	(void)state;
	assert_int_equal(json_parse(ctx, "{\"a\":1,\"A\":2}", 13, &tree, &fault),
	                 ERR_VALIDATION_ERROR);
	assert_null(tree);
	assert_int_equal(fault.at, 7);
}

static void
test_json_parse_beyond_all_bounds_is_infinite(void **state)
{
	cJSON *tree;

	(void)state;
	assert_int_equal(json_parse(ctx, "[1e999,-1e999]", 14, &tree, &fault), ERR_OK);
	assert_true(isinf(cJSON_GetArrayItem(tree, 0)->valuedouble));
	assert_true(cJSON_GetArrayItem(tree, 1)->valuedouble < 0);
}

/* Some versions of cJSON read only 63 characters of a number: never is a part taken for all. */
static void
test_json_parse_number_of_many_digits(void **state)
{
	char text[102];
	cJSON *tree;

	(void)state;
	memset(text, '1', sizeof(text));
	text[100] = '\0';
	assert_int_equal(check(text, 100), ERR_OK);
	if (json_parse(ctx, text, 100, &tree, &fault) == ERR_OK) {
		assert_true(tree->valuedouble == strtod(text, NULL));
	} else {
		assert_null(tree);
		assert_non_null(fault.why);
		assert_true(fault.at <= 100);
	}
	assert_int_equal(json_parse(ctx, text, 63, &tree, &fault), ERR_OK);
	assert_true(tree->valuedouble > 1.1e62 && tree->valuedouble < 1.2e62);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		TEST(test_json_check_values),
		TEST(test_json_check_what_is_no_json),
		TEST(test_json_check_bad_numbers),
		TEST(test_json_check_trailing_bytes),
		TEST(test_json_check_bad_utf8),
		TEST(test_json_check_bad_strings),
		TEST(test_json_check_half_surrogates),
		TEST(test_json_check_names_twice),
		TEST(test_json_check_name_twice_among_many),
		TEST(test_json_check_depth),
		TEST(test_json_check_wide_is_not_deep),
		TEST(test_json_check_says_where),
		TEST(test_json_check_cut_short),
		TEST(test_json_unescape_all_escapes),
		TEST(test_json_parse_gives_the_tree),
		TEST(test_json_parse_needs_no_end),
		TEST(test_json_parse_refuses_what_check_refuses),
		TEST(test_json_parse_beyond_all_bounds_is_infinite),
		TEST(test_json_parse_number_of_many_digits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
