/* Settings: one table (config.def), read from the environment and one file at the start. */
#include "base/config.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define JWT_SECRET_LEAST 32
#define LINE_ROOM        4096 /* bytes of a line of the file, with its end */

extern char **environ;

/* One line of config.def. */
struct key {
	const char *name;
	const char *unit, *help;
	bool is_int, secret;
	int64_t least, most, def_int;
	const char *def_str;
	size_t at; /* offset of its field in struct config */
};

static const struct key keys[] = {
#define CONF_INT(field, key, unit, least, most, def, help)                                         \
	{ key, unit, help, true, false, least, most, def, NULL, offsetof(struct config, field) },
#define CONF_STR(field, key, def, secret, help)                                                    \
	{ key, "", help, false, secret, 0, 0, 0, def, offsetof(struct config, field) },
#include "base/config.def"
#undef CONF_INT
#undef CONF_STR
};
#define N_KEYS (sizeof(keys) / sizeof(keys[0]))

/* ROWLOCK_ names of ./stack and its tests: a program does not refuse them. */
static const char *const foreign[] = {
	CONFIG_FILE_KEY,
	"ROWLOCK_URL",
	"ROWLOCK_DIR",
	"ROWLOCK_WORKERS",
	"ROWLOCK_PG_BIN",
	"ROWLOCK_PG_DATA",
	"ROWLOCK_SPAWN_PID",
	"ROWLOCK_LOAD_LATENCY",
	"ROWLOCK_LOAD_ROUNDS",
	"ROWLOCK_LOAD_SEATS",
	"ROWLOCK_RELAY_PID",
	"ROWLOCK_RESERVE_PID",
	"ROWLOCK_SSE_PID",
	"ROWLOCK_KAFKA",
	"ROWLOCK_KAFKA_PID",
	"ROWLOCK_MESSAGES_KILLS",
	"ROWLOCK_MESSAGES_COPIES",
	"ROWLOCK_MESSAGES_BRIEF",
	"ROWLOCK_MESSAGES_BOOKINGS",
	"ROWLOCK_MESSAGES_AWAY_S",
	"ROWLOCK_RACES",
	"ROWLOCK_FAULT_SEATS",
	"ROWLOCK_FAULT_SECONDS",
	"ROWLOCK_LOAD_SEED",
	"ROWLOCK_LOAD_AUDITS",
	"ROWLOCK_TEST_SRCDIR",
};

/* Where each value came from, for config_print; written once, by config_load. */
static const char *origin[N_KEYS];

/* The key of a name of len bytes; NULL: unknown. */
static const struct key *
find_key(const char *name, size_t len)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		if (strlen(keys[i].name) == len && memcmp(keys[i].name, name, len) == 0)
			return &keys[i];
	}
	return NULL;
}

static bool
is_foreign(const char *name, size_t len)
{
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		if (strlen(foreign[i]) == len && memcmp(foreign[i], name, len) == 0)
			return true;
	}
	return false;
}

/* A text or a number of a struct config. */
static const char **
text_at(struct config *c, const struct key *k)
{
	assert(!k->is_int && k->at + sizeof(char *) <= sizeof(*c));
	return (const char **)((char *)c + k->at);
}

static int64_t *
number_at(struct config *c, const struct key *k)
{
	assert(k->is_int && k->at + sizeof(int64_t) <= sizeof(*c));
	return (int64_t *)((char *)c + k->at);
}

/* Takes a value as it was written; `from` says where, for people. */
static enum err
set_value(TALLOC_CTX *ctx, struct config *c, const struct key *k, const char *value,
          const char *from, const char **why)
{
	char *end;
	long long n;

	origin[k - keys] = from;
	if (!k->is_int) {
		*text_at(c, k) = talloc_strdup(ctx, value);
		return ERR_OK;
	}
	errno = 0;
	n = strtoll(value, &end, 10);
	if (errno != 0 || end == value || *end != '\0' || n < k->least || n > k->most) {
		*why = talloc_asprintf(ctx, "%s (%s): must be a whole number from %lld to %lld%s%s",
		                       k->name, from, (long long)k->least, (long long)k->most,
		                       *k->unit ? " " : "", k->unit);
		return ERR_VALIDATION_ERROR;
	}
	*number_at(c, k) = n;
	return ERR_OK;
}

static void
set_defaults(struct config *c)
{
	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];

		origin[i] = "default";
		if (k->is_int)
			*number_at(c, k) = k->def_int;
		else
			*text_at(c, k) = k->def_str;
	}
}

/* Cuts white space off both ends, and one pair of quotes. */
static char *
trim(char *s)
{
	size_t n;

	while (isspace((unsigned char)*s))
		s++;
	n = strlen(s);
	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	if (n >= 2 && (*s == '"' || *s == '\'') && s[n - 1] == *s) {
		s++;
		n -= 2;
	}
	s[n] = '\0';
	return s;
}

/* Refuses a line. Of its text only the name of a key is shown: the rest may be a secret. */
static enum err
refuse_line(TALLOC_CTX *ctx, const char *path, int number, const char *text, const char **why)
{
	size_t n = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");

	if (n > 0 && text[n] == '=')
		*why = talloc_asprintf(ctx, "%s:%d: unknown key %.*s", path, number, (int)n, text);
	else
		*why = talloc_asprintf(ctx, "%s:%d: not a KEY=value line", path, number);
	return ERR_VALIDATION_ERROR;
}

/* One line of the file: KEY=value, a comment, or nothing. */
static enum err
read_line(TALLOC_CTX *ctx, struct config *c, char *line, const char *path, int number,
          const char **why)
{
	char *text = trim(line), *eq = strchr(text, '=');
	const struct key *k;

	if (*text == '\0' || *text == '#' || *text == ';')
		return ERR_OK;
	k = eq == NULL ? NULL : find_key(text, (size_t)(eq - text));
	if (k == NULL)
		return refuse_line(ctx, path, number, text, why);
	return set_value(ctx, c, k, trim(eq + 1), path, why);
}

static enum err
read_lines(TALLOC_CTX *ctx, struct config *c, FILE *f, const char *path, const char **why)
{
	char line[LINE_ROOM];
	enum err e = ERR_OK;

	for (int number = 1; e == ERR_OK && fgets(line, sizeof(line), f) != NULL; number++) {
		if (strchr(line, '\n') == NULL && !feof(f)) { /* its rest would pass for a line */
			*why = talloc_asprintf(ctx, "%s:%d: longer than %d bytes", path, number,
			                       LINE_ROOM - 2);
			return ERR_VALIDATION_ERROR;
		}
		e = read_line(ctx, c, line, path, number, why);
	}
	if (e == ERR_OK && ferror(f)) {
		*why = talloc_asprintf(ctx, "%s: %s", path, strerror(errno));
		e = ERR_VALIDATION_ERROR;
	}
	return e;
}

static enum err
read_file(TALLOC_CTX *ctx, struct config *c, const char *path, bool must_exist, const char **why)
{
	FILE *f = fopen(path, "re");
	enum err e;

	if (f == NULL) {
		if (!must_exist && errno == ENOENT)
			return ERR_OK;
		*why = talloc_asprintf(ctx, "%s: %s", path, strerror(errno));
		return ERR_VALIDATION_ERROR;
	}
	e = read_lines(ctx, c, f, path, why);
	fclose(f);
	return e;
}

/* Every variable that is one of our keys; other names that begin like ours are mistakes. */
static enum err
read_environment(TALLOC_CTX *ctx, struct config *c, const char **why)
{
	for (char **e = environ; *e != NULL; e++) {
		const char *eq = strchr(*e, '=');
		size_t len = eq == NULL ? strlen(*e) : (size_t)(eq - *e);
		const struct key *k = find_key(*e, len);
		enum err err;

		if (k != NULL && eq != NULL) {
			if ((err = set_value(ctx, c, k, eq + 1, "environment", why)) != ERR_OK)
				return err;
		} else if (strncmp(*e, "ROWLOCK_", 8) == 0 && !is_foreign(*e, len)) {
			*why = talloc_asprintf(ctx, "%.*s: unknown setting in the environment",
			                       (int)len, *e);
			return ERR_VALIDATION_ERROR;
		}
	}
	return ERR_OK;
}

enum err
config_load(TALLOC_CTX *ctx, const struct config **out, const char **why)
{
	const char *named = getenv(CONFIG_FILE_KEY);
	struct config *c = talloc_zero(ctx, struct config);
	enum err e;

	assert(out != NULL && why != NULL);
	set_defaults(c);
	e = read_file(ctx, c, named != NULL ? named : ROWLOCK_DEFAULT_CONFIG, named != NULL, why);
	if (e == ERR_OK)
		e = read_environment(ctx, c, why);
	if (e != ERR_OK)
		return e;
	if (*c->jwt_secret != '\0' && strlen(c->jwt_secret) < JWT_SECRET_LEAST) {
		*why = "JWT_SECRET: must be 32 bytes or more (try: openssl rand -hex 32)";
		return ERR_VALIDATION_ERROR;
	}
	*out = c;
	return ERR_OK;
}

/* One key='value' pair of a libpq connection string; empty values are left out. */
static char *
append_pair(char *conn, const char *key, const char *value)
{
	if (*value == '\0')
		return conn;
	conn = talloc_asprintf_append(conn, "%s='", key);
	for (; *value != '\0'; value++)
		conn = talloc_asprintf_append(conn, "%s%c",
		                              *value == '\'' || *value == '\\' ? "\\" : "", *value);
	return talloc_asprintf_append(conn, "' ");
}

const char *
config_database(TALLOC_CTX *ctx, const struct config *c)
{
	char *conn;

	if (*c->database_url != '\0')
		return c->database_url;
	if (*c->database_host == '\0')
		return NULL;
	conn = talloc_strdup(ctx, "");
	conn = append_pair(conn, "host", c->database_host);
	conn = talloc_asprintf_append(conn, "port=%lld ", (long long)c->database_port);
	conn = append_pair(conn, "dbname", c->database_name);
	conn = append_pair(conn, "user", c->database_user);
	return append_pair(conn, "password", c->database_password);
}

void
config_print(const struct config *c, FILE *out)
{
	struct config copy = *c;

	for (size_t i = 0; i < N_KEYS; i++) {
		const struct key *k = &keys[i];
		const char *s = k->is_int ? "" : *text_at(&copy, k);

		fprintf(out, "# %s%s%s%s\n", k->help, *k->unit ? " [" : "", k->unit,
		        *k->unit ? "]" : "");
		if (k->is_int)
			fprintf(out, "%s=%lld", k->name, (long long)*number_at(&copy, k));
		else
			fprintf(out, "%s=%s", k->name, k->secret && *s != '\0' ? "***" : s);
		fprintf(out, "  (%s)\n", origin[i]);
	}
}
