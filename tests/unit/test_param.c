/* store/param: values and array literals in the form in which PostgreSQL reads them. */
#include <string.h>

#include "store/param.h"
#include "ctx_case.h"

static void
test_param_time_is_exact_to_the_microsecond(void **state)
{
	(void)state;
	assert_string_equal(param_time(ctx, 0), "1970-01-01T00:00:00.000000Z");
	assert_string_equal(param_time(ctx, INT64_C(1935426600000001)),
	                    "2031-05-01T18:30:00.000001Z");
	assert_null(param_time(ctx, -1));
}

static void
test_array_of_nothing_and_of_numbers(void **state)
{
	const int32_t ints[] = { 0, -1, INT32_MAX };
	const int64_t bigints[] = { INT64_MIN, INT64_MAX };

	(void)state;
	assert_string_equal(param_ints(ctx, NULL, 0), "{}");
	assert_string_equal(param_ints(ctx, ints, 3), "{0,-1,2147483647}");
	assert_string_equal(param_bigints(ctx, bigints, 2),
	                    "{-9223372036854775808,9223372036854775807}");
}

static void
test_array_text_keeps_every_character_and_tells_null_from_its_name(void **state)
{
	const char *const texts[] = { "", "a,b", "say \"x\"", "back\\slash", "{}", NULL, "NULL" };

	(void)state;
	assert_string_equal(
	    param_texts(ctx, texts, sizeof(texts) / sizeof(texts[0])),
	    "{\"\",\"a,b\",\"say \\\"x\\\"\",\"back\\\\slash\",\"{}\",NULL,\"NULL\"}");
}

static void
test_array_has_null_for_what_there_is_not(void **state)
{
	const struct uuid id = { { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 255 } };
	struct array a;

	(void)state;
	array_init(&a, ctx);
	array_int_or_null(&a, 7);
	array_int_or_null(&a, 0);
	array_uuid(&a, &id);
	array_uuid(&a, NULL);
	array_time(&a, 1000000);
	array_time(&a, -1);
	assert_string_equal(array_done(&a), "{7,NULL,01020304-0506-0708-090a-0b0c0d0e0fff,NULL,"
	                                    "\"1970-01-01T00:00:01.000000Z\",NULL}");
}

static void
test_array_grows_with_what_is_put_in(void **state)
{
	char *text = talloc_strdup(ctx, "");
	struct array a;
	const char *literal;

	(void)state;
	for (int i = 0; i < 1000; i++)
		text = talloc_strdup_append_buffer(text, "\"\\");
	array_init(&a, ctx);
	for (int i = 0; i < 5000; i++)
		array_int(&a, i);
	array_text(&a, text);
	literal = array_done(&a);
	assert_int_equal(strncmp(literal, "{0,1,2,", 7), 0);
	assert_int_equal(strlen(literal),
	                 1 + 10 + 2 * 90 + 3 * 900 + 4 * 4000 + 5000 + 2 + 4000 + 1);
	assert_string_equal(strstr(literal, "4999,") + 5 + 4001, "\"}");
}

static void
test_arrays_become_parameters_in_their_order(void **state)
{
	enum { NO, NAME, COLUMNS };
	struct array columns[COLUMNS];
	const char *params[COLUMNS + 1] = { [COLUMNS] = "kept" };

	(void)state;
	arrays_init(columns, COLUMNS, ctx);
	for (int i = 1; i <= 2; i++) {
		array_text(&columns[NAME], i == 1 ? "one" : "two");
		array_int(&columns[NO], i);
	}
	arrays_done(columns, COLUMNS, params);
	assert_string_equal(params[NO], "{1,2}");
	assert_string_equal(params[NAME], "{\"one\",\"two\"}");
	assert_string_equal(params[COLUMNS], "kept");
}

static void
test_param_ids_know_their_events(void **state)
{
	const struct uuid ids[] = { uuid_of_event(7), uuid_of_event(INT32_MAX) };
	const struct id_params p = param_ids(ctx, ids, 2);
	char text[UUID_TEXT];

	(void)state;
	assert_string_equal(p.events, "{7,2147483647}");
	assert_int_equal(strncmp(p.ids + 1, uuid_text(&ids[0], text), UUID_TEXT - 1), 0);
	assert_int_equal(strncmp(p.ids + 1 + UUID_TEXT, uuid_text(&ids[1], text), UUID_TEXT - 1),
	                 0);
}

int
main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_param_time_is_exact_to_the_microsecond, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_array_of_nothing_and_of_numbers, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(
		    test_array_text_keeps_every_character_and_tells_null_from_its_name, setup,
		    teardown),
		cmocka_unit_test_setup_teardown(test_array_has_null_for_what_there_is_not, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_array_grows_with_what_is_put_in, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_arrays_become_parameters_in_their_order, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_param_ids_know_their_events, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
