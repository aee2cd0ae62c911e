#ifndef ROWLOCK_POLICY_H
#define ROWLOCK_POLICY_H

#include <stddef.h>
#include <stdint.h>

/*
 * What an event's own policy may say (domain.md, Limits and windows), and between which
 * bounds. The clerk reads these members out of the column `policy`.
 */
struct policy_key {
	const char *name;
	int32_t least, most;
	int nullable; /* null means: none */
};

/* The table of them; n is set to its length. refundTiers has a shape of its own. */
const struct policy_key *policy_keys(size_t *n);

#endif
