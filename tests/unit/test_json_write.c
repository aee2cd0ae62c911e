/* JSON text as it is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/json_write.h"

static void
test_jsonw_escapes_and_puts_commas(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct jsonw w;

	(void)state;
	jsonw_init(&w, ctx, 0);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "a", "x\"\\\n\x01y");
	jsonw_int(&w, "b", INT64_MIN);
	jsonw_open(&w, "c", '[');
	jsonw_int(&w, NULL, 0);
	jsonw_null(&w, NULL);
	jsonw_bool(&w, NULL, true);
	jsonw_real(&w, NULL, 478.85213);
	jsonw_close(&w, ']');
	jsonw_name(&w, "d\"e");
	jsonw_str(&w, NULL, NULL);
	jsonw_time(&w, "f", -1);
	jsonw_close(&w, '}');
	assert_string_equal(jsonw_text(&w),
	                    "{\"a\":\"x\\\"\\\\\\n\\u0001y\",\"b\":-9223372036854775808,"
	                    "\"c\":[0,null,true,478.85213],\"d\\\"e\":null,\"f\":null}");
	talloc_free(ctx);
}

static void
test_jsonw_ints_writes_none_as_an_empty_array(void **state)
{
	const int32_t some[] = { INT32_MIN, 0, INT32_MAX };
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct jsonw w;

	(void)state;
	jsonw_init(&w, ctx, 0);
	jsonw_open(&w, NULL, '{');
	jsonw_ints(&w, "some", some, 3);
	jsonw_ints(&w, "none", NULL, 0);
	jsonw_close(&w, '}');
	assert_string_equal(jsonw_text(&w), "{\"some\":[-2147483648,0,2147483647],\"none\":[]}");
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_jsonw_escapes_and_puts_commas),
		cmocka_unit_test(test_jsonw_ints_writes_none_as_an_empty_array),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
