#ifndef ROWLOCK_CORE_BOOKING_BOOKING_CHANGE_H
#define ROWLOCK_CORE_BOOKING_BOOKING_CHANGE_H

#include "core/booking/account.h"
#include "core/booking/booking.h"
#include "core/booking/policy.h"
#include "pay/provider.h"
#include "store/idempotency.h"

/*
 * What buyers and staff do to bookings that are there: cancel, have money back, pay at once, begin
 * to pay, extend.
 *
 * All of these lock the booking, look whether the move is legal, and commit it with its row of the
 * journal. A COMMIT whose answer was lost is resolved by looking at what became of the booking. A
 * pending booking whose window has passed is expired instead.
 *
 * idempotent	or NULL; rendered with a struct changed, before COMMIT
 * found	set, unless NULL: the state that the booking was in; BOOKING__MAX: it was not read
 *
 * Errors: BOOKING_NOT_FOUND, FORBIDDEN (another user's), INVALID_STATE, BOOKING_EXPIRED,
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
                        const struct actor *actor, const struct policy *policy,
                        enum cancel_scope scope, enum booking_status *found) MUST_CHECK;

/*
 * Cancels a booking that still waits for seats or for payment, although no one asks for it: in a
 * transaction of its own on db. Others, and those that do not exist, are left alone.
 *
 * reason	EVENT_OVER …
 * done		set on ERR_OK: whether it was cancelled
 *
 * Errors as of changeset_commit.
 */
enum err booking_cancel_waiting(struct db *db, TALLOC_CTX *ctx, const struct booking_key *key,
                                const char *reason, bool *done) MUST_CHECK;

/*
 * Cancels a confirmed booking of which something is due.
 *
 * note		why, in the words of the one who asks, for people; or NULL
 *
 * Errors: also NOTHING_TO_REFUND.
 */
enum err booking_refund(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        const struct actor *actor, const struct policy *policy, const char *note,
                        struct idempotent *idempotent) MUST_CHECK;

/*
 * Pays a booking that waits for payment, at once and in full: it is confirmed, its seats are sold,
 * and it has a ticket reference.
 *
 * provider	one that charges at once
 *
 * Errors: also EVENT_CANCELLED, and those of the provider.
 */
enum err booking_pay(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                     const struct actor *actor, const struct pay_provider *provider,
                     struct idempotent *idempotent, enum booking_status *found) MUST_CHECK;

/*
 * A payment begins: pending becomes paying. A booking that is being paid already keeps its session.
 *
 * payment	as the provider has opened it; replaced by the one that is under way, if there is
 *		one. Without a session only that is looked for.
 *
 * Errors: also EVENT_CANCELLED.
 */
enum err booking_open_payment(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                              const struct actor *actor, const struct policy *policy,
                              struct idempotent *idempotent, struct payment *payment) MUST_CHECK;

#define EXTENSION_MOST_MIN 15

/*
 * Extends the window of a pending booking.
 *
 * minutes	1 to EXTENSION_MOST_MIN, on top of the old end
 *
 * Errors: also EXTENSION_LIMIT (too often, or too long after the booking was made).
 */
enum err booking_extend(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        const struct actor *actor, const struct policy *policy, int32_t minutes,
                        struct idempotent *idempotent) MUST_CHECK;

#endif
