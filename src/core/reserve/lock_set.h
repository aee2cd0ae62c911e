#ifndef ROWLOCK_CORE_RESERVE_LOCK_SET_H
#define ROWLOCK_CORE_RESERVE_LOCK_SET_H

#include "core/reserve/seat_request.h"

/* Collects what n asks want locked; on ctx. patient: also waits for seats that the system chose */
void lock_set_collect(TALLOC_CTX *ctx, struct seat_request *const *requests, size_t n, bool patient,
                      struct lock_set *out);

/* Adds the key of a request that is answered once; false: it is there already. */
bool lock_set_key(TALLOC_CTX *ctx, const struct idempotent *idempotent, struct lock_set *locks);

/* Sorts numbers and drops repeated ones; returns how many are left. */
size_t lock_set_distinct(int32_t *numbers, size_t n);

#endif
