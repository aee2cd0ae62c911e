/* The shapes of errors in each face, and labels. */
#include "request_case.h"

#include <string.h>

#include "api/request/decode.h"
#include "api/request/face.h"

static struct response rs;

/* The body of an error's answer; the status is in rs. */
static const char *
error_in(struct api *a, enum face face, enum err e)
{
	rs = (struct response){ 0 };
	a->rq = &rq;
	a->rs = &rs;
	face_error(a, face, e);
	return rs.body;
}

static void
test_face_error_in_each_shape(void **state)
{
	struct api a = { .message = "why" };

	(void)state;
	assert_string_equal(
	    error_in(&a, FACE_V1, ERR_NOT_FOUND),
	    "{\"success\":false,\"error\":{\"code\":\"NOT_FOUND\",\"message\":\"why\"}}");
	assert_int_equal(rs.status, 404);
	assert_string_equal(error_in(&a, FACE_QUEUE, ERR_SEAT_ALREADY_RESERVED),
	                    "{\"detail\":\"why\",\"code\":\"SEAT_ALREADY_RESERVED\"}");
	assert_int_equal(rs.status, 400);
	a.details = "{\"a\":1}";
	assert_string_equal(
	    error_in(&a, FACE_CINEMA, ERR_SEAT_ALREADY_RESERVED),
	    "{\"error\":\"why\",\"code\":\"SEAT_ALREADY_RESERVED\",\"details\":{\"a\":1}}");
	assert_int_equal(rs.status, 409);
	assert_null(rs.headers);
}

static void
test_face_error_names_faults_and_headers(void **state)
{
	struct api faulty = { .rq = &rq }, away = { 0 }, unknown = { 0 };

	(void)state;
	decode_fault(&faulty, "a\"b", "is required");
	assert_non_null(strstr(error_in(&faulty, FACE_V1, ERR_VALIDATION_ERROR),
	                       "\"details\":{\"fields\":{\"a\\\"b\":\"is required\"}}"));
	error_in(&away, FACE_V1, ERR_UNAVAILABLE);
	assert_string_equal(rs.headers, "Retry-After: 1\r\n");
	error_in(&unknown, FACE_QUEUE, ERR_UNAUTHORIZED);
	assert_string_equal(rs.headers, "WWW-Authenticate: Bearer\r\n");
}

static void
test_face_of_a_path(void **state)
{
	(void)state;
	request_split(&rq, "/api/booking/x");
	assert_int_equal(face_of(&rq), FACE_QUEUE);
	rq.n_parts = 0;
	request_split(&rq, "/api/bookings");
	assert_int_equal(face_of(&rq), FACE_CINEMA);
	rq.n_parts = 0;
	request_split(&rq, "/api/v1/bookings");
	assert_int_equal(face_of(&rq), FACE_V1);
	rq.n_parts = 0;
	request_split(&rq, "/");
	assert_int_equal(face_of(&rq), FACE_V1);
}

static void
test_face_label_is_a_number_in_its_usual_spelling(void **state)
{
	static const char *const labels[] = { "7", "0",         "07",         "7a",
		                              "",  "123456789", "1234567890", "-1" };
	struct jsonw w;

	(void)state;
	jsonw_init(&w, rq.ctx, 16);
	jsonw_open(&w, NULL, '[');
	for (size_t i = 0; i < sizeof(labels) / sizeof(labels[0]); i++)
		face_label(&w, NULL, labels[i]);
	jsonw_close(&w, ']');
	assert_string_equal(jsonw_text(&w),
	                    "[7,0,\"07\",\"7a\",\"\",123456789,\"1234567890\",\"-1\"]");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_face_error_in_each_shape),
		TEST(test_face_error_names_faults_and_headers),
		TEST(test_face_of_a_path),
		TEST(test_face_label_is_a_number_in_its_usual_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
