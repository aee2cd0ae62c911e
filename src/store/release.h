#ifndef ROWLOCK_RELEASE_H
#define ROWLOCK_RELEASE_H

#include "store/db.h"
#include "store/types.h"

/* Letting go of seats: the locks and writes of cancelling and expiring. */

/* A booking that is locked in the open transaction. */
struct locked_booking {
	int32_t event_id;
	struct uuid id;
	const char *user_id;
	int32_t *seats;
	size_t n_seats;
	enum booking_status status;
	bool lapsed;        /* its window has passed */
	const char *queue;  /* JSON: its place as /api/booking shows it; NULL: not from there */
	/* Only from release_lock_one. */
	const char *seller, *currency;
	int64_t total_minor;
};

struct booking_key {
	int32_t event_id;
	struct uuid id;
};

/*
 * Opens a transaction and locks those of the bookings that are pending with their window
 * passed; rows that someone else has locked are left out (SKIP LOCKED).
 *
 * keys	sorted by id; out, *n_out: on ctx
 */
enum err release_lock_lapsed(struct db *db, TALLOC_CTX *ctx, const struct booking_key *keys,
                             size_t n, struct locked_booking **out, size_t *n_out) MUST_CHECK;

/* Opens a transaction and locks one booking, waiting for it. Errors: BOOKING_NOT_FOUND. */
enum err release_lock_one(struct db *db, TALLOC_CTX *ctx, const struct booking_key *key,
                          struct locked_booking *out) MUST_CHECK;

/* A payment that is complete when its booking is confirmed. */
struct paid {
	struct uuid id;         /* of the payment */
	const char *provider;   /* "mock" */
	const char *gateway_ref; /* the provider's reference */
	const char *ticket_ref;
	const char *correlation_id; /* or NULL */
	const char *payload;    /* of booking.confirmed, JSON */
};

/*
 * Confirms a locked booking: state, seats sold, payment, journal; commits. One round trip.
 * Errors as of release_write.
 */
enum err release_confirm(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *booking,
                         const struct paid *paid) MUST_CHECK;

/* How a booking ends: its new state, why, and what the journal says. */
struct ending {
	enum booking_status status;
	const char *reason;         /* USER_CANCELLED, EXPIRED … */
	const char *type;           /* "booking.cancelled" */
	const char *correlation_id; /* or NULL */
	const char *const *payloads; /* JSON, one a booking */
};

/*
 * Ends locked bookings: state, seats that are still theirs, journal; commits. One round
 * trip. Errors as of db_exchange, but a connection lost here is DB_UNKNOWN.
 */
enum err release_write(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *bookings,
                       size_t n, const struct ending *how) MUST_CHECK;

#endif
