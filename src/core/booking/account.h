#ifndef ROWLOCK_CORE_BOOKING_ACCOUNT_H
#define ROWLOCK_CORE_BOOKING_ACCOUNT_H

#include "store/booking_lock.h"
#include "store/payments.h"
#include "store/pool.h"

/* The money of one booking: its payments and refunds, both oldest first. */
struct account {
	struct payment *payments;
	size_t n_payments;
	struct refund *refunds;
	size_t n_refunds;
};

#define ACCOUNT_CALLS 2

/* The calls that read accounts: of one booking, or of n bookings given as array parameters. */
void account_calls(TALLOC_CTX *ctx, const struct uuid *booking_id,
                   struct call calls[ACCOUNT_CALLS]);
void account_calls_of(const char *events, const char *ids, struct call calls[ACCOUNT_CALLS]);

/* Reads the account of the one booking onto ctx; its texts live as long as the rows. */
void account_read(TALLOC_CTX *ctx, struct rows *const rows[ACCOUNT_CALLS], struct account *out);

/*
 * Reads the account at place `at` of those arrays, from 0. Places are read in their order:
 *
 * row	where to go on in each answer; starts as zeros
 */
void account_read_at(TALLOC_CTX *ctx, struct rows *const rows[ACCOUNT_CALLS], size_t at,
                     int row[ACCOUNT_CALLS], struct account *out);

/*
 * Reads the account of a booking, outside a transaction.
 *
 * archived	whether the booking was read from the archive: so is its account
 *
 * Errors as of transact_read.
 */
enum err account_of(struct pool *pool, TALLOC_CTX *ctx, const struct booking_key *key,
                    bool archived, struct account *out) MUST_CHECK;

/* The payment with an id; NULL: the account has none. */
const struct payment *account_payment(const struct account *a, const struct uuid *id);

/*
 * What was captured by a payment and is neither given back nor being given back, in minor units;
 * a refund that failed for good gives nothing back. Never below 0.
 */
int64_t account_left(const struct account *a, const struct payment *p);

#endif
