#ifndef ROWLOCK_API_APP_H
#define ROWLOCK_API_APP_H

#include "auth/token.h"
#include "base/config.h"

/*
 * What all requests of a process share: built once by its main(), and read-only or guarded by
 * itself from then on. The handles are opaque here, so that api/request needs no header of core/;
 * a handler includes the header of what it uses.
 */
struct app {
	const struct config *config;
	struct token_rules tokens;            /* how a bearer token is checked */
	struct pool *pool;                    /* connections for all but the clerk and the lookup */
	struct inventory_cache *inventories;  /* what is known of the seats of events in demand */
	struct clerk *clerk;                  /* books and holds seats */
	struct lookup *lookup;                /* reads single bookings */
	const struct policy *policy;          /* what holds where an event says nothing */
	const struct checkout *checkout;      /* opens payment sessions */
	const struct pay_provider *immediate; /* confirms a payment at once, for /api/booking */
	struct seat_map_cache *maps;          /* rendered seat maps */
};

#endif
