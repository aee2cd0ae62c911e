#ifndef ROWLOCK_ROUTE_H
#define ROWLOCK_ROUTE_H

#include "http/request.h"

#define ROUTE_ARGS 4

/* The front of a route; the table's own type begins with it. */
struct route_key {
	enum method method;
	const char *pattern; /* "/api/v1/bookings/{id}"; {x} binds one segment */
};

/* What came of looking a request up. */
struct route_match {
	int index;                   /* of the route; -1: none */
	bool path_known;             /* the path exists, the method does not */
	const char *arg[ROUTE_ARGS]; /* bound segments, decoded, in order */
	char allow[64];              /* for the header Allow, when path_known and index is -1 */
};

/*
 * Finds the first route that fits. HEAD goes to GET routes.
 *
 * table	n routes of `size` bytes each, which begin with a struct route_key
 */
void route_find(const void *table, size_t n, size_t size, const struct request *rq,
                struct route_match *out);

#endif
