#ifndef ROWLOCK_CORE_RESERVE_LOCK_SET_H
#define ROWLOCK_CORE_RESERVE_LOCK_SET_H

#include "core/reserve/seat_request.h"

/* The key of the advisory lock that guards what a user books and holds. */
int64_t lock_set_user_key(const char *user_id);

/*
 * Collects what a batch locks and reads. Each list is sorted and without repeats, as in every
 * transaction (HACKING.md, The database; R-14), or there would be deadlocks.
 *
 * ctx		owns the arrays of out
 * requests	n of them, 1 or more; seats are chosen already
 * wait_for_chosen	whether to wait for the locks of seats that the system chose, too, instead
 *		of leaving out those whose lock is held elsewhere
 * out		set; without keys of requests that are answered once, see lock_set_key
 */
void lock_set_collect(TALLOC_CTX *ctx, struct seat_request *const *requests, size_t n,
                      bool wait_for_chosen, struct lock_set *out);

/* Adds the key of a request that is answered once, on ctx; false: it is there already. */
bool lock_set_key(TALLOC_CTX *ctx, const struct idempotent *idempotent, struct lock_set *locks);

#endif
