#ifndef ROWLOCK_BUS_REDIS_H
#define ROWLOCK_BUS_REDIS_H

#include "base/err.h"

/* What is common to publishing and subscribing: addresses, connections, a sign of life. */

#define REDIS_PART 256 /* room for each part of a URL, with its end */

/* A Redis URL, taken apart; what it does not name is "". */
struct redis_address {
	char host[REDIS_PART], user[REDIS_PART], password[REDIS_PART];
	char path[REDIS_PART]; /* of a Unix socket; then there is no host */
	int port;
};

/*
 * Reads redis://[[user]:password@]host[:port][/db] or unix:/path. The number of a database
 * is passed over: channels belong to no database. Errors: VALIDATION_ERROR.
 */
enum err redis_parse(const char *url, struct redis_address *out) MUST_CHECK;

struct redisContext; /* hiredis' */

/*
 * Opens a connection and gives the password, if there is one.
 *
 * wait_ms	for the connection, and from then on for each answer
 * out	on ERR_OK; the caller's, for redisFree
 *
 * Errors: UNAVAILABLE, or VALIDATION_ERROR for a url that cannot be read.
 */
enum err redis_connect(const char *url, int wait_ms, struct redisContext **out) MUST_CHECK;

/*
 * Asks a Redis server whether it is there.
 *
 * wait_ms	for the connection and for the answer, each
 *
 * Errors as of redis_connect.
 */
enum err redis_ping(const char *url, int wait_ms) MUST_CHECK;

#endif
