#ifndef ROWLOCK_STORE_RESERVE_WRITE_H
#define ROWLOCK_STORE_RESERVE_WRITE_H

#include "store/reserve.h"

/* What is written of a booking; bookings of one kind are written by one statement. */
enum write_kind {
	WRITE_BOOKED,   /* a new one with its seats: pending */
	WRITE_ACCEPTED, /* a new one without: requested */
	WRITE_SEATED,   /* one that was accepted gets its seats: pending */
	WRITE_FAILED,   /* one that was accepted gets none: failed */
	WRITE_HELD,     /* no booking: seats are held */
	WRITE__MAX
};

/* One booking to be written, or one hold. Of bookings, core/booking sets kind, type and payload. */
struct reserve_write {
	enum write_kind kind;
	struct uuid id;
	int32_t event_id;
	const char *user_id;
	const char *user_name;      /* or NULL */
	const char *correlation_id; /* or NULL */
	const char *currency;
	const int32_t *seats;        /* n_seats numbers, as asked for */
	const int32_t *prices_minor; /* of the same */
	size_t n_seats;
	int64_t total_minor;
	int32_t window_min; /* 0: no window; of WRITE_HELD: how long */
	enum booking_mode mode;
	const char *type;      /* of the journal row: a constant */
	const char *payload;   /* likewise, JSON */
	int32_t quantity;      /* WRITE_ACCEPTED, with the next two */
	const char *section;   /* or NULL */
	int32_t subsection;    /* 0: any */
	const char *positions; /* WRITE_ACCEPTED and WRITE_SEATED: JSON, or NULL */
	const char *reason;    /* WRITE_FAILED */
	/* WRITE_HELD: all that is held then; NULL: another write of the batch says it. */
	const struct hold_rows *holding;
	int64_t number; /* set by reserve_write for new bookings */
};

/* Whether the seats belong to the user once this is written. */
bool reserve_write_takes_seats(const struct reserve_write *w);

/*
 * The second round trip of a reservation: writes n bookings and holds, their seats and their
 * journal rows, and commits.
 *
 * writes		1 or more; their numbers are set
 * on_before_commit	called with arg when all is written and only COMMIT is still under way
 *
 * Errors as of db_exchange, but a connection lost here is DB_UNKNOWN.
 */
enum err reserve_write(struct db *db, TALLOC_CTX *ctx, struct reserve_write *writes, size_t n,
                       void (*on_before_commit)(void *arg), void *arg) MUST_CHECK;

/*
 * The same in two round trips, for requests with an Idempotency-Key, whose answers have the
 * numbers in them: reserve_write_open writes all and leaves the transaction open,
 * reserve_write_commit stores n answers and commits. Errors as of db_exchange, but a connection
 * lost in reserve_write_commit is DB_UNKNOWN.
 */
enum err reserve_write_open(struct db *db, TALLOC_CTX *ctx, struct reserve_write *writes,
                            size_t n) MUST_CHECK;
enum err reserve_write_commit(struct db *db, TALLOC_CTX *ctx, const struct idempotency_row *answers,
                              size_t n, void (*on_before_commit)(void *arg), void *arg) MUST_CHECK;

/*
 * After DB_UNKNOWN, on a new connection: waits until the lost transaction has ended (it held
 * the same users' locks) and tells whether it was committed. It was one transaction: all of the
 * bookings are as it wanted them, or none. Numbers are filled in. Of holds alone it says that
 * they were not: to hold the same seats again is as good.
 *
 * locks	of the lost transaction
 * committed	set
 *
 * Errors as of db_exchange.
 */
enum err reserve_write_find(struct db *db, TALLOC_CTX *ctx, const struct lock_set *locks,
                            struct reserve_write *writes, size_t n, bool *committed) MUST_CHECK;

#endif
