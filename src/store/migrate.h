#ifndef ROWLOCK_STORE_MIGRATE_H
#define ROWLOCK_STORE_MIGRATE_H

#include "base/digest.h"
#include "store/db.h"

/* A migration file, NNNN_name.sql, and what the database knows of it. */
struct migration {
	int32_t no;
	const char *name, *path;
	char *sql;
	char checksum[DIGEST_TEXT]; /* SHA-256 of the file, hex */
	bool applied;
};

/*
 * Reads the migrations of a folder, in order.
 *
 * out, n	set, on ctx
 * why	set on failure, on ctx: no such folder, two files of one number, a hole in the numbers
 *
 * Errors: VALIDATION_ERROR.
 */
enum err migrate_read(TALLOC_CTX *ctx, const char *dir, struct migration **out, size_t *n,
                      const char **why) MUST_CHECK;

/*
 * Compares the files with what has been applied, under a lock that one connection holds at a
 * time; applies the missing ones, each in its own transaction; gives the worker role what
 * it needs.
 *
 * worker	a role's name, or NULL: no role is granted anything
 * report	called after each applied file; may be NULL
 *
 * Errors: VALIDATION_ERROR (an applied file was edited, or is missing), INTERNAL (a file
 * failed: nothing of it stays), UNAVAILABLE; why says which, on ctx.
 */
enum err migrate_run(struct db *db, TALLOC_CTX *ctx, struct migration *files, size_t n,
                     const char *worker, void (*report)(const struct migration *),
                     const char **why) MUST_CHECK;

/* Only looks: sets `applied`. Errors as of migrate_run. */
enum err migrate_status(struct db *db, TALLOC_CTX *ctx, struct migration *files, size_t n,
                        const char **why) MUST_CHECK;

#endif
