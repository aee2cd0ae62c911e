#ifndef ROWLOCK_CORE_PLAN_PLAN_STORE_H
#define ROWLOCK_CORE_PLAN_PLAN_STORE_H

#include "store/idempotency.h"
#include "core/plan/plan.h"
#include "store/pool.h"

/* A stored plan: what lists show of it. Its texts are on the ctx of the call that set it. */
struct plan_info {
	struct uuid id;                      /* of no event: 0 in its last 32 bits */
	const char *owner, *name, *checksum; /* checksum: SHA-256 of the document, hex */
	int32_t version, sections, rows, seats;
	int64_t created_us;
	const char *document; /* the JSON as it came; only from plan_store_get */
};

/* A page of plans, newest first. */
struct plan_page {
	const char *owner;       /* NULL: of all owners */
	int32_t page, limit;     /* from 1; 1 to 100 */
	struct plan_info *plans; /* out */
	size_t n;                /* out */
	int64_t total;           /* out */
};

/*
 * Reads a document and stores it as the next version of the plan of its name. Imports of one name
 * of one owner go one after another; a COMMIT whose answer was lost is found out about.
 *
 * owner	the seller's sub
 * text, len	the document as it came; stored byte for byte
 * idempotent	or NULL; rendered with out
 * out		set on ERR_OK, without the document
 * faults	set on VALIDATION_ERROR, as of plan_read
 *
 * Errors: VALIDATION_ERROR, UNAVAILABLE; as of idempotency_begin; DB_UNKNOWN when no connection is
 * to be had to find out.
 */
enum err plan_store_import(struct pool *pool, TALLOC_CTX *ctx, const char *owner, const char *text,
                           size_t len, struct idempotent *idempotent, struct plan_info *out,
                           struct plan_faults *faults) MUST_CHECK;

/* A plan with its document, by its id. Errors: PLAN_NOT_FOUND, UNAVAILABLE. */
enum err plan_store_get(struct pool *pool, TALLOC_CTX *ctx, const struct uuid *id,
                        struct plan_info *out) MUST_CHECK;

/* The page that `page` asks for, which may be empty; set in it. Errors: UNAVAILABLE. */
enum err plan_store_list(struct pool *pool, TALLOC_CTX *ctx, struct plan_page *page) MUST_CHECK;

#endif
