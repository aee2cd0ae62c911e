#ifndef ROWLOCK_HTTP_ROUTE_H
#define ROWLOCK_HTTP_ROUTE_H

#include "http/request.h"

/* Finding the route of a request in a table of the caller's own. */

#define ROUTE_ARGS 4 /* segments that a pattern binds at the most */

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
 * rq		split (request_split); one whose path is bad fits no route
 * out		set; its arguments live as long as the request
 */
void route_find(const void *table, size_t n, size_t size, const struct request *rq,
                struct route_match *out);

#endif
