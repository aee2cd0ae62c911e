#ifndef ROWLOCK_API_STREAM_SSE_H
#define ROWLOCK_API_STREAM_SSE_H

#include "base/err.h"
#include "live/fanout.h"

/* Server-sent events as text (HTML Standard, 9.2), as each face spells them; all on ctx. */

#define SSE_RETRY "retry: 2000\n\n" /* what a stream begins with */
#define SSE_BEAT  ":\n\n"           /* what is sent when there is nothing else */

/* A booking that moved: "status_update". face: FACE_QUEUE or FACE_V1 */
char *sse_status(TALLOC_CTX *ctx, enum face face, const struct change *c);

/* Seats that changed: "seats". */
char *sse_seats(TALLOC_CTX *ctx, const struct seats_news *news);

#endif
