#ifndef ROWLOCK_FAKE_GATEWAY_GATEWAY_H
#define ROWLOCK_FAKE_GATEWAY_GATEWAY_H

#include "base/config.h"
#include "http/request.h"
#include "store/pool.h"

/*
 * The fake payment gateway: a peer for trying payments out, which takes no money. It opens
 * sessions, shows a page to pay at, gives money back, and calls back over HTTP until it is heard.
 * It knows nothing of bookings.
 */

#define CHECKOUT_PATH "/api/v1/payments/fake-checkout/" /* and the id of a session */

/* What all its requests share; read-only. */
struct gateway {
	struct pool *pool;
	const char *secrets;     /* PAYMENT_WEBHOOK_SECRET */
	const char *webhook_url; /* where to call back, unless a session says otherwise */
	const char *site;        /* scheme://host:port where people find it */
	double success_rate;     /* of payments whose outcome nobody chooses */
	const char *policy;      /* Content-Security-Policy of its pages */
};

/* A request on its way. */
struct visit {
	struct gateway *g;
	struct request *rq;
	struct response *rs;
	const char *id;      /* the session that the path names; or NULL */
	const char *message; /* of an error, instead of the default text; or NULL */
};

/* Builds it from the settings. NULL with *why naming the one that is missing or wrong. */
struct gateway *gateway_new(TALLOC_CTX *ctx, const struct config *config, const char *database,
                            const char **why);

/* Answers a request; a server_handler, with the gateway as arg. */
void gateway_serve(struct request *rq, struct response *rs, void *gateway);

/* Reads a body; the type must be this one if there is a body. Errors: as they are answered. */
enum err gateway_body(struct visit *v, const char *type) MUST_CHECK;

/* Handlers: those of the merchant's server, whose bodies are signed … */
enum err merchant_session(struct visit *v) MUST_CHECK;
enum err merchant_refund(struct visit *v) MUST_CHECK;
/* … of whoever tests, and of the buyer's browser. */
enum err simulate_post(struct visit *v) MUST_CHECK;
enum err checkout_get(struct visit *v) MUST_CHECK;
enum err checkout_post(struct visit *v) MUST_CHECK;

/* Answers an error as a page. */
void checkout_error(struct visit *v, enum err e);

#endif
