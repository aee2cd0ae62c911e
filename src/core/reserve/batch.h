#ifndef ROWLOCK_CORE_RESERVE_BATCH_H
#define ROWLOCK_CORE_RESERVE_BATCH_H

#include "core/reserve/seat_request.h"
#include "store/booking_lock.h"

#define BATCH_MAX 256 /* requests that one transaction settles at the most */

/* A batch whose COMMIT was sent: what batch_resolve needs. Lives on the ctx of batch_settle. */
struct batch_state;

/* Requests to be settled together, and what becomes of them. */
struct batch {
	struct seat_request *const *requests; /* n of them, 1 to BATCH_MAX */
	struct answer *const *answers;        /* n; see batch_settle */
	size_t n;
	int tries;                           /* before this one, of the same requests */
	void (*on_before_commit)(void *arg); /* called when only COMMIT is still under way: the */
	void *arg;                           /* next batch may begin on another connection */
	struct booking_key *lapsed; /* out: owners whose window has passed, n_lapsed, on ctx */
	size_t n_lapsed;
	struct batch_state *state; /* out, on DB_UNKNOWN */
};

/*
 * Settles requests in one transaction: choose, lock, decide, write (README.md).
 *
 * db		an open connection without an open transaction; likewise afterwards
 * ctx		owns what is left in the batch
 * policy	the limits that hold where an event says nothing
 * inventories	of the requests that the system chooses seats for; told of all seats that were taken
 *
 * On ERR_OK, the requests whose answer's `err` is something else than TX_RETRY are settled. The
 * others must be made again: the owners in `lapsed` have to be expired for them before, or others
 * got the seats that the system had chosen. On an error none is settled: TX_RETRY, DB_LOST,
 * UNAVAILABLE, INTERNAL (nothing was written), or DB_UNKNOWN (COMMIT was sent, and its answer did
 * not come: batch_resolve or batch_abandon must follow). Rules.
 */
enum err batch_settle(struct db *db, TALLOC_CTX *ctx, const struct policy *policy,
                      struct inventory_cache *inventories, struct batch *batch) MUST_CHECK;

/*
 * After DB_UNKNOWN: finds out whether the transaction was committed, and if so answers as
 * batch_settle would have.
 *
 * db	a new connection, open
 *
 * Errors: TX_RETRY (it was not committed, and nothing was booked); as of db_exchange (it is still
 * not known, ask again).
 */
enum err batch_resolve(struct db *db, TALLOC_CTX *ctx, struct batch_state *state) MUST_CHECK;

/* After DB_UNKNOWN, when it cannot be found out: ends the promises of seats (choice_end). */
void batch_abandon(struct batch_state *state);

#endif
