#ifndef ROWLOCK_CORE_BOOKING_BOOKING_CHANGE_H
#define ROWLOCK_CORE_BOOKING_BOOKING_CHANGE_H

#include "core/booking/booking.h"
#include "store/idempotency.h"
#include "core/booking/refund.h"
#include "core/booking/policy.h"
#include "pay/provider.h"

/* What people do to bookings that are there: cancel, pay at once, extend, have money back. */

/*
 * All of these lock the booking, look whether the move is legal, and commit it with its row of the
 * journal. A connection lost on the way is settled by looking at what became of it. A pending
 * booking whose window has passed is expired instead.
 *
 * found	the state that the booking was in, when it was found; or NULL
 * keyed	or NULL; rendered with a struct changed
 *
 * Errors: BOOKING_NOT_FOUND, FORBIDDEN (somebody else's), INVALID_STATE, BOOKING_EXPIRED,
 * UNAVAILABLE, and those of idempotency_begin. Rules.
 */

/* A booking as it is once it was changed, for an answer that is stored with the change. */
struct changed {
	struct booking booking;
	struct account account;
	const struct payment *payment; /* that was opened; or NULL */
};

/* Which bookings a cancellation is for. */
enum cancel_scope {
	CANCEL_UNPAID, /* only those that wait for seats or for payment */
	CANCEL_ANY,    /* those that are confirmed, too: what is due is given back */
};

/* Cancels a booking, by its buyer or by staff: its seats are free at once. */
enum err booking_cancel(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        const struct actor *who, const struct policy *policy,
                        enum cancel_scope scope, enum booking_status *found) MUST_CHECK;

/*
 * Cancels a confirmed booking of which something is due.
 *
 * note		why, in the words of whoever asks, for people; or NULL
 *
 * Errors: also NOTHING_TO_REFUND.
 */
enum err booking_refund(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        const struct actor *who, const struct policy *policy, const char *note,
                        struct idempotent *keyed) MUST_CHECK;

/*
 * Pays a booking that waits for payment, at once and in full, by its buyer or by staff: it is
 * confirmed, its seats are sold, and it has a ticket reference.
 *
 * provider	who charges at once
 */
enum err booking_pay(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                     const struct actor *who, const struct pay_provider *provider,
                     struct idempotent *keyed, enum booking_status *found) MUST_CHECK;

/*
 * A payment begins: pending becomes paying. A booking that is being paid already keeps its session.
 *
 * payment	as the provider has opened it; replaced by the one that is under way, if there is one
 */
enum err booking_open_payment(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                              const struct actor *who, const struct policy *policy,
                              struct idempotent *keyed, struct payment *payment) MUST_CHECK;

#define EXTENSION_MOST_MIN 15

/*
 * Extends the window of a pending booking.
 *
 * minutes	1 to EXTENSION_MOST_MIN, on top of the old end
 *
 * Errors: also EXTENSION_LIMIT (too often, or too long after the booking was made).
 */
enum err booking_extend(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        const struct actor *who, const struct policy *policy, int32_t minutes,
                        struct idempotent *keyed) MUST_CHECK;

/*
 * Expires those of the bookings whose window has passed, each once, whoever else is at it;
 * their seats are free afterwards.
 *
 * keys		n of them, any order; sorted in place
 * paying_min	minutes that a payment may take
 */
enum err booking_expire(struct db *db, TALLOC_CTX *ctx, struct booking_key *keys, size_t n,
                        int32_t paying_min) MUST_CHECK;

/*
 * Writes the end of locked bookings, and commits: those that were confirmed must not be among them.
 *
 * to		cancelled or expired
 * reason	USER_CANCELLED, EXPIRED …
 */
enum err booking_end(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *bookings,
                     size_t n, enum booking_status to, const char *reason,
                     const char *correlation_id) MUST_CHECK;

#endif
