#ifndef ROWLOCK_CORE_BOOKING_BOOKING_MOVE_H
#define ROWLOCK_CORE_BOOKING_BOOKING_MOVE_H

#include "store/changeset.h"
#include "store/reserve_write.h"

/*
 * Every move of a booking, a function each, and no other way to make one. Each asserts that
 * the move is legal, adds what is written of the booking, its seats and its payments, and adds the
 * row of the journal. The caller has the bookings locked, and commits.
 *
 * m		of the transaction that holds the locks; bookings, reasons and payments live until
 *		it is written
 * bookings	n of them, in any order; their status is the one they move from
 * reason	USER_CANCELLED …, for the journal and the booking's cancel_reason; a constant
 *
 * One move is not here: STMT_EXPIRE_DUE does it in SQL (booking_expire.c).
 */

/* To cancelled. What was paid for a booking that was confirmed is kept, all of it. */
void booking_move_cancel(struct changeset *m, const struct locked_booking *bookings, size_t n,
                         const char *reason);

/* To expired: their windows have passed, or payments were under way for too long. */
void booking_move_expire(struct changeset *m, const struct locked_booking *bookings, size_t n);

/*
 * From confirmed to refunded. The refunds themselves are refund_move_request's.
 *
 * given_minor	n amounts: what is given back
 * kept_minor	n amounts: what is not
 * note		in the words of the one who asked for it, for people; or NULL
 */
void booking_move_refund(struct changeset *m, const struct locked_booking *bookings, size_t n,
                         const int64_t *given_minor, const int64_t *kept_minor, const char *reason,
                         const char *note);

/* No move: of a booking that was cancelled or refunded, no more than kept_minor is kept. */
void booking_move_keep_less(struct changeset *m, const struct locked_booking *b,
                            int64_t kept_minor);

/*
 * Confirms a booking that is pending or paying: its seats are sold, and it has a ticket reference
 * (R-47).
 */
void booking_move_confirm(struct changeset *m, const struct locked_booking *b,
                          const char *ticket_ref);

/*
 * Confirms a booking that had ended and is paid late: its seats are sold to it again. The
 * caller has locked them, and all are free (booking_retake_check).
 */
void booking_move_retake(struct changeset *m, const struct locked_booking *b,
                         const char *ticket_ref);

/*
 * From pending to paying: a payment begins.
 *
 * payment	new: it is stored
 * until_us	the seats are the booking's own until then; -1: without end
 */
void booking_move_pay(struct changeset *m, const struct locked_booking *b,
                      const struct payment *payment, int64_t until_us);

/*
 * From paying back to pending: payments came to nothing, and the bookings wait for others.
 *
 * failed	it counts as an attempt
 * until_us	n ends of their windows; -1: it has none
 */
void booking_move_return(struct changeset *m, const struct locked_booking *bookings, size_t n,
                         const char *reason, bool failed, const int64_t *until_us);

/* Pending stays pending, for some minutes longer: until_us is the new end. */
void booking_move_extend(struct changeset *m, const struct locked_booking *b, int32_t minutes,
                         int64_t until_us);

/*
 * The clerk's moves, written many at once by reserve_write. Each sets kind, type and payload of a
 * write whose other members are set, once. The payload is the journal's (request_payload.h).
 */
void booking_move_accept(struct reserve_write *w, const char *payload); /* made as requested */
void booking_move_create(struct reserve_write *w, const char *payload); /* made as pending */
void booking_move_seat(struct reserve_write *w, const char *payload);   /* requested to pending */
void booking_move_fail(struct reserve_write *w, const char *payload);   /* requested to failed */

#endif
