/* rowlockctl migrate: brings the database's schema up to date. */

#include <assert.h>
#include <string.h>

#include "ctl/commands.h"
#include "store/migrate.h"

/* Called for each file when it has been applied. */
static void
report(const struct migration *m)
{
	printf("applied %s\n", m->name);
}

/* Lists the files, and which of them are applied; changes nothing. */
static int
print_status(struct ctl *c, struct db *db, struct migration *files, size_t n)
{
	const char *why = "";
	struct rows *rows;

	if (db_query(db, c->ctx, (struct call){ .stmt = STMT_HAS_MIGRATIONS }, &rows) != ERR_OK)
		return ctl_fail("the database cannot be read");
	if (row_bool(rows, 0, HAS_MIGRATIONS_YES) &&
	    migrate_status(db, c->ctx, files, n, &why) != ERR_OK)
		return ctl_fail("%s", why);
	for (size_t i = 0; i < n; i++)
		printf("%-8s %s\n", files[i].applied ? "applied" : "missing", files[i].name);
	return CTL_OK;
}

/*
 * The role that is granted what workers need: the one that is named, else that of DATABASE_URL;
 * NULL when it is the owner's own, which needs no grant.
 */
static const char *
worker_role(struct ctl *c, const char *named)
{
	const char *owner, *worker;

	if (named != NULL)
		return named;
	owner = db_user(c->ctx, c->config->admin_database_url);
	worker = config_database(c->ctx, c->config) == NULL
	             ? NULL
	             : db_user(c->ctx, config_database(c->ctx, c->config));
	return owner != NULL && worker != NULL && strcmp(owner, worker) != 0 ? worker : NULL;
}

/*
 * Migrations run as the owner of the tables, ADMIN_DATABASE_URL. Where that is not set, the
 * workers' role owns the tables, which is good enough to try Rowlock out; the doctor warns of it.
 */
int
ctl_migrate(struct ctl *c)
{
	const char *dir = c->config->sql_dir, *role = NULL, *why = "";
	const char *url = *c->config->admin_database_url != '\0'
	                      ? c->config->admin_database_url
	                      : config_database(c->ctx, c->config);
	bool status = false;
	const struct ctl_option options[] = {
		{ "dir", &dir, NULL }, { "worker", &role, NULL }, { "status", NULL, &status }, { 0 }
	};
	struct migration *files;
	struct db *db;
	size_t n;
	enum err e;

	assert(c->config != NULL);
	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (url == NULL)
		return ctl_fail("ADMIN_DATABASE_URL (or DATABASE_URL) is not set");
	if (migrate_read(c->ctx, dir, &files, &n, &why) != ERR_OK)
		return ctl_fail("%s", why);
	db = db_new(c->ctx, url);
	if (db_ready(db) != ERR_OK)
		return ctl_fail("no connection to the database: %s", db_trouble(db));
	if (status)
		return print_status(c, db, files, n);
	e = migrate_run(db, c->ctx, files, n, worker_role(c, role), report, &why);
	if (e != ERR_OK)
		return ctl_fail("%s", why);
	printf("the schema is up to date (%zu migrations)\n", n);
	return CTL_OK;
}
