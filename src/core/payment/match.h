#ifndef ROWLOCK_CORE_PAYMENT_MATCH_H
#define ROWLOCK_CORE_PAYMENT_MATCH_H

#include "core/payment/payment_case.h"

/*
 * Which payment and which refund of an account a message is about. Nothing is read but the
 * arguments; what is returned lives as long as the account.
 */

/* Whether a message is about money that goes back to the buyer. */
bool payment_match_is_refund(const struct pay_event *ev);

/*
 * The payment that a message names, by reference or by session (a message about a transaction may
 * give the session as its reference); without a name, the one under way; NULL: none that is known.
 */
const struct payment *payment_match_payment(const struct account *a, const struct pay_event *ev);

/*
 * What a payment is called by its provider, now that this message about it has come; NULL: that is
 * not known yet. Not a session, nor the reference of a refund.
 */
const char *payment_match_reference(const struct payment *p, const struct pay_event *ev);

/* Whether a payment of the account has a session; NULL: none has that. */
bool payment_match_has_session(const struct account *a, const char *session);

/*
 * The refund that a message names; without a name, one of the payment (NULL: none) that is not
 * done, and rather one that is asked for than one that was refused. The provider may have given
 * money back under a name of its own instead of ours.
 */
const struct refund *payment_match_refund(const struct account *a, const struct pay_event *ev,
                                          const struct payment *p);

#endif
