#ifndef ROWLOCK_CORE_PAYMENT_PAYMENT_CASE_H
#define ROWLOCK_CORE_PAYMENT_PAYMENT_CASE_H

#include "core/booking/account.h"
#include "pay/provider.h"

/* A message about a payment beside what is known: what match.h finds, and rules.h rules on. */
struct payment_case {
	const struct locked_booking *booking;
	const struct account *account;
	const struct payment *payment; /* that the message is about; NULL: none that is known */
	const struct refund *refund;   /* likewise */
	const struct pay_event *event;
	bool final; /* a failed payment ends the booking: there will be no other attempt */
};

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
	EFFECT_GATEWAY_REFUND, /* the gateway gave back what was not asked for */
	EFFECT_REVIEW,         /* it cannot be settled: an operator must look at it */
	EFFECT__MAX
};

struct ruling {
	enum effect effect;
	const char *reason; /* for the journal; or NULL */
	bool failed;        /* of a return: it counts as an attempt */
};

#define GATEWAY_REFUND "GATEWAY_REFUND" /* the reason of refunds that were not asked for */

#endif
