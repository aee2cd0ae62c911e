/*
 * Migrations: the files of a folder, which of them the database has, and applying the others. One
 * file is one transaction, and one connection migrates at a time.
 */
#include "store/migrate.h"

#include <assert.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/digest.h"
#include "store/param.h"

/* The table of migrations itself, which none of them makes. It is made under their lock as well. */
static const char bootstrap[] = "CREATE TABLE IF NOT EXISTS schema_migration ("
				" no int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,"
				" applied_at timestamptz NOT NULL DEFAULT now())";

/* A file's text, on ctx; NULL when it cannot be opened. */
static char *
read_whole(TALLOC_CTX *ctx, const char *path)
{
	FILE *f = fopen(path, "re");
	char *text = talloc_strdup(ctx, ""), buffer[4096];
	size_t n;

	if (f == NULL)
		return NULL;
	while ((n = fread(buffer, 1, sizeof(buffer), f)) > 0)
		text = talloc_strndup_append_buffer(text, buffer, n);
	fclose(f);
	return text;
}

/* Whether a file is called NNNN_name.sql; for scandir. */
static int
is_migration(const struct dirent *entry)
{
	const char *s = entry->d_name;
	size_t n = strlen(s);

	return n > 9 && strspn(s, "0123456789") == 4 && s[4] == '_' &&
	       strcmp(s + n - 4, ".sql") == 0;
}

enum err
migrate_read(TALLOC_CTX *ctx, const char *dir, struct migration **out, size_t *n, const char **why)
{
	struct dirent **entries;
	int found = scandir(dir, &entries, is_migration, alphasort);
	enum err e = ERR_OK;

	if (found <= 0) {
		*why = talloc_asprintf(ctx, "%s: %s", dir,
		                       found < 0 ? strerror(errno) : "no migrations");
		return ERR_VALIDATION_ERROR;
	}
	*out = talloc_zero_array(ctx, struct migration, (unsigned)found);
	*n = (size_t)found;
	for (int i = 0; i < found; i++) {
		struct migration *m = &(*out)[i];

		m->no = atoi(entries[i]->d_name);
		m->name = talloc_strdup(ctx, entries[i]->d_name);
		m->path = talloc_asprintf(ctx, "%s/%s", dir, m->name);
		m->sql = read_whole(ctx, m->path);
		free(entries[i]);
		if (e == ERR_OK && (m->no != i + 1 || m->sql == NULL)) {
			*why = talloc_asprintf(ctx, "%s: %s", m->path,
			                       m->sql == NULL ? "cannot be read"
			                                      : "its number does not follow");
			e = ERR_VALIDATION_ERROR;
		}
		if (m->sql != NULL)
			digest_sha256(m->sql, strlen(m->sql), m->checksum);
	}
	free(entries);
	return e;
}

enum err
migrate_status(struct db *db, TALLOC_CTX *ctx, struct migration *files, size_t n, const char **why)
{
	struct rows *rows;
	enum err e;

	assert(files != NULL || n == 0);
	if ((e = db_query(db, ctx, (struct call){ .stmt = STMT_MIGRATIONS }, &rows)) != ERR_OK) {
		*why = "the list of applied migrations cannot be read";
		return e;
	}
	for (int r = 0; r < rows_count(rows); r++) {
		int32_t no = row_i32(rows, r, MIGRATIONS_NO);

		if (no < 1 || (size_t)no > n) {
			*why = talloc_asprintf(
			    ctx,
			    "migration %d was applied, but its file is not here: is this "
			    "an older version of Rowlock?",
			    no);
			return ERR_VALIDATION_ERROR;
		}
		if (strcmp(files[no - 1].checksum, row_text(rows, r, MIGRATIONS_CHECKSUM)) != 0) {
			*why = talloc_asprintf(ctx, "%s was edited after it had been applied",
			                       files[no - 1].path);
			return ERR_VALIDATION_ERROR;
		}
		files[no - 1].applied = true;
	}
	return ERR_OK;
}

/* Applies one file and writes its mark, in the open transaction, which holds the lock. */
static enum err
apply(struct db *db, TALLOC_CTX *ctx, struct migration *m, const char **why)
{
	const struct call mark = { STMT_INSERT_MIGRATION,
		                   { param_int(ctx, m->no), m->name, m->checksum } };
	enum err e;

	assert(db_in_transaction(db) && m->sql != NULL && !m->applied);
	e = db_script(db, ctx, m->sql, why);
	if (e == ERR_OK)
		e = db_query(db, ctx, mark, NULL);
	if (e != ERR_OK && *why == NULL)
		*why = "its mark could not be written";
	if (e != ERR_OK)
		*why = talloc_asprintf(ctx, "%s: %s", m->path, *why);
	return e;
}

/* Begins a transaction, and waits until no other connection migrates. */
static enum err
begin(struct db *db, TALLOC_CTX *ctx, const char **why)
{
	const struct call lock[] = { { .stmt = STMT_BEGIN },
		                     { .stmt = STMT_MIGRATE_PATIENCE },
		                     { .stmt = STMT_MIGRATE_LOCK },
		                     { .stmt = STMT_MIGRATE_CARE } };
	enum err e;

	assert(!db_in_transaction(db));
	e = db_exchange(db, ctx, lock, sizeof(lock) / sizeof(lock[0]), NULL);
	if (e != ERR_OK)
		*why = "the migration lock was not to be had";
	return e;
}

/* One step under the lock: the next missing file, if there is one. */
static enum err
step(struct db *db, TALLOC_CTX *ctx, struct migration *files, size_t n, struct migration **done,
     const char **why)
{
	enum err e;

	*done = NULL;
	if ((e = begin(db, ctx, why)) != ERR_OK)
		return e;
	if ((e = db_script(db, ctx, bootstrap, why)) != ERR_OK)
		return e;
	if ((e = migrate_status(db, ctx, files, n, why)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n && *done == NULL && e == ERR_OK; i++) {
		if (files[i].applied)
			continue;
		*done = &files[i];
		e = apply(db, ctx, &files[i], why);
	}
	if (e == ERR_OK &&
	    (e = db_query(db, ctx, (struct call){ .stmt = STMT_COMMIT }, NULL)) != ERR_OK)
		*why = "COMMIT failed";
	return e;
}

/* Grants under the lock as well: two that grant at once would fail over one catalogue row. */
static enum err
grant(struct db *db, TALLOC_CTX *ctx, const char *worker, const char **why)
{
	const struct call calls[] = { { STMT_GRANT_WORKER, { worker } }, { .stmt = STMT_COMMIT } };
	enum err e;

	if ((e = begin(db, ctx, why)) != ERR_OK)
		return e;
	e = db_exchange(db, ctx, calls, 2, NULL);
	if (e != ERR_OK)
		*why = talloc_asprintf(ctx, "role %s could not be given its rights", worker);
	db_rollback(db);
	return e;
}

enum err
migrate_run(struct db *db, TALLOC_CTX *ctx, struct migration *files, size_t n, const char *worker,
            void (*report)(const struct migration *), const char **why)
{
	struct migration *done;
	enum err e;

	assert(files != NULL && n > 0);
	*why = NULL;
	do {
		e = step(db, ctx, files, n, &done, why);
		db_rollback(db);
		if (e != ERR_OK)
			return e;
		if (done != NULL && report != NULL)
			report(done);
	} while (done != NULL);
	return worker == NULL ? ERR_OK : grant(db, ctx, worker, why);
}
