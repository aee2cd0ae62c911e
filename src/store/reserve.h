#ifndef ROWLOCK_STORE_RESERVE_H
#define ROWLOCK_STORE_RESERVE_H

#include "store/hold_rows.h"
#include "store/idempotency.h"
#include "store/enums.h"
#include "store/seat_key.h"

/*
 * The first round trip of a reservation: locks, in the order of HACKING.md (The
 * database), and what decides. core/reserve decides; reserve_write.h is the second round trip.
 */

/* An event, and what its policy says. */
struct event_facts {
	int32_t id;
	enum event_status status;
	char currency[4];
	int32_t max_seats;   /* 0: the policy says nothing */
	int32_t max_pending; /* likewise */
	bool window_named;   /* the policy says something about the window … */
	int32_t window_min;  /* … this many minutes; 0: no window */
	int32_t hold_min;    /* 0: the policy says nothing */
};

struct seat_facts {
	struct seat_key key; /* first, so that seat_key_compare fits */
	enum seat_status status;
	bool lapsed;            /* its hold or window has passed */
	const char *holder;     /* the user; NULL: free or blocked */
	struct uuid booking_id; /* zeros: of no booking */
	int32_t price_minor, subsection;
	const char *section, *row, *label, *tier;
};

struct pending_facts {
	const char *user_id;
	int64_t count; /* pending and paying bookings with a window */
};

/* What was read under the locks; lives on the ctx of reserve_lock. */
struct locked {
	int64_t now_us; /* the transaction's now(); -1 when no event was found */
	struct event_facts *events;
	size_t n_events;
	struct seat_facts *seats; /* sorted by key */
	size_t n_seats;
	struct pending_facts *pending; /* of each user of the lock set */
	size_t n_pending;
	struct uuid *requested; /* those of the lock set's bookings that wait for seats, sorted */
	size_t n_requested;
	const struct hold_rows *holdings; /* the lock set's, filled in */
	size_t n_holdings;
	enum key_state *keys; /* of the lock set's answer_keys */
};

/* Events in which the system chooses seats. */
struct choosing {
	const int32_t *events; /* sorted, distinct */
	size_t n;
	bool alone; /* reserve_alone has opened the transaction, no other one chooses there */
};

/* What a transaction locks and reads. */
struct lock_set {
	int64_t *lock_keys;     /* one per user, sorted, distinct */
	const char **users;     /* in any order */
	int32_t *events;        /* distinct */
	struct uuid *bookings;  /* that wait for seats, sorted, distinct */
	struct seat_key *seats; /* sorted, distinct */
	struct seat_key *idle;  /* likewise: left out when another transaction has them locked */
	struct hold_rows *holdings; /* distinct: what these users hold of these events is read */
	struct idempotency_row *answer_keys; /* distinct: requests that shall be answered once */
	size_t n_answer_keys;
	size_t n_keys, n_users, n_events, n_bookings, n_seats, n_idle, n_holdings;
	const struct choosing *choosing; /* or NULL */
};

/*
 * Opens a transaction and waits until it is the only one, of all processes, that chooses seats
 * of some events: what the others wrote is what it reads. choosing->alone is set. Errors
 * as of db_exchange.
 */
enum err reserve_alone(struct db *db, TALLOC_CTX *ctx, struct choosing *choosing) MUST_CHECK;

/*
 * Opens a transaction, unless reserve_alone has, locks users, bookings and seats, and reads what
 * decides: one round trip.
 *
 * locks	at least one user and event
 * out		set; on ctx
 *
 * Errors as of db_exchange. Afterwards the transaction is open, or broken: db_rollback.
 */
enum err reserve_lock(struct db *db, TALLOC_CTX *ctx, const struct lock_set *locks,
                      struct locked *out) MUST_CHECK;

#endif
