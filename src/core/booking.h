#ifndef ROWLOCK_BOOKING_H
#define ROWLOCK_BOOKING_H

#include <stdbool.h>

#include "core/ask.h"
#include "pay/provider.h"
#include "store/pool.h"
#include "store/release.h"

/* A booking as it reads now: one whose window has passed reads as expired. */
struct booking {
	struct booking_key key;
	int64_t number;
	const char *user_id, *user_name; /* the name may be NULL */
	enum booking_status status;
	enum booking_mode mode;
	bool queued;         /* it came through /api/booking … */
	const char *section; /* … with these wishes; NULL: any */
	int32_t subsection;  /* 0: any */
	const char *positions; /* JSON, ["row-seat"…] as the buyer spelled them, else as printed; or NULL */
	int32_t quantity;
	int64_t total_minor;
	const char *currency, *ticket_ref, *cancel_reason; /* the last two may be NULL */
	int64_t expires_us, paid_us, created_us, updated_us; /* -1: none */
	const char *failure; /* why no seats could be assigned, for people; or NULL */
	struct booked_seat *seats; /* of one that is requested: those asked for */
	size_t n_seats;
	struct {
		const char *seller, *seller_name, *title, *venue_name, *timezone; /* seller_name may be NULL */
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
	const char *user_id;      /* whose; or NULL, and */
	const char *seller;       /* of whose events */
	unsigned statuses;        /* bits by enum booking_status; 0: any */
	const struct uuid *after; /* only older ones than this; or NULL. Not with seller */
	int32_t page, limit;      /* from 1 */
	struct booking *bookings; /* out */
	size_t n;                 /* out */
	int64_t total;            /* out: of all pages; -1 with seller */
};

/* Whether a booking may move from one state to another: the table of R-1. */
bool booking_may_move(enum booking_status from, enum booking_status to);

/* A state as a face spells it (domain.md, Booking states). Never NULL. */
const char *booking_status_in(enum face face, enum booking_status status);

/*
 * Reads n bookings in one round trip onto ctx. out has n entries, zeroed before; those whose
 * booking does not exist stay so. Errors as of db_exchange. See lookup.h for one booking.
 */
enum err booking_read_all(struct db *db, TALLOC_CTX *ctx, const struct uuid *const *ids, size_t n,
                          struct booking *out) MUST_CHECK;

/* Copies a booking with all its texts and seats, onto ctx. */
void booking_copy(TALLOC_CTX *ctx, const struct booking *from, struct booking *out);

/* Fills in the page; what is not marked as out says which. On ctx. */
enum err booking_list(struct pool *pool, TALLOC_CTX *ctx, struct booking_page *page) MUST_CHECK;

/*
 * Cancels a booking that waits for seats or for payment, by its buyer or by staff: its seats
 * are free at once. A connection lost on the way is settled by looking at what became of it.
 *
 * found	the state that it was in, when it was found; or NULL
 *
 * Errors: BOOKING_NOT_FOUND, FORBIDDEN, INVALID_STATE, BOOKING_EXPIRED (and it is expired
 * then), UNAVAILABLE. Rules.
 */
enum err booking_cancel(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        const struct actor *who, enum booking_status *found) MUST_CHECK;

/*
 * Pays a booking that waits for payment, at once and in full, by its buyer or by staff: it is
 * confirmed, its seats are sold, and it has a ticket reference.
 *
 * provider	who is charged the booking's total
 *
 * Arguments and errors otherwise as of booking_cancel. Rules.
 */
enum err booking_pay(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                     const struct actor *who, const struct pay_provider *provider,
                     enum booking_status *found) MUST_CHECK;

/*
 * Expires those of the bookings whose window has passed, each once, whoever else is at it;
 * their seats are free afterwards.
 *
 * keys	n of them, any order; sorted in place
 */
enum err booking_expire(struct db *db, TALLOC_CTX *ctx, struct booking_key *keys,
                        size_t n) MUST_CHECK;

#endif
