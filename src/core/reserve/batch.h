#ifndef ROWLOCK_CORE_RESERVE_BATCH_H
#define ROWLOCK_CORE_RESERVE_BATCH_H

#include "core/reserve/seat_request.h"
#include "store/booking_lock.h"

#define BATCH_MAX 256 /* requests that one transaction settles at the most */

/* A batch whose COMMIT was sent; what batch_resolve needs. */
struct batch_state;

/* Asks to be settled together, and what becomes of them. */
struct batch {
	struct seat_request *const *requests; /* n of them, 1 to BATCH_MAX */
	struct answer *const *answers;        /* n; see batch_settle */
	size_t n;
	int tries; /* before this one, of the same asks */
	void (*on_before_commit)(
	    void *arg);             /* called when only COMMIT is still under way: the next */
	void *arg;                  /* batch may begin on another connection */
	struct booking_key *lapsed; /* out: owners whose window has passed, n_lapsed */
	size_t n_lapsed;
	struct batch_state *state; /* out, on DB_UNKNOWN */
};

/*
 * Settles asks in one transaction: lock, decide, write (architecture.md, the first idea).
 *
 * db		a connection that stands and has no transaction open; likewise afterwards
 * ctx		owns what is left in the batch
 *
 * On ERR_OK, the answers whose `err` is something else than ERR_TX_RETRY are settled; the
 * rest must be asked again. They wanted seats whose owner's window has passed, which those in
 * `lapsed` have to be expired for, or were given seats that somebody else got first. Otherwise nobody is settled: TX_RETRY, DB_LOST (nothing
 * was written), UNAVAILABLE, INTERNAL; or DB_UNKNOWN: COMMIT was sent, its answer did not come.
 */
enum err batch_settle(struct db *db, TALLOC_CTX *ctx, const struct policy *policy,
                      struct inventory_cache *inventories, struct batch *batch) MUST_CHECK;

/*
 * After DB_UNKNOWN, on a new connection: finds out whether the transaction was committed, and
 * if so answers as batch_settle would have. Otherwise returns TX_RETRY: nothing was booked.
 */
enum err batch_resolve(struct db *db, TALLOC_CTX *ctx, struct batch_state *state) MUST_CHECK;

/* After DB_UNKNOWN, when it cannot be found out: lets go of the seats that were promised. */
void batch_abandon(struct batch_state *state);

#endif
