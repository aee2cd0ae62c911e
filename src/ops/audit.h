#ifndef ROWLOCK_OPS_AUDIT_H
#define ROWLOCK_OPS_AUDIT_H

#include "store/pool.h"

/*
 * The audit reads a database, however busy it is, and says in plain words what should never be:
 *
 * I1	every acknowledged booking exists
 * I2	no seat has two live bookings; a seat's owner and its booking agree
 * I3	only legal moves, and the journal tells all of them, in the order in which it is read
 * I4	what the journal tells of seats is what they are
 * R-44	the money that was taken, and not given back, is what the bookings say that it is
 *
 * and some more rules by their numbers. The rules themselves are in store/audit_rules.def.
 */

struct audit_ask {
	int32_t event_id;                /* 0: all */
	const struct uuid *acknowledged; /* n_acknowledged bookings that must exist, of any event */
	size_t n_acknowledged;
	int64_t most; /* findings that are told, 0 or more; the others are counted */
	void (*tell)(void *arg, const char *finding);
	void (*progress)(void *arg, size_t rules_done, size_t rules); /* or NULL */
	void *arg;                                                    /* of both */
};

/* The money of a currency, in minor units. */
struct audit_sum {
	const char *currency;
	int64_t captured, refunded, pending; /* pending: being given back */
	int64_t owed;                        /* to be given back, but refused for good */
	int64_t kept;                        /* of bookings that have ended */
	int64_t confirmed;                   /* of those that are confirmed */
};

struct audit_report {
	int64_t findings;
	int64_t bookings, seats, journal_rows, payments; /* that were looked at */
	struct audit_sum *sums; /* n_sums, by currency; those without money are not there */
	size_t n_sums;
};

/*
 * Looks at everything, as it is at one moment: in one transaction that changes nothing and waits
 * for no lock of another.
 *
 * ask	what is looked for; its call-backs are called in this thread
 * out	set on ERR_OK; its arrays are on ctx
 *
 * Errors: EVENT_NOT_FOUND; UNAVAILABLE, DB_LOST, INTERNAL (it could not look, or not at all of it:
 * what has been told is true, but may not be everything).
 */
enum err audit_run(struct pool *pool, TALLOC_CTX *ctx, const struct audit_ask *ask,
                   struct audit_report *out) MUST_CHECK;

#endif
