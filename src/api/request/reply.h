#ifndef ROWLOCK_API_REQUEST_REPLY_H
#define ROWLOCK_API_REQUEST_REPLY_H

#include "api/request/api.h"
#include "store/idempotency.h"

/*
 * How handlers of routes that take an Idempotency-Key answer: the transaction that has the effect
 * stores the answer, so it is rendered before COMMIT, and what is sent is what was stored. A
 * handler passes reply_prepare() to core and ends with reply_send(), or with reply_send_stored().
 */

/*
 * Names the function that renders the answer; returns what core takes as its idempotent request,
 * NULL when the caller sent no key. render may be called by the thread of the clerk, and more than
 * once; arg lives until the handler returns.
 */
struct idempotent *reply_prepare(struct api *a, idempotency_render render, void *arg);

/* Answers with what the transaction stored, or renders it now, of what core gives to render. */
void reply_send(struct api *a, idempotency_render render, void *arg, const void *what);

/* Answers with what the transaction stored; false when it stored nothing: there was no key. */
bool reply_send_stored(struct api *a);

/* Closes the object that w has open, and makes it an answer. location: or NULL */
struct reply reply_close(struct jsonw *w, int status, const char *location);

/* Makes a rendered answer the response. replayed: it is marked as one that was given before. */
void reply_respond(struct api *a, const struct reply *reply, bool replayed);

#endif
