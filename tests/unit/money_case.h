#ifndef ROWLOCK_MONEY_CASE_H
#define ROWLOCK_MONEY_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/booking/account.h"

/* An account of a confirmed booking that a test fills with payments and refunds. */

#define EVENT_NO 7
#define MOST     12 /* payments, and refunds, of a test */
#define TOTAL    INT64_C(15050)

static struct locked_booking booking;
static struct payment payments[MOST];
static struct refund refunds[MOST];
static struct account account;

/* Begins anew: a booking of 150.50 EUR, nothing paid. */
static int
setup_money(void **state)
{
	(void)state;
	booking = (struct locked_booking){ .event_id = EVENT_NO,
		                           .id = uuid_of_event(EVENT_NO),
		                           .user_id = "7",
		                           .status = BOOKING_CONFIRMED,
		                           .total_minor = TOTAL,
		                           .currency = "EUR",
		                           .expires_us = -1,
		                           .event_status = EVENT_ON_SALE };
	account = (struct account){ .payments = payments, .refunds = refunds };
	return 0;
}

/* A payment more: captured_minor of a provider ("gateway", "mock"), -1: nothing yet. */
static struct payment *
add_payment(const char *provider, int64_t captured_minor)
{
	struct payment *p = &payments[account.n_payments++];

	assert_true(account.n_payments <= MOST);
	*p = (struct payment){ .id = uuid_of_event(EVENT_NO),
		               .provider = provider,
		               .gateway_ref = "ref",
		               .amount_minor = TOTAL,
		               .currency = "EUR",
		               .status = captured_minor < 0 ? PAYMENT_PENDING : PAYMENT_COMPLETED,
		               .captured_minor = captured_minor,
		               .captured_currency = captured_minor < 0 ? NULL : "EUR" };
	return p;
}

/* A refund more, out of a payment. */
static inline void
add_refund(const struct payment *p, int64_t amount_minor, enum refund_status status)
{
	assert_true(account.n_refunds < MOST);
	refunds[account.n_refunds++] = (struct refund){ .id = uuid_of_event(EVENT_NO),
		                                        .payment_id = p->id,
		                                        .amount_minor = amount_minor,
		                                        .currency = "EUR",
		                                        .status = status,
		                                        .reason = "USER_CANCELLED" };
}

#define MONEY_TEST(f) cmocka_unit_test_setup(f, setup_money)

#endif
