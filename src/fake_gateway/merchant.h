#ifndef ROWLOCK_FAKE_GATEWAY_MERCHANT_H
#define ROWLOCK_FAKE_GATEWAY_MERCHANT_H

#include "fake_gateway/visit.h"

/*
 * Handlers of what the merchant's server asks for, in bodies that it has signed
 * (rowlock-gateway(8), For the merchant). Errors: UNAUTHORIZED (the signature), VALIDATION_ERROR
 * (with v->message saying of which member), those of the ledger.
 */

/* POST /fake-gateway/sessions: opens a session, or finds the one of the same payment. */
enum err merchant_session(struct visit *v) MUST_CHECK;

/* POST /fake-gateway/refunds: takes a refund on, to be called back. */
enum err merchant_refund(struct visit *v) MUST_CHECK;

#endif
