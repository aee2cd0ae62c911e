#include "core/booking/policy.h"

static const struct policy_key keys[] = {
	{ "maxSeats", 1, POLICY_SEATS_MOST, 0 },
	{ "windowMinutes", 1, 43200, 1 },
	{ "holdMinutes", 1, 1440, 0 },
	{ "maxPending", 1, 1000000, 0 },
};

struct policy
policy_of(const struct config *c)
{
	return (struct policy){ .max_seats = (int32_t)c->max_seats,
		                .window_min = (int32_t)c->window_min,
		                .max_pending = (int32_t)c->max_pending,
		                .hold_min = (int32_t)c->hold_min,
		                .paying_min = (int32_t)c->paying_min };
}

const struct policy_key *
policy_keys(size_t *n)
{
	*n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
