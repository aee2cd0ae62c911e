#ifndef ROWLOCK_API_STREAM_STREAM_H
#define ROWLOCK_API_STREAM_STREAM_H

#include <event2/event.h>
#include <talloc.h>

#include "base/config.h"

/* The streams of the API: URLs, who may have them, what is sent (rowlock-sse(8)). */
struct stream_app;

/*
 * Serves streams on a listening socket.
 *
 * config	with jwt_secret; lives as long
 * database	see db_new
 */
struct stream_app *stream_app_new(TALLOC_CTX *ctx, struct event_base *base, int listening,
                                  const struct config *config, const char *database);

/* Takes no more requests, and ends all streams, each with a complete answer. */
void stream_app_close(struct stream_app *app);

/* How many connections there are. */
size_t stream_app_count(const struct stream_app *app);

/* Whether one of its threads is reading from the database. */
bool stream_app_is_busy(const struct stream_app *app);

#endif
