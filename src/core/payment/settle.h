#ifndef ROWLOCK_CORE_PAYMENT_SETTLE_H
#define ROWLOCK_CORE_PAYMENT_SETTLE_H

#include "core/booking/refund.h"
#include "core/booking/policy.h"
#include "pay/provider.h"
#include "store/pool.h"

/*
 * The cashier hears what became of payments, by a gateway's call-back or by Kafka, and settles the
 * bookings that they are for: each message has its effect once, in one transaction.
 */

/* What a message means for its booking. */
enum effect {
	EFFECT_NONE,    /* nothing, but that it was heard */
	EFFECT_CONFIRM, /* it is paid */
	EFFECT_RETAKE,  /* likewise, if its seats are still free; else the money goes back */
	EFFECT_GIVE_BACK,            /* the money goes back, the booking stays as it is */
	EFFECT_GIVE_BACK_AND_RETURN, /* likewise, and the booking waits for another payment */
	EFFECT_GIVE_BACK_AND_CANCEL, /* likewise, and there were enough of them: PAYMENT_FAILED */
	EFFECT_RETURN,               /* it waits for another payment */
	EFFECT_CANCEL,
	EFFECT_EXPIRE,
	EFFECT_REFUNDED,       /* a refund of ours is done */
	EFFECT_REFUND_LATER,   /* it is asked for again */
	EFFECT_REFUND_NEVER,   /* it is given up */
	EFFECT_GATEWAY_REFUND, /* the gateway gave back what we did not ask for */
	EFFECT_REVIEW,         /* it cannot be settled: somebody must look at it */
};

struct ruling {
	enum effect effect;
	const char *reason; /* for the journal; or NULL */
	bool failed;        /* of a return: it counts as an attempt */
};

/* What a message is about, as far as it is known. */
struct payment_case {
	const struct locked_booking *booking;
	const struct account *account;
	const struct payment *payment; /* NULL: none that we know */
	const struct refund *refund;   /* likewise */
	const struct pay_event *event;
	bool final; /* a failed payment ends the booking: there will be no other attempt */
};

/*
 * The payment of an account that a message is about: the one that it names, by reference or by
 * session (who tells of a transaction may mean the session by that); without a name, the one under
 * way; NULL: none that we know. Pure.
 */
const struct payment *payment_match_payment(const struct account *a, const struct pay_event *ev);

/*
 * What a payment is called by its provider, now that it has sent this message about it; NULL: that
 * is not known yet. Not a session, nor the reference of a refund. Pure.
 */
const char *payment_match_reference(const struct payment *payment, const struct pay_event *ev);

/* Whether a payment of the account has a session; NULL: none has that. */
bool payment_match_has_session(const struct account *a, const char *session);

#define GATEWAY_REFUND "GATEWAY_REFUND" /* the reason of refunds that we did not ask for */

/*
 * The refund that a message names; without a name, one of the payment (NULL: none) that is not
 * done, and rather one that is asked for than one that was refused. The provider may have given
 * money back under a name of its own instead of ours. Pure.
 */
const struct refund *payment_match_refund(const struct account *a, const struct pay_event *ev,
                                          const struct payment *p);

/* What the rules say; pure. */
struct ruling payment_rule(const struct payment_case *c);

#define PAYMENT_WEBHOOK "webhook" /* the source of call-backs */

/* A message, and where it comes from. */
struct payment_message {
	struct pay_event event;
	const char *source; /* PAYMENT_WEBHOOK, "kafka" …: ids are distinct within one */
	bool final;
	const char *correlation_id; /* or NULL */
};

/*
 * Has a message's effect; or finds that it was had before.
 *
 * before	set: it was; or NULL
 *
 * Errors: BOOKING_NOT_FOUND, PAYMENT_NOT_FOUND (the session or the refund is another booking's),
 * VALIDATION_ERROR (an amount that its currency, or the booking's, does not have), INVALID_STATE
 * (a refund of ours with another amount), UNAVAILABLE. Nothing is written then.
 */
enum err payment_settle(struct pool *pool, TALLOC_CTX *ctx, const struct policy *policy,
                        const struct payment_message *message, bool *before) MUST_CHECK;

/*
 * Keeps a message that cannot be settled, once, for somebody to look at (parked.h).
 *
 * why, body	texts; the body as it came
 */
enum err parked_add(struct pool *pool, TALLOC_CTX *ctx, const struct payment_message *message,
                    const char *why, const char *body) MUST_CHECK;

#endif
