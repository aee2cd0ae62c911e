#ifndef ROWLOCK_FAKE_GATEWAY_GATEWAY_H
#define ROWLOCK_FAKE_GATEWAY_GATEWAY_H

#include "base/config.h"
#include "store/pool.h"

/* What all requests and the sender of call-backs share; read-only once it is made. */
struct gateway {
	struct pool *pool;
	const char *secrets;     /* PAYMENT_WEBHOOK_SECRET */
	const char *webhook_url; /* where to call back, unless a session says otherwise */
	const char *site;        /* scheme://host:port under which browsers find it */
	double success_rate;     /* of payments whose outcome is left to chance; 0 to 1 */
	const char *policy;      /* Content-Security-Policy of its pages */
};

/*
 * Makes it from the settings.
 *
 * ctx		owns it; config and database must live as long
 * database	connection string of the workers' role
 * why		set when NULL is returned: which setting is missing or wrong
 */
struct gateway *gateway_new(TALLOC_CTX *ctx, const struct config *config, const char *database,
                            const char **why);

#endif
