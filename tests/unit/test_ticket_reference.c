/* Ticket references as they are made and as people type them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/booking/ticket_reference.h"

#define REFERENCE "7K3M-9QXA-0123-4567-89AB-CDEF"

static void
test_ticket_reference_reads_every_spelling(void **state)
{
	static const struct {
		const char *text;
		int place;
	} good[] = {
		{ REFERENCE, 0 },
		{ "7k3m-9qxa-0123-4567-89ab-cdef", 0 },
		{ "7K3M9QXA0123456789ABCDEF", 0 },
		{ "7K3M9QXA-oi23 4567 89ab cdef", 0 },
		{ " 7K3M-9QXA-Ol23-4567-89AB-CDEF ", 0 },
		{ "--7K3M--9QXA--OL23-4567-89AB-CDEF-", 0 },
		{ REFERENCE "-1", 1 },
		{ "7k3m 9qxa 0I23 4567 89ab cdef i", 1 },
		{ REFERENCE "-1o", 10 },
		{ "7K3M9QXA0123456789ABCDEF99", 99 },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		char out[TICKET_REFERENCE_TEXT];
		int place = -1;

		assert_true(ticket_reference_parse(good[i].text, out, &place));
		assert_string_equal(out, REFERENCE);
		assert_int_equal(place, good[i].place);
	}
}

static void
test_ticket_reference_refuses_what_is_no_reference(void **state)
{
	static const char *const bad[] = {
		"",
		"-",
		"7K3M",
		"7K3M-9QXA-0123-4567-89AB-CDE",
		"7K3M-9QXA-0123-4567-89AB-CDEU",
		"7K3M.9QXA.0123.4567.89AB.CDEF",
		REFERENCE "-0",
		REFERENCE "-01",
		REFERENCE "-A",
		REFERENCE "-1A",
		REFERENCE "-100",
		REFERENCE "+1",
		REFERENCE "/1",
		"7K3M-9QXA-0123-4567-89AB-CDE\xc3\x89",
		"7K3M\t9QXA01234567 89ABCDEF",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char out[TICKET_REFERENCE_TEXT];
		int place;

		assert_false(ticket_reference_parse(bad[i], out, &place));
	}
}

static void
test_ticket_reference_is_read_back_and_never_the_same(void **state)
{
	char one[TICKET_REFERENCE_TEXT], other[TICKET_REFERENCE_TEXT], out[TICKET_REFERENCE_TEXT];
	int place;

	(void)state;
	assert_true(ticket_reference_parse(ticket_reference_new(one), out, &place));
	assert_string_equal(out, one);
	assert_int_equal(place, 0);
	assert_string_not_equal(ticket_reference_new(other), one);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_ticket_reference_reads_every_spelling),
		cmocka_unit_test(test_ticket_reference_refuses_what_is_no_reference),
		cmocka_unit_test(test_ticket_reference_is_read_back_and_never_the_same),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
