/* UUIDs of each kind: what they carry, and what is none of them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/ids.h"

static void
test_uuid_of_event_carries_the_event(void **state)
{
	char text[UUID_TEXT];
	struct uuid u = uuid_of_event(123456), back;

	(void)state;
	assert_int_equal(uuid_event(&u), 123456);
	assert_int_equal(u.b[6] >> 4, 7);
	assert_int_equal(u.b[8] >> 6, 2);
	assert_true(uuid_parse(uuid_text(&u, text), &back));
	assert_memory_equal(&u, &back, sizeof(u));
}

static void
test_uuid_of_seat_is_spelled_as_designed(void **state)
{
	char text[UUID_TEXT];
	struct uuid u = uuid_of_seat(5, 12);
	int32_t event, seat;

	(void)state;
	assert_string_equal(uuid_text(&u, text), "00000000-0005-8000-8000-00000000000c");
	assert_true(uuid_seat(&u, &event, &seat));
	assert_int_equal(event, 5);
	assert_int_equal(seat, 12);
}

static void
test_uuid_seat_refuses_other_uuids(void **state)
{
	static const char *const bad[] = {
		"00000000-0000-8000-8000-00000000000c", "00000000-0005-7000-8000-00000000000c",
		"00010000-0005-8000-8000-00000000000c", "00000000-0005-8000-8000-00010000000c",
		"00000000-0005-8000-8000-0000ffffffff",
	};
	struct uuid u;
	int32_t event, seat;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		assert_true(uuid_parse(bad[i], &u));
		assert_false(uuid_seat(&u, &event, &seat));
	}
	assert_false(uuid_parse("00000000-0005-8000-8000-00000000000", &u));
	assert_false(uuid_parse("00000000-0005-8000-8000-00000000000g", &u));
	assert_false(uuid_parse("000000000005-8000-8000-00000000000c--", &u));
	assert_false(uuid_parse("00000000-0005-8000-8000-00000000000c0", &u));
}

static void
test_uuid_of_message_sorts_like_the_journal(void **state)
{
	static const int64_t seqs[] = {
		1, 2, 0xfff, 0x1000, 0x12345678, INT64_C(0xffffffffffff), (INT64_C(1) << 60) - 1
	};
	struct uuid before = { { 0 } };
	char text[UUID_TEXT];
	int32_t event, seat;

	(void)state;
	for (size_t i = 0; i < sizeof(seqs) / sizeof(seqs[0]); i++) {
		for (uint32_t place = 0; place < 3; place++) {
			struct uuid u = uuid_of_message(seqs[i], place);

			assert_true(memcmp(&before, &u, sizeof(u)) < 0);
			assert_int_equal(u.b[6] >> 4, 8);
			assert_int_equal(u.b[8] >> 6, 2);
			assert_false(uuid_seat(&u, &event, &seat));
			before = u;
		}
	}
	assert_string_equal(uuid_text(&before, text), "ffffffff-ffff-8fff-8001-000000000002");
	before = uuid_of_message(0x12345678, 1);
	assert_string_equal(uuid_text(&before, text), "00000001-2345-8678-8001-000000000001");
}

static void
test_uuid_is_of_event_tells_bookings_from_others(void **state)
{
	const struct uuid of_event = uuid_of_event(7), of_none = uuid_of_event(0),
			  of_seat = uuid_of_seat(7, 1), random = uuid_random();

	(void)state;
	assert_true(uuid_is_of_event(&of_event));
	assert_false(uuid_is_of_event(&of_none));
	assert_false(uuid_is_of_event(&of_seat));
	assert_false(uuid_is_of_event(&random));
}

static void
test_uuid_equal_looks_at_every_byte(void **state)
{
	const struct uuid u = uuid_random();

	(void)state;
	assert_true(uuid_equal(&u, &u));
	for (size_t i = 0; i < sizeof(u.b); i++) {
		struct uuid other = u;

		other.b[i] ^= 1;
		assert_false(uuid_equal(&u, &other));
		assert_int_equal(uuid_compare(&u, &other) < 0, u.b[i] < other.b[i]);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_uuid_of_event_carries_the_event),
		cmocka_unit_test(test_uuid_of_seat_is_spelled_as_designed),
		cmocka_unit_test(test_uuid_seat_refuses_other_uuids),
		cmocka_unit_test(test_uuid_of_message_sorts_like_the_journal),
		cmocka_unit_test(test_uuid_is_of_event_tells_bookings_from_others),
		cmocka_unit_test(test_uuid_equal_looks_at_every_byte),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
