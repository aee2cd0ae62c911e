#ifndef ROWLOCK_API_ROUTES_H
#define ROWLOCK_API_ROUTES_H

#include "api/request/api.h"

/*
 * Every URL of the HTTP API but those of streams, in match order; *n is how many. An index into
 * the table names a route in the metrics.
 */
const struct route *api_routes(size_t *n);

#endif
