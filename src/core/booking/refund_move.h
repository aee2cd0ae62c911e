#ifndef ROWLOCK_CORE_BOOKING_REFUND_MOVE_H
#define ROWLOCK_CORE_BOOKING_REFUND_MOVE_H

#include "store/changeset.h"

/*
 * Every move of a refund, a function each, as booking_move.h has those of a booking: a refund is
 * requested, completed, or refused by its provider and asked for again until it has failed. What
 * is completed stays so. The caller has the refund's booking locked, and commits.
 *
 * m	of the transaction that holds the lock; what is given lives until it is written
 * b	the booking that r is a refund of
 */

/*
 * New refunds, of any locked bookings (refund_plan): requested, and completed as well where the
 * provider gives back at once. Their payments are refunded then. n may be 0.
 */
void refund_move_request(struct changeset *m, const struct refund_write *refunds, size_t n);

/* A refund that the provider made without being asked: it is new, and completed. */
void refund_move_found(struct changeset *m, const struct refund_write *refund);

/* The money is back with the buyer. reference: the provider's or an operator's; or NULL. */
void refund_move_complete(struct changeset *m, const struct locked_booking *b,
                          const struct refund *r, const char *reference);

/*
 * The provider has refused.
 *
 * final	no: it is asked again, later each time; yes: the refund has failed, for an operator
 * reference	the provider's, or NULL
 */
void refund_move_refuse(struct changeset *m, const struct locked_booking *b, const struct refund *r,
                        const char *reference, bool final);

/* A refund that has failed is asked for again, as if for the first time. */
void refund_move_again(struct changeset *m, const struct locked_booking *b, const struct refund *r);

#endif
