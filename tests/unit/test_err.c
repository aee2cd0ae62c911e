/* Errors as callers see them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/err.h"

static void
test_err_inner_errors_answer_as_unavailable(void **state)
{
	(void)state;
	assert_string_equal(err_code(ERR_DB_LOST), "UNAVAILABLE");
	assert_int_equal(err_status(ERR_TX_RETRY, FACE_V1), 503);
	assert_string_equal(err_code(ERR_SEAT_ALREADY_RESERVED), "SEAT_ALREADY_RESERVED");
	assert_int_equal(err_status(ERR_SEAT_ALREADY_RESERVED, FACE_V1), 409);
	assert_int_equal(err_status(ERR_SEAT_ALREADY_RESERVED, FACE_QUEUE), 400);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_err_inner_errors_answer_as_unavailable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
