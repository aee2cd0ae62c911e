#ifndef ROWLOCK_STORE_BOOKING_LOCK_H
#define ROWLOCK_STORE_BOOKING_LOCK_H

#include "store/db.h"
#include "store/enums.h"

/* Bookings that are locked in an open transaction, to be changed (see changeset.h). */

struct booking_key {
	int32_t event_id;
	struct uuid id;
};

/* A booking as it was when it was locked; on the ctx that was given, or its rows'. */
struct locked_booking {
	int32_t event_id;
	struct uuid id;
	const char *user_id;
	int32_t *seats; /* their numbers; of one that is requested, those it asks for */
	size_t n_seats;
	enum booking_status status;
	bool windowed;     /* it has a payment window */
	const char *queue; /* JSON: its place as /api/booking shows it; NULL: not from there */
	int64_t total_minor;
	const char *currency;
	/* Only from booking_lock_one. */
	bool lapsed;                               /* it is pending, and its window has passed */
	const char *seller, *ticket_ref, *reason;  /* the last two may be NULL */
	const char *tiers;                         /* its event's own refund tiers, JSON; or NULL */
	int64_t expires_us, created_us, starts_us; /* expires -1: no window; starts: the event */
	int64_t now_us;                            /* the transaction's own time, now() */
	int32_t extensions, attempts;
	enum event_status event_status;
};

/*
 * Locks those of some bookings whose window has passed, or whose payment has been under way for
 * too long. Opens a transaction. Bookings that another transaction has locked are left out
 * (SKIP LOCKED): two that end bookings never wait for each other.
 *
 * keys		n of them, sorted by id
 * paying_min	minutes a payment may take
 * out, n_out	set, on ctx
 *
 * Errors as of db_exchange.
 */
enum err booking_lock_lapsed(struct db *db, TALLOC_CTX *ctx, const struct booking_key *keys,
                             size_t n, int32_t paying_min, struct locked_booking **out,
                             size_t *n_out) MUST_CHECK;

/*
 * Likewise locks bookings, of all events, whose payment has been under way for too long: the
 * longest first, at most so many.
 */
enum err booking_lock_overdue(struct db *db, TALLOC_CTX *ctx, int32_t most, int32_t paying_min,
                              struct locked_booking **out, size_t *n_out) MUST_CHECK;

/*
 * Likewise locks bookings of an event that have not ended, in the order of their ids: those
 * behind an id (NULL: from the first on), at most so many.
 */
enum err booking_lock_live(struct db *db, TALLOC_CTX *ctx, int32_t event_id,
                           const struct uuid *after, int32_t most, struct locked_booking **out,
                           size_t *n_out) MUST_CHECK;

#define LOCK_EXTRA_MOST 6

/*
 * Opens a transaction, locks one booking, waiting for it, and makes up to LOCK_EXTRA_MOST more
 * calls in the same round trip, which see what was true when it was locked.
 *
 * extra	n_extra calls
 * out		set; on ctx
 * rows		set: of the extra calls, in order; may be NULL when there are none
 *
 * Errors: BOOKING_NOT_FOUND; as of db_exchange.
 */
enum err booking_lock_one(struct db *db, TALLOC_CTX *ctx, const struct booking_key *key,
                          struct locked_booking *out, const struct call *extra, size_t n_extra,
                          struct rows **rows) MUST_CHECK;

#endif
