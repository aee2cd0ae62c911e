#ifndef ROWLOCK_API_REQUEST_IDEMPOTENCY_KEY_H
#define ROWLOCK_API_REQUEST_IDEMPOTENCY_KEY_H

#include "api/request/api.h"

/* The header Idempotency-Key of the routes that take it (http-api.md, Common). */

/*
 * Looks at the key of a request whose body has been read, and answers as before if it was
 * answered: *replayed. Otherwise a->keyed is set, unless there is no key. Errors:
 * VALIDATION_ERROR, IDEMPOTENCY_MISMATCH, UNAVAILABLE.
 */
enum err idempotency_key_begin(struct api *a, bool *replayed) MUST_CHECK;

/*
 * After the handler: makes of KEY_KNOWN the answer that there was, or IDEMPOTENCY_IN_PROGRESS.
 * Any other error is returned as it is.
 */
enum err idempotency_key_known(struct api *a, enum err e) MUST_CHECK;

/*
 * Before a->rs is sent: stores it, if it is to be stored and the handler's transaction has not
 * done so. When somebody else's answer is there by now, a->rs becomes that one.
 *
 * e	what came of the request
 */
void idempotency_key_end(struct api *a, enum err e);

#endif
