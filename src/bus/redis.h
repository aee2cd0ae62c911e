#ifndef ROWLOCK_REDIS_H
#define ROWLOCK_REDIS_H

#include "base/err.h"

/*
 * Asks a Redis server whether it is there.
 *
 * url	redis://[[user]:password@]host[:port][/db], or unix:/path
 * wait_ms	for the connection and for the answer, each
 *
 * Returns ERR_OK, UNAVAILABLE, or VALIDATION_ERROR for a url that is neither.
 */
enum err redis_ping(const char *url, int wait_ms) MUST_CHECK;

#endif
