#ifndef ROWLOCK_STORE_RESERVE_H
#define ROWLOCK_STORE_RESERVE_H

#include "store/reserve_write.h"
#include "store/hold_rows.h"
#include "store/idempotency.h"
#include "store/enums.h"
#include "store/seat_key.h"

/*
 * The two round trips of a reservation: lock, and write. What is decided between them is
 * core's business.
 */

struct event_facts {
	int32_t id;
	enum event_status status;
	char currency[4];
	int32_t max_seats;   /* 0: the event says nothing */
	int32_t max_pending; /* 0: the event says nothing */
	bool window_named;   /* the event says something about the window … */
	int32_t window_min;  /* … this many minutes; 0: no window */
	int32_t hold_min;    /* 0: the event says nothing */
};

struct seat_facts {
	struct seat_key key; /* first, so that seat_key_compare fits */
	enum seat_status status;
	bool lapsed;        /* its hold or window has passed */
	const char *holder; /* NULL when nobody's */
	struct uuid booking_id;
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
	struct pending_facts *pending; /* those with a count above 0 */
	size_t n_pending;
	struct uuid *requested; /* those of the bookings named that wait for seats, sorted */
	size_t n_requested;
	const struct hold_rows *holdings; /* of those who want to hold more */
	size_t n_holdings;
	enum key_state *keys; /* of the wanted ones */
};

/* Events in which the system chooses seats. */
struct choosing {
	const int32_t *events; /* sorted, distinct */
	size_t n;
	bool alone; /* the transaction is open, and no other chooses there: reserve_alone */
};

/* What a transaction locks and reads. */
struct lock_set {
	int64_t *lock_keys;         /* one per user, sorted, distinct */
	const char **users;         /* in any order */
	int32_t *events;            /* distinct */
	struct uuid *bookings;      /* that wait for seats, sorted, distinct */
	struct seat_key *seats;     /* sorted, distinct */
	struct seat_key *idle;      /* likewise: those that are left out when somebody is at them */
	struct hold_rows *holdings; /* distinct: what these users hold of these events is read */
	struct idempotency_row *answer_keys; /* distinct: requests that shall be answered once */
	size_t n_answer_keys;
	size_t n_keys, n_users, n_events, n_bookings, n_seats, n_idle, n_holdings;
	const struct choosing *choosing; /* or NULL */
};

/*
 * Opens a transaction and waits until it is the only one, of all processes, that chooses seats
 * of some events (1 or more): what it reads from then on, all before have left.
 */
enum err reserve_alone(struct db *db, TALLOC_CTX *ctx, struct choosing *choosing) MUST_CHECK;

/*
 * Opens a transaction, unless it is alone already, locks users, bookings and seats, and reads what decides: one round
 * trip. Errors as of db_exchange. Afterwards the transaction is open, or broken: db_rollback.
 */
enum err reserve_lock(struct db *db, TALLOC_CTX *ctx, const struct lock_set *locks,
                      struct locked *out) MUST_CHECK;

/*
 * Writes bookings, their seats and their journal rows, and commits: one round trip.
 *
 * on_before_commit	called with arg when all is written and only COMMIT is still under way
 *
 * Errors as of db_exchange, but a connection lost here is DB_UNKNOWN.
 */
enum err reserve_write(struct db *db, TALLOC_CTX *ctx, struct reserve_write *writes, size_t n,
                       void (*on_before_commit)(void *arg), void *arg) MUST_CHECK;

/*
 * The same in two round trips, for those who make answers of the numbers and store them before
 * COMMIT: reserve_put writes all, and reserve_commit stores n answers and commits. Errors as of
 * db_exchange, but a connection lost in reserve_commit is DB_UNKNOWN.
 */
enum err reserve_put(struct db *db, TALLOC_CTX *ctx, struct reserve_write *writes,
                     size_t n) MUST_CHECK;
enum err reserve_commit(struct db *db, TALLOC_CTX *ctx, const struct idempotency_row *answers,
                        size_t n, void (*on_before_commit)(void *arg), void *arg) MUST_CHECK;

/*
 * After DB_UNKNOWN, on a new connection: waits until the lost transaction has ended (it held
 * the same user locks) and tells whether it was committed. It was one transaction: all of the
 * bookings are as it wanted them, or none. Numbers are filled in. Of holds alone it says that
 * they were not: to hold the same seats again is as good.
 */
enum err reserve_find(struct db *db, TALLOC_CTX *ctx, const struct lock_set *locks,
                      struct reserve_write *writes, size_t n, bool *committed) MUST_CHECK;

#endif
