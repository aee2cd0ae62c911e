#ifndef ROWLOCK_PROVIDER_H
#define ROWLOCK_PROVIDER_H

#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "base/ids.h"

/* A payment provider: what it is called, and what it can do. */
struct pay_provider {
	const char *name; /* as stored with a payment */
	/*
	 * Takes an amount at once.
	 *
	 * payment_id	ours; the same id is charged once
	 * amount_minor	in the smallest unit of the currency (ISO 4217)
	 * ref		set: the provider's own reference, on ctx
	 *
	 * Errors: UNAVAILABLE; nothing was taken.
	 */
	enum err (*charge)(TALLOC_CTX *ctx, const struct uuid *payment_id, int64_t amount_minor,
	                   const char *currency, const char **ref);
};

/* The provider for trying things out: takes every amount, from nobody. */
extern const struct pay_provider pay_mock;

#endif
