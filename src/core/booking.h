#ifndef ROWLOCK_BOOKING_H
#define ROWLOCK_BOOKING_H

#include <stdbool.h>

#include "core/ask.h"
#include "store/pool.h"
#include "store/release.h"

/* A booking as it reads now: one whose window has passed reads as expired. */
struct booking {
	struct booking_key key;
	int64_t number;
	const char *user_id;
	enum booking_status status;
	int32_t quantity;
	int64_t total_minor;
	const char *currency, *ticket_ref, *cancel_reason; /* the last two may be NULL */
	int64_t expires_us, paid_us, created_us, updated_us; /* -1: none */
	struct booked_seat *seats;
	size_t n_seats;
	struct {
		const char *seller, *title, *venue_name, *timezone;
		int64_t starts_us;
		enum event_status status;
	} event;
};

/* Who is changing a booking. */
struct actor {
	const char *user_id;
	bool staff; /* admin or service: may change anybody's */
	const char *correlation_id;
};

/* A page of bookings, newest first. */
struct booking_page {
	const char *user_id;
	enum booking_status status; /* BOOKING__MAX: any */
	const struct uuid *after;   /* only older ones than this; or NULL */
	int32_t page, limit;        /* from 1; 1 to 100 */
	struct booking *bookings;   /* out */
	size_t n;                   /* out */
	int64_t total;              /* out: of all pages */
};

/* Whether a booking may move from one state to another: the table of R-1. */
bool booking_may_move(enum booking_status from, enum booking_status to);

/*
 * Reads n bookings in one round trip onto ctx. out has n entries, zeroed before; those whose
 * booking does not exist stay so. Errors as of db_exchange. See lookup.h for one booking.
 */
enum err booking_read_all(struct db *db, TALLOC_CTX *ctx, const struct uuid *const *ids, size_t n,
                          struct booking *out) MUST_CHECK;

/* Fills in the page; its user_id, status, after, page and limit say which. On ctx. */
enum err booking_list(struct pool *pool, TALLOC_CTX *ctx, struct booking_page *page) MUST_CHECK;

/*
 * Cancels a booking that waits for payment, by its buyer or by staff: its seats are free at
 * once. A connection lost on the way is settled by looking at what became of it.
 *
 * Errors: BOOKING_NOT_FOUND, FORBIDDEN, INVALID_STATE, BOOKING_EXPIRED (and it is expired
 * then), UNAVAILABLE. Rules.
 */
enum err booking_cancel(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        const struct actor *who) MUST_CHECK;

/*
 * Expires those of the bookings whose window has passed, each once, whoever else is at it;
 * their seats are free afterwards.
 *
 * keys	n of them, any order; sorted in place
 */
enum err booking_expire(struct db *db, TALLOC_CTX *ctx, struct booking_key *keys,
                        size_t n) MUST_CHECK;

#endif
