#ifndef ROWLOCK_CORE_EVENT_EVENT_CANCEL_H
#define ROWLOCK_CORE_EVENT_EVENT_CANCEL_H

#include "store/pool.h"

/*
 * Cancelling an event: its status is set at once, so that it cannot be booked any more; its
 * bookings are ended after that, batch by batch, by any number of processes side by side, each of
 * which may be killed at any moment.
 */

/* How far a cancellation is. */
struct event_cancellation {
	int32_t total;               /* bookings that there were to end; -1: not counted yet */
	int32_t cancelled, refunded; /* of them, so far */
	int64_t refunds_pending;     /* asked for, and not done yet */
	int64_t refunds_failed;      /* that were refused for good, and are still owed */
	int64_t requested_us, finished_us; /* finished -1: not yet */
	const char *correlation_id;        /* or NULL */
};

/*
 * Sets an event's status to cancelled and leaves the rest to event_cancel_step. Once more is
 * harmless.
 *
 * user_id	asks for it; must be its seller unless staff
 *
 * Errors: EVENT_NOT_FOUND, FORBIDDEN, INVALID_STATE (it is in the archive), UNAVAILABLE.
 */
enum err event_cancel(struct pool *pool, TALLOC_CTX *ctx, int32_t event_id, const char *user_id,
                      bool staff, const char *correlation_id) MUST_CHECK;

/* Reads how far it is. Errors: EVENT_NOT_FOUND (it is not cancelled), UNAVAILABLE. */
enum err event_cancel_progress(struct pool *pool, TALLOC_CTX *ctx, int32_t event_id,
                               struct event_cancellation *out) MUST_CHECK;

enum cancel_state {
	CANCEL_GOES_ON,
	CANCEL_WAITS,    /* for transactions that may still book, or have a booking locked */
	CANCEL_FINISHED, /* nothing is left to do */
};

#define CANCEL_WAIT_MS 20 /* between two steps, when one of them waits */

/*
 * Ends one batch of an event's bookings: those that are not paid are cancelled, those that are
 * get all their money back.
 *
 * after	the booking behind which to go on, all zeros for the first; moved along, and set to
 *		zeros at the end
 * state	set
 *
 * Errors: UNAVAILABLE.
 */
enum err event_cancel_step(struct pool *pool, int32_t event_id, struct uuid *after,
                           enum cancel_state *state) MUST_CHECK;

/*
 * Goes on with the cancellations that are open, in turn, for some seconds at the most. One that
 * waits or fails is left for the next call, and holds up no other.
 *
 * done	grows by how many events were finished
 * more	set: whether it could have gone on
 *
 * Errors: the first that there was.
 */
enum err event_cancel_all(struct pool *pool, size_t *done, bool *more) MUST_CHECK;

#endif
