#ifndef ROWLOCK_API_REQUEST_IDEMPOTENCY_KEY_H
#define ROWLOCK_API_REQUEST_IDEMPOTENCY_KEY_H

#include "api/request/api.h"

/*
 * The header Idempotency-Key of the routes that take it (rowlock-api(8)). The dispatcher
 * calls the three in this order, around a route's handler.
 */

/*
 * Looks at the key of a request, and answers as before if that was answered.
 *
 * a		authenticated, its body read; sets a->idempotent, unless there is no key, the route
 *		takes none, or the request is answered
 * replayed	set: a->rs is the answer that was given before
 *
 * Errors: VALIDATION_ERROR (noted), IDEMPOTENCY_MISMATCH (of another body), UNAVAILABLE.
 */
enum err idempotency_key_begin(struct api *a, bool *replayed) MUST_CHECK;

/*
 * After the handler: where the key turned out to be known, answers what was answered meanwhile.
 *
 * e	what the handler returned
 *
 * Returns ERR_OK or IDEMPOTENCY_IN_PROGRESS for KEY_KNOWN, or an error of looking the answer up;
 * anything else is returned as it is.
 */
enum err idempotency_key_known(struct api *a, enum err e) MUST_CHECK;

/*
 * Before a->rs is sent: stores a refusal that lasts, for the handler's transaction stored nothing
 * then. Where another request with this key has stored an answer by now, a->rs becomes that one.
 *
 * e	what came of the request
 */
void idempotency_key_end(struct api *a, enum err e);

#endif
