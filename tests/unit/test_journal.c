/* The types of the journal (core/journal/journal.def) and the payloads of their rows. */
#include <string.h>

#include "ctx_case.h"

#include "core/journal/journal.h"
#include "core/journal/payload.h"
#include "core/journal/payload_read.h"

static int32_t seats[] = { 5, 6 };

static struct locked_booking
booking_in(enum booking_status status)
{
	return (struct locked_booking){ .event_id = 7,
		                        .user_id = "42",
		                        .seats = seats,
		                        .n_seats = 2,
		                        .status = status,
		                        .total_minor = 5000,
		                        .currency = "EUR",
		                        .expires_us = -1 };
}

/* --- types --- */

static void
test_type_is_found_by_its_name(void **state)
{
	(void)state;
	for (int t = 0; t < JOURNAL__MAX; t++)
		assert_int_equal(journal_type_parse(journal_type_name((enum journal_type)t)), t);
}

static void
test_type_that_is_not_known_moves_nothing(void **state)
{
	(void)state;
	assert_int_equal(journal_type_parse("booking.confirme"), JOURNAL__MAX);
	assert_int_equal(journal_type_parse(""), JOURNAL__MAX);
	assert_int_equal(journal_booking_status(JOURNAL__MAX), BOOKING__MAX);
	assert_int_equal(journal_seat_status(JOURNAL__MAX), SEAT__MAX);
}

/* Streams look for the last row of a booking by this prefix. */
static void
test_type_that_moves_a_booking_begins_with_booking(void **state)
{
	(void)state;
	for (int t = 0; t < JOURNAL__MAX; t++) {
		const char *name = journal_type_name((enum journal_type)t);

		assert_int_equal(strncmp(name, "booking.", 8) == 0,
		                 journal_booking_status((enum journal_type)t) != BOOKING__MAX);
	}
}

/* I4: the seats of a booking are free once it has ended, and sold once it is paid. */
static void
test_type_frees_seats_when_its_booking_ends(void **state)
{
	(void)state;
	for (int t = 0; t < JOURNAL__MAX; t++) {
		enum booking_status status = journal_booking_status((enum journal_type)t);
		bool ended = status == BOOKING_CANCELLED || status == BOOKING_EXPIRED ||
		             status == BOOKING_REFUNDED;

		if (ended)
			assert_int_equal(journal_seat_status((enum journal_type)t), SEAT_FREE);
		if (status == BOOKING_CONFIRMED)
			assert_int_equal(journal_seat_status((enum journal_type)t), SEAT_SOLD);
	}
}

/* --- payloads: the reader reads what the writers write --- */

static void
test_payload_of_an_end_releases_the_seats(void **state)
{
	const struct locked_booking b = booking_in(BOOKING_PENDING);
	struct payload p;

	(void)state;
	payload_read(ctx, payload_ended(ctx, &b, "EXPIRED"), &p);
	assert_true(p.readable && p.has_seats);
	assert_string_equal(p.reason, "EXPIRED");
	assert_int_equal(p.n_seats, 2);
	assert_int_equal(p.seats[1], 6);
	assert_false(p.queued);
	payload_free(&p);
}

static void
test_payload_of_an_end_releases_none_of_a_request(void **state)
{
	struct locked_booking b = booking_in(BOOKING_REQUESTED);
	struct payload p;

	(void)state;
	b.queue = "{\"section\":\"A\",\"subsection\":2,\"positions\":[\"1-5\"]}";
	payload_read(ctx, payload_ended(ctx, &b, "USER_CANCELLED"), &p);
	assert_true(p.readable && p.has_seats && p.queued);
	assert_int_equal(p.n_seats, 0);
	assert_string_equal(p.section, "A");
	assert_int_equal(p.subsection, 2);
	assert_int_equal(p.n_positions, 1);
	payload_free(&p);
}

static void
test_payload_of_a_confirmation_has_ticket_and_total(void **state)
{
	const struct locked_booking b = booking_in(BOOKING_PAYING);
	struct payload p;

	(void)state;
	payload_read(ctx, payload_confirmed(ctx, &b, "ROW-1"), &p);
	assert_string_equal(p.ticket, "ROW-1");
	assert_int_equal(p.total_minor, 5000);
	assert_string_equal(p.currency, "EUR");
	payload_free(&p);
}

static void
test_payload_of_a_return_without_a_window_has_no_end(void **state)
{
	const struct locked_booking b = booking_in(BOOKING_PAYING);
	struct payload p;

	(void)state;
	payload_read(ctx, payload_returned(ctx, &b, "PAYMENT_TIMEOUT", 0, -1), &p);
	assert_true(p.readable && p.has_expires);
	assert_null(p.expires);
	payload_free(&p);
}

static void
test_payload_of_a_refund_has_its_ids_and_amount(void **state)
{
	const struct locked_booking b = booking_in(BOOKING_REFUNDED);
	const struct refund_write r = {
		.booking = &b, .amount_minor = 1, .currency = "EUR", .reason = "USER_CANCELLED"
	};
	struct payload p;

	(void)state;
	payload_read(ctx, payload_refund(ctx, &r), &p);
	assert_true(p.readable);
	assert_string_equal(p.refund_id, "00000000-0000-0000-0000-000000000000");
	assert_int_equal(p.amount_minor, 1);
	assert_int_equal(p.total_minor, -1);
	payload_free(&p);
}

static void
test_payload_that_is_damaged_is_not_readable(void **state)
{
	static const char *const texts[] = {
		NULL, "", "[]", "{\"seats\":[5,", "{\"reason\":1}", "{\"seats\":[1,\"2\"]}"
	};
	struct payload p;

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		payload_read(ctx, texts[i], &p);
		assert_false(p.readable);
		assert_int_equal(p.n_seats, 0);
		payload_free(&p);
	}
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_type_is_found_by_its_name),
		cmocka_unit_test(test_type_that_is_not_known_moves_nothing),
		cmocka_unit_test(test_type_that_moves_a_booking_begins_with_booking),
		cmocka_unit_test(test_type_frees_seats_when_its_booking_ends),
		CASE(test_payload_of_an_end_releases_the_seats),
		CASE(test_payload_of_an_end_releases_none_of_a_request),
		CASE(test_payload_of_a_confirmation_has_ticket_and_total),
		CASE(test_payload_of_a_return_without_a_window_has_no_end),
		CASE(test_payload_of_a_refund_has_its_ids_and_amount),
		CASE(test_payload_that_is_damaged_is_not_readable),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
