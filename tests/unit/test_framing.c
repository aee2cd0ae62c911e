#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "http/framing.h"

/* What a web server says: records put one behind the other. */
struct input {
	uint8_t bytes[200000];
	size_t n;
};

static struct input in;
static struct framing f;
static struct framing_out out;

static int
setup(void **state)
{
	(void)state;
	in.n = 0;
	memset(&f, 0, sizeof(f));
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	framing_forget(&f);
	return 0;
}

static void
put(unsigned type, unsigned id, const void *content, size_t n, unsigned padding)
{
	const uint8_t header[] = { 1,
		                   (uint8_t)type,
		                   (uint8_t)(id >> 8),
		                   (uint8_t)id,
		                   (uint8_t)(n >> 8),
		                   (uint8_t)n,
		                   (uint8_t)padding,
		                   0 };

	assert_true(in.n + 8 + n + padding <= sizeof(in.bytes));
	memcpy(in.bytes + in.n, header, 8);
	memcpy(in.bytes + in.n + 8, content, n);
	memset(in.bytes + in.n + 8 + n, 0xee, padding);
	in.n += 8 + n + padding;
}

static void
put_begin(unsigned id, unsigned role)
{
	const uint8_t body[8] = { (uint8_t)(role >> 8), (uint8_t)role, 1 };

	put(1, id, body, 8, 0);
}

static const char params[] = "\x0e\x03REQUEST_METHODGET\x0b\x05REQUEST_URI/a?bc\x05\0"
			     "EMPTY";

static void
put_request(unsigned id)
{
	put_begin(id, 1);
	put(4, id, params, sizeof(params) - 1, 5);
	put(4, id, "", 0, 0);
	put(5, id, "", 0, 0);
}

/* The first news, and how many bytes it took. */
static enum framing_news
first(size_t *used)
{
	return framing_take(&f, in.bytes, in.n, used, &out);
}

static enum framing_news
only(void)
{
	size_t used;
	enum framing_news news = first(&used);

	if (news == FRAMING_MORE)
		assert_int_equal(used, in.n);
	return news;
}

/* --- Requests. --- */

static void
test_framing_take_a_request_in_one_piece(void **state)
{
	size_t used, more;

	(void)state;
	put_request(1);
	assert_int_equal(first(&used), FRAMING_REQUEST);
	assert_int_equal(f.id, 1);
	assert_int_equal(f.n_params, sizeof(params) - 1);
	assert_memory_equal(f.params, params, sizeof(params) - 1);
	assert_int_equal(framing_take(&f, in.bytes + used, in.n - used, &more, &out), FRAMING_MORE);
	assert_int_equal(used + more, in.n);
}

static void
test_framing_take_a_request_byte_by_byte(void **state)
{
	size_t used, requests = 0;

	(void)state;
	put_request(300);
	for (size_t i = 0; i < in.n; i++) {
		enum framing_news news = framing_take(&f, in.bytes + i, 1, &used, &out);

		assert_int_equal(used, 1);
		assert_true(news == FRAMING_MORE || news == FRAMING_REQUEST);
		requests += news == FRAMING_REQUEST;
	}
	assert_int_equal(requests, 1);
	assert_int_equal(f.id, 300);
	assert_memory_equal(f.params, params, sizeof(params) - 1);
}

static void
test_framing_take_parameters_in_several_records(void **state)
{
	(void)state;
	put_begin(1, 1);
	put(4, 1, params, 10, 3);
	put(4, 1, params + 10, sizeof(params) - 1 - 10, 0);
	put(4, 1, "", 0, 8);
	put(5, 1, "", 0, 0);
	assert_int_equal(only(), FRAMING_REQUEST);
	assert_memory_equal(f.params, params, sizeof(params) - 1);
}

static void
test_framing_take_no_more_than_64_kib_of_parameters(void **state)
{
	static const uint8_t block[32768];

	(void)state;
	put_begin(1, 1);
	put(4, 1, block, sizeof(block), 0);
	put(4, 1, block, sizeof(block), 0);
	assert_int_equal(only(), FRAMING_MORE);
	in.n = 0;
	put(4, 1, "x", 1, 0);
	assert_int_equal(only(), FRAMING_BAD);
}

/* Who answers before the web server has sent everything may be taken for broken. */
static void
test_framing_take_passes_a_body_by_and_waits_for_its_end(void **state)
{
	static const uint8_t body[60000];

	(void)state;
	put_begin(1, 1);
	put(4, 1, params, sizeof(params) - 1, 0);
	put(4, 1, "", 0, 0);
	put(5, 1, body, sizeof(body), 0);
	assert_int_equal(only(), FRAMING_MORE);
	in.n = 0;
	put(5, 1, "", 0, 0);
	assert_int_equal(only(), FRAMING_REQUEST);
	assert_int_equal(f.n_params, sizeof(params) - 1);
	in.n = 0;
	put(5, 1, "", 0, 0);
	assert_int_equal(only(), FRAMING_MORE);
}

static void
test_framing_take_abort_of_this_request_only(void **state)
{
	(void)state;
	put_begin(1, 1);
	put(2, 2, "", 0, 0);
	assert_int_equal(only(), FRAMING_MORE);
	in.n = 0;
	put(2, 1, "", 0, 0);
	assert_int_equal(only(), FRAMING_ABORT);
}

/* --- What is answered at once. --- */

static void
test_framing_take_refuses_a_second_request_and_goes_on_with_the_first(void **state)
{
	size_t used, more;

	(void)state;
	put_begin(1, 1);
	put_begin(2, 1);
	put(4, 2, params, sizeof(params) - 1, 0);
	put(4, 2, "", 0, 0);
	put(4, 1, params, sizeof(params) - 1, 0);
	put(4, 1, "", 0, 0);
	put(5, 1, "", 0, 0);
	assert_int_equal(first(&used), FRAMING_REPLY);
	assert_int_equal(out.n, 16);
	assert_memory_equal(out.bytes, "\1\3\0\2\0\10\0\0\0\0\0\0\1\0\0\0", 16);
	assert_int_equal(framing_take(&f, in.bytes + used, in.n - used, &more, &out),
	                 FRAMING_REQUEST);
	assert_int_equal(f.n_params, sizeof(params) - 1);
}

static void
test_framing_take_refuses_other_roles(void **state)
{
	(void)state;
	put_begin(1, 2); /* authorizer */
	assert_int_equal(only(), FRAMING_REFUSE);
	assert_memory_equal(out.bytes, "\1\3\0\1\0\10\0\0\0\0\0\0\3\0\0\0", 16);
}

static void
test_framing_take_answers_values_that_it_knows(void **state)
{
	static const char query[] = "\x0e\0FCGI_MAX_CONNS\x07\0UNKNOWN\x0f\0FCGI_MPXS_CONNS";
	static const char answer[] = "\x0e\5FCGI_MAX_CONNS65535\x0f\1FCGI_MPXS_CONNS0";

	(void)state;
	put(9, 0, query, sizeof(query) - 1, 1);
	assert_int_equal(only(), FRAMING_REPLY);
	assert_int_equal(out.n, 8 + sizeof(answer) - 1);
	assert_memory_equal(out.bytes, "\1\12\0\0", 4);
	assert_int_equal(out.bytes[5], sizeof(answer) - 1);
	assert_memory_equal(out.bytes + 8, answer, sizeof(answer) - 1);
}

static void
test_framing_take_says_which_management_record_it_does_not_know(void **state)
{
	(void)state;
	put(77, 0, "abc", 3, 2);
	assert_int_equal(only(), FRAMING_REPLY);
	assert_memory_equal(out.bytes, "\1\13\0\0\0\10\0\0\115\0\0\0\0\0\0\0", 16);
}

static void
test_framing_take_passes_unknown_records_of_a_request_by(void **state)
{
	(void)state;
	put_begin(1, 1);
	put(77, 1, "abc", 3, 0);
	put(8, 1, "data", 4, 0);
	assert_int_equal(only(), FRAMING_MORE);
}

static void
test_framing_take_refuses_what_is_no_fastcgi(void **state)
{
	static const char *const bad[] = {
		"GET / HTTP/1.1\r\n",
		"\1\0\0\1\0\0\0\0",
		"\1\1\0\0\0\10\0\0\0\1\0\0\0\0\0\0",
		"\1\1\0\1\0\7\0\0\0\1\0\0\0\0\0",
		"\2\1\0\1\0\10\0\0\0\1\0\0\0\0\0\0",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		size_t used;

		memset(&f, 0, sizeof(f));
		assert_int_equal(framing_take(&f, (const uint8_t *)bad[i], 16, &used, &out),
		                 FRAMING_BAD);
		framing_forget(&f);
	}
}

/* --- Parameters. --- */

static void
test_framing_env_reads_names_and_values(void **state)
{
	char long_value[300];
	uint8_t packed[400] = { 4, 0x80, 0, 1, 44, 'L', 'O', 'N', 'G' };
	TALLOC_CTX *ctx = talloc_new(NULL);
	char **env;

	(void)state;
	env = framing_env(ctx, (const uint8_t *)params, sizeof(params) - 1);
	assert_string_equal(env[0], "REQUEST_METHOD=GET");
	assert_string_equal(env[1], "REQUEST_URI=/a?bc");
	assert_string_equal(env[2], "EMPTY=");
	assert_null(env[3]);
	memset(long_value, 'x', 300);
	memcpy(packed + 9, long_value, 300);
	env = framing_env(ctx, packed, 309);
	assert_int_equal(strlen(env[0]), 305);
	assert_null(env[1]);
	assert_null(framing_env(ctx, (const uint8_t *)"", 0)[0]);
	talloc_free(ctx);
}

static void
test_framing_env_refuses_what_is_broken(void **state)
{
	static const struct {
		const char *bytes;
		size_t n;
	} bad[] = {
		{ "\1", 1 },
		{ "\1\1N", 3 },
		{ "\2\1NV", 4 },
		{ "\1\x80\0\0NV", 6 },
		{ "\0\1V", 3 },
		{ "\1\1N\0", 4 },
		{ "\1\1\0V", 4 },
		{ "\1\1=V", 4 },
		{ "\x80\xff", 2 },
		{ "\xff\xff\xff\xff\1N", 6 },
		{ "\1\xff\xff\xff\xffN", 6 },
	};
	TALLOC_CTX *ctx = talloc_new(NULL);

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_null(framing_env(ctx, (const uint8_t *)bad[i].bytes, bad[i].n));
	talloc_free(ctx);
}

static void
test_framing_env_refuses_more_than_4096(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);

	(void)state;
	for (int i = 0; i < 4097; i++)
		memcpy(in.bytes + 4 * i, "\1\1NV", 4);
	assert_non_null(framing_env(ctx, in.bytes, 4 * 4096));
	assert_null(framing_env(ctx, in.bytes, 4 * 4097));
	talloc_free(ctx);
}

/* --- Answers. --- */

static void
test_framing_write_splits_what_is_long(void **state)
{
	static uint8_t data[150000], got[150000], records[160000];
	size_t size, n = 0;

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)(i * 7);
	size = framing_size(sizeof(data));
	assert_int_equal(size, sizeof(data) + 3 * 8);
	framing_write(records, 258, data, sizeof(data));
	for (size_t at = 0; at < size;) {
		size_t length = (size_t)records[at + 4] << 8 | records[at + 5];

		assert_memory_equal(records + at, "\1\6\1\2", 4);
		assert_int_equal(records[at + 6], 0);
		assert_true(length > 0);
		memcpy(got + n, records + at + 8, length);
		n += length;
		at += 8 + length;
	}
	assert_int_equal(n, sizeof(data));
	assert_memory_equal(got, data, n);
	assert_int_equal(framing_size(0), 0);
}

static void
test_framing_readdress_changes_ids_only(void **state)
{
	static uint8_t data[70000], a[71000], b[71000];
	uint8_t end[FRAMING_END];
	size_t n = framing_size(sizeof(data));

	(void)state;
	framing_write(a, 1, data, sizeof(data));
	framing_write(b, 4660, data, sizeof(data));
	framing_readdress(a, n, 4660);
	assert_memory_equal(a, b, n);
	framing_end(end, 1);
	framing_readdress(end, sizeof(end), 4660);
	assert_memory_equal(end, "\1\6\x12\x34\0\0\0\0\1\3\x12\x34\0\10\0\0\0\0\0\0\0\0\0\0",
	                    FRAMING_END);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_framing_take_a_request_in_one_piece),
		TEST(test_framing_take_a_request_byte_by_byte),
		TEST(test_framing_take_parameters_in_several_records),
		TEST(test_framing_take_no_more_than_64_kib_of_parameters),
		TEST(test_framing_take_passes_a_body_by_and_waits_for_its_end),
		TEST(test_framing_take_abort_of_this_request_only),
		TEST(test_framing_take_refuses_a_second_request_and_goes_on_with_the_first),
		TEST(test_framing_take_refuses_other_roles),
		TEST(test_framing_take_answers_values_that_it_knows),
		TEST(test_framing_take_says_which_management_record_it_does_not_know),
		TEST(test_framing_take_passes_unknown_records_of_a_request_by),
		TEST(test_framing_take_refuses_what_is_no_fastcgi),
		TEST(test_framing_env_reads_names_and_values),
		TEST(test_framing_env_refuses_what_is_broken),
		TEST(test_framing_env_refuses_more_than_4096),
		TEST(test_framing_write_splits_what_is_long),
		TEST(test_framing_readdress_changes_ids_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
