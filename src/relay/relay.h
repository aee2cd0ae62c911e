#ifndef ROWLOCK_RELAY_RELAY_H
#define ROWLOCK_RELAY_RELAY_H

#include <talloc.h>

#include "base/config.h"

/*
 * The role `relay`: sends what the journal says to Redis and Kafka, those of the two that are
 * configured, at least once and in its order (rowlockd(8)). Of all relays of a database one is
 * active, the others stand by.
 *
 * The active one holds an advisory lock on a connection that it uses every 0.3 s. When the server
 * hears nothing for 1.2 s it ends that connection, and so frees the lock of a relay that is frozen
 * or cut off; a relay that is killed frees it at once. The others ask every 0.5 s. A relay that
 * cannot be sure to hold the lock sends nothing.
 *
 * ctx		of the connection that holds the lock
 * config	read only, as long as the process lives
 * database	a connection string of libpq
 *
 * Runs until stop_ask, and stop_watch must have been called. Returns the exit status: 0, or 1 when
 * a sink cannot go on (what to do is logged).
 */
int relay_run(TALLOC_CTX *ctx, const struct config *config, const char *database);

#endif
