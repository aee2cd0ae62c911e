#ifndef ROWLOCK_CORE_EVENT_EVENT_CREATE_H
#define ROWLOCK_CORE_EVENT_EVENT_CREATE_H

#include "core/event/event.h"
#include "store/idempotency.h"

/* What an event is made of. */
struct event_draft {
	const char *seller, *seller_name; /* the name may be NULL */
	const char *title, *venue_name, *timezone, *currency;
	const char *policy, *metadata; /* JSON objects, checked by the caller */
	struct uuid plan_id;
	int64_t starts_us;
	struct event_price *prices; /* by category or section name */
	size_t n_prices;
	struct event_tier *tiers; /* likewise */
	size_t n_tiers;
};

struct event_price {
	const char *name;
	double amount; /* in major units, as it was sent */
};

struct event_tier {
	const char *name, *tier;
};

/*
 * Makes an event in draft from a plan, with all its seats, in one transaction.
 *
 * idempotent	or NULL; its answer is rendered from out
 * out		set, on ctx
 * field, why	set when a member of the draft is at fault (VALIDATION_ERROR): its name, and what
 *		is wrong with it, on ctx; else NULL
 *
 * Errors: PLAN_NOT_FOUND, VALIDATION_ERROR (a price is missing or finer than the currency's
 * smallest unit, no such time zone), UNAVAILABLE; as of idempotency_begin. Rules.
 */
enum err event_create(struct pool *pool, TALLOC_CTX *ctx, const struct event_draft *draft,
                      struct idempotent *idempotent, struct event *out, const char **field,
                      const char **why) MUST_CHECK;

#endif
