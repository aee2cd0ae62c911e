#ifndef ROWLOCK_PAYMENTS_H
#define ROWLOCK_PAYMENTS_H

#include "store/db.h"

/* Payments and refunds as they are stored. */

enum payment_status {
	PAYMENT_PENDING,
	PAYMENT_COMPLETED,
	PAYMENT_FAILED,
	PAYMENT_EXPIRED,
	PAYMENT_REFUNDED,
	PAYMENT__MAX
};
enum refund_status { REFUND_PENDING, REFUND_COMPLETED, REFUND_FAILED, REFUND__MAX };

const char *payment_status_name(enum payment_status s);
const char *refund_status_name(enum refund_status s);

struct payment {
	struct uuid id;
	int64_t number;
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

/* The calls that read the payments and the refunds of n bookings: array parameters. */
struct call payments_call(const char *events, const char *ids);
struct call refunds_call(const char *events, const char *ids);

/*
 * The rows that belong to place `at` of those arrays (from 0), oldest first; which come place by
 * place: *row is where to go on. On ctx; texts live as long as the rows.
 */
struct payment *payments_read(TALLOC_CTX *ctx, const struct rows *rows, size_t at, int *row,
                              size_t *n);
struct refund *refunds_read(TALLOC_CTX *ctx, const struct rows *rows, size_t at, int *row,
                            size_t *n);

/* Copies of n payments with their texts, on ctx. */
struct payment *payments_copy(TALLOC_CTX *ctx, const struct payment *from, size_t n);

#endif
