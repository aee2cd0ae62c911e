#include "core/policy.h"

#include "core/ask.h"

static const struct policy_key keys[] = {
	{ "maxSeats", 1, ASK_MAX_SEATS, 0 },
	{ "windowMinutes", 1, 43200, 1 },
	{ "holdMinutes", 1, 1440, 0 },
	{ "maxPending", 1, 1000000, 0 },
};

const struct policy_key *
policy_keys(size_t *n)
{
	*n = sizeof(keys) / sizeof(keys[0]);
	return keys;
}
