#ifndef ROWLOCK_STORE_CHANGESET_H
#define ROWLOCK_STORE_CHANGESET_H

#include "store/booking_lock.h"
#include "store/journal_rows.h"
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
	size_t free_at; /* where that call goes */
	struct journal_rows journal;
	bool sent; /* nothing may be added any more */
};

/* Begins a changeset with nothing in it; what it needs hangs on ctx. correlation_id may be NULL. */
void changeset_init(struct changeset *changes, TALLOC_CTX *ctx, const char *correlation_id);

/* Adds a call as it is. */
void changeset_call(struct changeset *changes, struct call call);

/* Adds a row of the journal. booking_id and user_id may be NULL; payload is JSON. */
void changeset_row(struct changeset *changes, int32_t event_id, const struct uuid *booking_id,
                   const char *user_id, const char *type, const char *payload);

/* Adds a row about a booking. */
void changeset_note(struct changeset *changes, const struct locked_booking *b, const char *type,
                    const char *payload);

/*
 * Ends bookings: state, reason, the seats that are still theirs are freed, payments that are open
 * are closed. To be called at most CHANGESET_ENDS_MOST times: the seats of all are freed by one
 * statement, so that they are locked in order.
 *
 * bookings	n of them, 1 or more; they live until the changeset is sent
 * to		the state that they end in
 * kept_minor	one per booking: what is not given back of those that were paid; NULL: 0
 */
void changeset_end(struct changeset *changes, const struct locked_booking *bookings, size_t n,
                   enum booking_status to, const char *reason, const int64_t *kept_minor);

/* Of a booking that has ended, no more than most_minor (0 or more) is kept. */
void changeset_keep_less(struct changeset *changes, const struct locked_booking *b,
                         int64_t most_minor);

/*
 * Confirms a booking and sells its seats to it.
 *
 * again	it had ended, and takes its seats anew; they are locked and free
 */
void changeset_confirm(struct changeset *changes, const struct locked_booking *b,
                       const char *ticket_ref, bool again);

/* Begins a payment of a booking: its seats are its own until until_us (-1: without end). */
void changeset_pay(struct changeset *changes, const struct locked_booking *b, int64_t until_us);

/*
 * Returns bookings whose payment came to nothing to pending; their open payments are closed.
 *
 * failed	whether this counts as an attempt
 * until_us	one per booking: the end of its window; -1: it has none
 */
void changeset_return(struct changeset *changes, const struct locked_booking *bookings, size_t n,
                      bool failed, const int64_t *until_us);

/* Extends the window of a booking to until_us. */
void changeset_extend(struct changeset *changes, const struct locked_booking *b, int64_t until_us);

/* Adds a payment to a booking: all of it but number and times is stored. */
void changeset_add_payment(struct changeset *changes, const struct locked_booking *b,
                           const struct payment *p);

/* Stores a payment's state, what was captured, reference and trouble, as they are now. */
void changeset_set_payment(struct changeset *changes, const struct locked_booking *b,
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
/* Adds n refunds; their payments are refunded then, as far as they were completed. */
void changeset_add_refunds(struct changeset *changes, const struct refund_write *refunds, size_t n);

/* Notes a message that has its effect in this transaction. */
void changeset_processed(struct changeset *changes, const char *source, const char *id,
                         const struct uuid *booking_id);

/* Sends everything and the journal, and leaves the transaction open. Errors as of db_exchange. */
enum err changeset_write(struct db *db, struct changeset *changes) MUST_CHECK;

/*
 * Sends everything, the journal and COMMIT. Errors as of db_exchange, but a connection lost here
 * is DB_UNKNOWN.
 */
enum err changeset_commit(struct db *db, struct changeset *changes) MUST_CHECK;

#endif
