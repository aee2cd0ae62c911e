#ifndef ROWLOCK_BUS_PUBLISHER_H
#define ROWLOCK_BUS_PUBLISHER_H

#include <stddef.h>
#include <talloc.h>

#include "base/err.h"

/*
 * Publishes on Redis, many messages in one round trip. For one thread at a time. Redis gives
 * a message to those that listen just now and forgets it: what is acknowledged here has been
 * taken by the server, whether or not any client listens.
 */
struct publisher;

/* Makes a publisher that is not connected yet, a child of ctx. url: see redis_parse; copied. */
struct publisher *publisher_new(TALLOC_CTX *ctx, const char *url);

/*
 * Makes sure that there is a connection. After a failure nothing is tried for a while, 50 ms
 * at first and a second at the most. Errors: UNAVAILABLE.
 */
enum err publisher_ready(struct publisher *p) MUST_CHECK;

/* Puts a message in line; only while publisher_ready holds. channel, text: any bytes, copied. */
void publisher_send(struct publisher *p, const char *channel, size_t channel_len, const char *text,
                    size_t len);

/*
 * Sends what is in line and waits for the answers, a second at most for each.
 *
 * acknowledged	set, also on failure: how many messages, from the first in line on, Redis has
 *		taken. All others are forgotten, and the caller sends them again.
 *
 * Errors: UNAVAILABLE; the connection is dropped. Logged once until Redis is back.
 */
enum err publisher_flush(struct publisher *p, size_t *acknowledged) MUST_CHECK;

/* Why messages are not taken at present, for people; NULL when they are. */
const char *publisher_trouble(const struct publisher *p);

#endif
