#ifndef ROWLOCK_STORE_CHANGESET_H
#define ROWLOCK_STORE_CHANGESET_H

#include "store/booking_lock.h"
#include "store/param.h"
#include "store/payments.h"

/*
 * What is to be written for locked bookings, collected call by call, and then sent with COMMIT in
 * one round trip. Which moves are legal, and what the journal says of them, core/booking decides:
 * its booking_move.c and refund_move.c are the only callers of what writes a booking, a refund or
 * their rows of the journal.
 */

#define CHANGESET_MOST      (EXCHANGE_MOST - 2) /* calls, without the journal and COMMIT */
#define CHANGESET_ENDS_MOST 2                   /* ways in which bookings of one changeset end */

struct changeset {
	TALLOC_CTX *ctx;
	const char *correlation_id; /* of all its rows of the journal; or NULL */
	struct call calls[CHANGESET_MOST + 2];
	size_t n;
	struct {
		const struct locked_booking *bookings;
		size_t n;
	} ends[CHANGESET_ENDS_MOST]; /* bookings that end: one call frees their seats, in order */
	size_t n_ends;
	size_t free_at;                                                /* where that call goes */
	struct array event, booking, user, type, correlation, payload; /* rows of the journal */
	size_t n_rows;
};

/* Nothing yet. Everything hangs on ctx until the commit. correlation_id may be NULL. */
void changeset_init(struct changeset *m, TALLOC_CTX *ctx, const char *correlation_id);

/* One more call, as it is. */
void changeset_call(struct changeset *m, struct call call);

/* A row of the journal. booking_id and user_id may be NULL; payload is JSON. */
void changeset_row(struct changeset *m, int32_t event_id, const struct uuid *booking_id,
                   const char *user_id, const char *type, const char *payload);

/* A row about a booking. */
void changeset_note(struct changeset *m, const struct locked_booking *b, const char *type,
                    const char *payload);

/*
 * Bookings end: state, reason, the seats that are still theirs are free, payments that are open
 * are so no more. At most CHANGESET_ENDS_MOST calls: the seats of all are freed by one statement,
 * so that they are locked in order.
 *
 * kept		minor units, one a booking: what is not given back of those that were paid; NULL: 0
 */
void changeset_end(struct changeset *m, const struct locked_booking *bookings, size_t n,
                   enum booking_status to, const char *reason, const int64_t *kept);

/* Of one that has ended no more is kept than this: minor units, 0 or more. */
void changeset_keep_less(struct changeset *m, const struct locked_booking *b, int64_t most_minor);

/*
 * A booking is confirmed, its seats are sold.
 *
 * again	it had ended, and takes its seats anew; they are locked and free
 */
void changeset_confirm(struct changeset *m, const struct locked_booking *b, const char *ticket_ref,
                       bool again);

/* A payment of a booking is under way; its seats are its own until then (-1: without end). */
void changeset_pay(struct changeset *m, const struct locked_booking *b, int64_t until_us);

/*
 * Bookings whose payment came to nothing wait for another; none of theirs is under way any more.
 *
 * failed	whether this counts as an attempt
 * until_us	one a booking: the end of its window; -1: it has none
 */
void changeset_return(struct changeset *m, const struct locked_booking *bookings, size_t n,
                      bool failed, const int64_t *until_us);

/* A window is longer, by an extension. */
void changeset_extend(struct changeset *m, const struct locked_booking *b, int64_t until_us);

/* A new payment of a booking: all of it but number and times is stored. */
void changeset_add_payment(struct changeset *m, const struct locked_booking *b,
                           const struct payment *p);

/* A payment's state, what was captured, reference and trouble, as they are now. */
void changeset_set_payment(struct changeset *m, const struct locked_booking *b,
                           const struct payment *p);

/* A refund of a booking. */
struct refund_write {
	const struct locked_booking *booking;
	struct uuid id, payment_id;
	int64_t amount_minor; /* more than 0 */
	const char *currency;
	enum refund_status status;        /* pending: the provider is asked at once */
	const char *reason, *gateway_ref; /* the reference may be NULL */
	bool again;                       /* it was asked for before, and refused for good */
};
/* Their payments are refunded then, as far as they were completed. */
void changeset_add_refunds(struct changeset *m, const struct refund_write *refunds, size_t n);

/* A message that has its effect in this transaction. */
void changeset_processed(struct changeset *m, const char *source, const char *id,
                         const struct uuid *booking_id);

/* Sends everything and the journal, and leaves the transaction open. Errors as of db_exchange. */
enum err changeset_write(struct db *db, struct changeset *m) MUST_CHECK;

/*
 * Sends everything, the journal and COMMIT. Errors as of db_exchange, but a connection lost here
 * is DB_UNKNOWN.
 */
enum err changeset_commit(struct db *db, struct changeset *m) MUST_CHECK;

#endif
