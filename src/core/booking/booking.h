#ifndef ROWLOCK_CORE_BOOKING_BOOKING_H
#define ROWLOCK_CORE_BOOKING_BOOKING_H

#include <stdbool.h>

#include "core/booking/booking_state.h"
#include "store/booking_lock.h"
#include "store/payments.h"
#include "store/pool.h"

/* A seat as an answer shows it. */
struct booked_seat {
	int32_t no, subsection;
	int64_t price_minor;
	const char *section, *row, *label, *tier;
};

/* A booking as it reads now: one whose window has passed reads as expired. */
struct booking {
	struct booking_key key;
	int64_t number;
	const char *user_id, *user_name; /* the name may be NULL */
	enum booking_status status;
	enum booking_mode mode;
	bool tried;            /* a payment of it has begun once */
	bool archived;         /* it was read from the archive */
	bool queued;           /* it came through /api/booking … */
	const char *section;   /* … with these wishes; NULL: any */
	int32_t subsection;    /* 0: any */
	const char *positions; /* JSON, ["row-seat"…]: as the buyer spelled them, else as printed;
	                        * or NULL */
	int32_t quantity;
	int64_t total_minor;
	const char *currency, *ticket_ref, *cancel_reason;   /* the last two may be NULL */
	int64_t expires_us, paid_us, created_us, updated_us; /* -1: none */
	const char *failure;       /* why no seats could be assigned, for people; or NULL */
	struct booked_seat *seats; /* of one that is requested: those asked for */
	size_t n_seats;
	struct payment *payments; /* oldest first */
	size_t n_payments;
	struct {
		const char *seller, *title, *venue_name, *timezone;
		const char *seller_name; /* or NULL */
		int64_t starts_us;
		enum event_status status;
	} event;
};

/* The user that a booking is changed by. */
struct actor {
	const char *user_id;
	bool staff; /* admin or service: may change any user's */
	const char *correlation_id;
};

/* A page of bookings, newest first. */
struct booking_page {
	const char *user_id;      /* whose; or NULL, and */
	const char *seller;       /* of whose events */
	unsigned statuses;        /* bits by enum booking_status; 0: any */
	const struct uuid *after; /* only older ones than this; or NULL. Not with seller */
	int32_t page, limit;      /* from 1 */
	struct booking *bookings; /* out */
	size_t n;                 /* out */
	int64_t total;            /* out: of all pages; -1 with seller */
};

/*
 * Reads bookings with their seats and payments: one round trip, two when one of them may have been
 * paid for. See booking_lookup.h for one booking.
 *
 * ctx	owns all that out points to
 * ids	n of them, 1 or more; one that is named twice is read twice
 * out	n entries, zeroed before; an entry whose booking does not exist stays so: user_id NULL
 *
 * Errors as of db_exchange.
 */
enum err booking_read_all(struct db *db, TALLOC_CTX *ctx, const struct uuid *ids, size_t n,
                          struct booking *out) MUST_CHECK;

/* Likewise, of bookings that are in the archive: they can be read, and nothing else. */
enum err booking_read_archived(struct db *db, TALLOC_CTX *ctx, const struct uuid *ids, size_t n,
                               struct booking *out) MUST_CHECK;

/* Copies a booking that was read, with all its texts, seats and payments, onto ctx. */
void booking_copy(TALLOC_CTX *ctx, const struct booking *from, struct booking *out);

/*
 * Reads a page of live bookings onto ctx.
 *
 * page	all but what is marked as out is given; either user_id or seller
 *
 * Errors as of transact_read.
 */
enum err booking_list(struct pool *pool, TALLOC_CTX *ctx, struct booking_page *page) MUST_CHECK;

#endif
