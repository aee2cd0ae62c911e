#ifndef ROWLOCK_CORE_PLAN_PLAN_STORE_H
#define ROWLOCK_CORE_PLAN_PLAN_STORE_H

#include "store/idempotency.h"
#include "core/plan/plan.h"
#include "store/pool.h"

/* A stored plan: what lists show of it. Strings live on the ctx of whoever read it. */
struct plan_info {
	struct uuid id;
	const char *owner, *name, *checksum;
	int32_t version, sections, rows, seats;
	int64_t created_us;
	const char *document; /* the JSON as it came; only from plan_store_get */
};

/* A page of plans, newest first. */
struct plan_page {
	const char *owner;       /* NULL: everybody's */
	int32_t page, limit;     /* from 1; 1 to 100 */
	struct plan_info *plans; /* out */
	size_t n;                /* out */
	int64_t total;           /* out */
};

/*
 * Reads a document and stores it as a new version of the plan of its name.
 *
 * keyed	or NULL; rendered with out
 *
 * Errors: VALIDATION_ERROR (see faults), UNAVAILABLE; as of idempotency_begin.
 */
enum err plan_store_import(struct pool *pool, TALLOC_CTX *ctx, const char *owner, const char *text,
                           size_t len, struct idempotent *keyed, struct plan_info *out,
                           struct plan_faults *faults) MUST_CHECK;

/* Errors: PLAN_NOT_FOUND, UNAVAILABLE. */
enum err plan_store_get(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        struct plan_info *out) MUST_CHECK;

enum err plan_store_list(struct pool *pool, TALLOC_CTX *ctx, struct plan_page *page) MUST_CHECK;

#endif
