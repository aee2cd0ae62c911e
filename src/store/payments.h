#ifndef ROWLOCK_STORE_PAYMENTS_H
#define ROWLOCK_STORE_PAYMENTS_H

#include "store/db.h"
#include "store/enums.h"

/* Payments and refunds as they are stored. Amounts are in minor units. */

struct payment {
	struct uuid id;
	int64_t number; /* grows with each payment */
	const char *provider;
	const char *session, *url, *gateway_ref, *trouble; /* each may be NULL */
	int64_t amount_minor;                              /* that was asked for */
	const char *currency;
	enum payment_status status;
	int64_t captured_minor;        /* that the provider took; -1: nothing, so far */
	const char *captured_currency; /* NULL: likewise */
	int64_t expires_us, created_us, updated_us; /* expires -1: not said */
};

struct refund {
	struct uuid id, payment_id;
	int64_t number;
	int64_t amount_minor;
	const char *currency;
	enum refund_status status;
	const char *reason, *gateway_ref; /* the reference may be NULL */
	int32_t attempts;                 /* that the provider refused */
	int64_t created_us, updated_us;
};

/*
 * The calls that read the payments and the refunds of bookings.
 *
 * events, ids	of the bookings, as two array parameters of one length
 */
struct call payments_call(const char *events, const char *ids);
struct call refunds_call(const char *events, const char *ids);

/*
 * Reads what belongs to one booking of such a call, oldest first.
 *
 * place	of the booking in the call's arrays, from 0; the bookings are to be read in order
 * row		in, out: the row to go on with; 0 before the first booking
 * n		set: how many there are
 *
 * The result is on ctx, its texts live as long as the rows.
 */
struct payment *payments_read(TALLOC_CTX *ctx, const struct rows *rows, size_t place, int *row,
                              size_t *n);
struct refund *refunds_read(TALLOC_CTX *ctx, const struct rows *rows, size_t place, int *row,
                            size_t *n);

/* Copies of n payments with their texts, on ctx. */
struct payment *payments_copy(TALLOC_CTX *ctx, const struct payment *from, size_t n);

#endif
