#ifndef ROWLOCK_WANTS_H
#define ROWLOCK_WANTS_H

#include "core/ask.h"

/* Collects what n asks want locked; on ctx. patient: also waits for seats that the system chose */
void wants_collect(TALLOC_CTX *ctx, struct ask *const *asks, size_t n, bool patient,
                   struct wants *out);

/* Adds the key of a request that is answered once; false: it is there already. */
bool wants_key(TALLOC_CTX *ctx, const struct idempotent *keyed, struct wants *wants);

/* Sorts numbers and drops repeated ones; returns how many are left. */
size_t wants_distinct(int32_t *numbers, size_t n);

#endif
