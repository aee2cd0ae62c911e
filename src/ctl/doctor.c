/* rowlockctl doctor: looks at the installation, and says how to mend what is wrong with it. */

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "base/clock.h"
#include "bus/redis.h"
#include "ctl/commands.h"
#include "store/migrate.h"

#define OLDEST_PG     150000 /* as server_version_num spells it */
#define FEWEST_FDS    4096   /* descriptors that a process may have */
#define CLOCK_SLACK_S 5
#define POOL_DEFAULT  20 /* connections that the whole service stays within */

/* What the checks found so far. */
struct doctor {
	struct ctl *c;
	int failed, warned;
};

enum finding { FINE, WARN, FAIL, FINDING__MAX };

/* Prints the line of a check, and counts it. what: 11 characters or less */
static void
tell(struct doctor *d, enum finding f, const char *what, const char *text)
{
	static const char *const marks[FINDING__MAX] = { "ok", "warn", "FAIL" };

	assert(f < FINDING__MAX);
	printf("%-11s %-5s %s\n", what, marks[f], text);
	d->failed += f == FAIL;
	d->warned += f == WARN;
}

/* Whether workers can check tokens; the other settings are checked when they are read. */
static void
check_settings(struct doctor *d)
{
	assert(d->c->config != NULL);
	if (*d->c->config->jwt_secret == '\0')
		tell(d, FAIL, "token key",
		     "JWT_SECRET is not set: make one with `openssl rand -hex 32`");
	else
		tell(d, FINE, "token key", "JWT_SECRET is set");
}

/* Whether an acknowledged booking is on the disk: a faster setting here may sell a seat twice. */
static void
check_durability(struct doctor *d, const struct rows *rows)
{
	const char *fsync = row_text(rows, 0, DOCTOR_SETTINGS_FSYNC),
		   *commit = row_text(rows, 0, DOCTOR_SETTINGS_SYNCHRONOUS_COMMIT);

	if (strcmp(fsync, "on") != 0 || strcmp(commit, "on") != 0)
		tell(d, FAIL, "durability",
		     "fsync and synchronous_commit must be on, or acknowledged bookings can be "
		     "lost: set "
		     "both in postgresql.conf and reload");
	else
		tell(d, FINE, "durability", "fsync and synchronous_commit are on");
}

/* Whether the role of the workers can do no more than it needs: it should own nothing. */
static void
check_role(struct doctor *d, const struct rows *rows)
{
	char text[160];

	if (row_bool(rows, 0, DOCTOR_SETTINGS_SUPERUSER) ||
	    row_i64(rows, 0, DOCTOR_SETTINGS_OWNED_TABLES) > 0) {
		snprintf(
		    text, sizeof(text),
		    "%s is %s: let the workers use a role that owns nothing, and run `rowlockctl "
		    "migrate` with ADMIN_DATABASE_URL",
		    row_text(rows, 0, DOCTOR_SETTINGS_ROLE),
		    row_bool(rows, 0, DOCTOR_SETTINGS_SUPERUSER) ? "a superuser"
								 : "the tables' owner");
		tell(d, WARN, "role", text);
	} else {
		tell(d, FINE, "role", "the workers' role owns nothing");
	}
}

/*
 * Version, role of the server, connections, clock. Windows go by the database's clock alone; a
 * worker whose clock is off refuses good tokens and takes expired ones.
 */
static void
check_server(struct doctor *d, const struct rows *rows)
{
	int64_t off_s = (clock_now_us() - row_us(rows, 0, DOCTOR_SETTINGS_NOW)) / US_PER_S;
	char text[160];

	if (row_i32(rows, 0, DOCTOR_SETTINGS_VERSION) < OLDEST_PG)
		tell(d, FAIL, "postgresql", "version 15 or newer is needed");
	else if (row_bool(rows, 0, DOCTOR_SETTINGS_STANDBY))
		tell(d, FAIL, "postgresql",
		     "this server is a standby: DATABASE_URL must name the primary");
	else
		tell(d, FINE, "postgresql", "a primary of a version that fits");
	if (row_i32(rows, 0, DOCTOR_SETTINGS_MAX_CONNECTIONS) < POOL_DEFAULT + 10)
		tell(d, WARN, "connections",
		     "max_connections is low: raise it to 50 in postgresql.conf");
	else
		tell(d, FINE, "connections", "max_connections is enough");
	if (llabs(off_s) > CLOCK_SLACK_S) {
		snprintf(text, sizeof(text),
		         "this machine and the database differ by %" PRId64 " s: run an NTP client",
		         off_s);
		tell(d, WARN, "clock", text);
	} else {
		tell(d, FINE, "clock", "agrees with the database's");
	}
}

/*
 * Whether the migrations that come with this program are applied, and every statement of it
 * prepares on the schema. known: whether any migration was ever applied
 */
static void
check_schema(struct doctor *d, struct db *db, bool known)
{
	struct migration *files;
	const char *why = "";
	size_t n, missing = 0;

	if (!known) {
		tell(d, FAIL, "schema", "is not there: run `rowlockctl migrate`");
		return;
	}
	if (migrate_read(d->c->ctx, d->c->config->sql_dir, &files, &n, &why) != ERR_OK ||
	    migrate_status(db, d->c->ctx, files, n, &why) != ERR_OK) {
		tell(d, FAIL, "schema", why);
		return;
	}
	for (size_t i = 0; i < n; i++)
		missing += !files[i].applied;
	if (missing > 0)
		tell(d, FAIL, "schema", "is older than this program: run `rowlockctl migrate`");
	else
		tell(d, FINE, "schema", "up to date");
	if (missing == 0) {
		enum err e = db_prepare_all(db, d->c->ctx, &why);

		tell(d, e == ERR_OK ? FINE : FAIL, "statements", e == ERR_OK ? "all prepare" : why);
	}
}

/* All that takes a connection; ends with the first thing without which the rest means nothing. */
static void
check_database(struct doctor *d)
{
	const char *url = config_database(d->c->ctx, d->c->config);
	struct rows *rows;
	struct db *db;
	char text[600];

	if (url == NULL) {
		tell(d, FAIL, "database",
		     "DATABASE_URL is not set: postgresql://USER:PASSWORD@HOST/rowlock");
		return;
	}
	db = db_new(d->c->ctx, url);
	if (db_ready(db) != ERR_OK) {
		snprintf(text, sizeof(text), "no connection: %s", db_trouble(db));
		tell(d, FAIL, "database", text);
		return;
	}
	tell(d, FINE, "database", "answers");
	if (db_query(db, d->c->ctx, (struct call){ .stmt = STMT_DOCTOR_SETTINGS }, &rows) !=
	    ERR_OK) {
		tell(d, FAIL, "database", "its settings cannot be read");
		return;
	}
	check_server(d, rows);
	check_durability(d, rows);
	check_role(d, rows);
	check_schema(d, db, row_bool(rows, 0, DOCTOR_SETTINGS_MIGRATIONS));
}

/* Redis is not needed, so that one which is away is a warning: status is polled then. */
static void
check_redis(struct doctor *d)
{
	const char *url = d->c->config->redis_url;

	if (*url == '\0') {
		tell(d, FINE, "redis", "not configured: status is polled instead");
		return;
	}
	switch (redis_ping(url, 1000)) {
	case ERR_OK:
		tell(d, FINE, "redis", "answers");
		break;
	case ERR_VALIDATION_ERROR:
		tell(d, FAIL, "redis",
		     "REDIS_URL must be redis://[[USER]:PASSWORD@]HOST[:PORT] or unix:/PATH");
		break;
	default:
		tell(d, WARN, "redis",
		     "REDIS_URL does not answer: is it running, is the password right?");
	}
}

/* A stream takes a descriptor, so few of them are few streams. */
static void
check_limits(struct doctor *d)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur < FEWEST_FDS)
		tell(d, WARN, "descriptors",
		     "few files may be open: `ulimit -n 20000`, or LimitNOFILE=");
	else
		tell(d, FINE, "descriptors", "enough files may be open");
}

/* Runs whatever the settings say: it is what one runs when they are wrong. */
int
ctl_doctor(struct ctl *c)
{
	struct doctor d = { .c = c };

	if (c->fault != NULL)
		tell(&d, FAIL, "settings", c->fault);
	else
		tell(&d, FINE, "settings", "readable; see `rowlockctl config`");
	if (c->config == NULL)
		return CTL_FAILED;
	check_settings(&d);
	check_database(&d);
	check_redis(&d);
	check_limits(&d);
	if (d.failed > 0)
		printf("%d to mend, %d to look at\n", d.failed, d.warned);
	return d.failed > 0 ? CTL_FAILED : CTL_OK;
}
