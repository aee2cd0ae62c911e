#ifndef ROWLOCK_FAKE_GATEWAY_CHECKOUT_H
#define ROWLOCK_FAKE_GATEWAY_CHECKOUT_H

#include "fake_gateway/visit.h"

#define CHECKOUT_PATH "/api/v1/payments/fake-checkout/" /* and the id of a session */

/* Handlers that end a session. Errors: those of the ledger, VALIDATION_ERROR. */

/* POST /api/v1/payments/simulate/{id}: with the outcome of the body, or by chance; for tests. */
enum err checkout_simulate(struct visit *v) MUST_CHECK;

/* GET of the page at which a buyer pays, or reads what became of the session. */
enum err checkout_get(struct visit *v) MUST_CHECK;

/* POST of its form: the button that the buyer pressed. */
enum err checkout_post(struct visit *v) MUST_CHECK;

/* Answers an error as a page. */
void checkout_error(struct visit *v, enum err e);

#endif
