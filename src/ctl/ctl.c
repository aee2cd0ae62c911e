/* What the commands of rowlockctl have in common: options, arguments, files, what they say. */

#include "ctl/ctl.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

int
ctl_fail(const char *format, ...)
{
	va_list ap;

	assert(format != NULL);
	fputs("rowlockctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CTL_FAILED;
}

const char *
ctl_database(struct ctl *c)
{
	const char *database = config_database(c->ctx, c->config);

	assert(c->config != NULL);
	if (database == NULL)
		ctl_fail("DATABASE_URL is not set");
	return database;
}

struct pool *
ctl_pool(struct ctl *c)
{
	const char *database = ctl_database(c);

	return database == NULL ? NULL : pool_new(c->ctx, database, 1);
}

/*
 * Takes argument *i, which begins with dashes, as an option of the table; moves *i over its value.
 * False after saying what is wrong.
 */
static bool
take_option(struct ctl *c, const struct ctl_option *table, int *i)
{
	const char *arg = c->argv[*i] + 2, *eq = strchr(arg, '=');
	size_t n = eq == NULL ? strlen(arg) : (size_t)(eq - arg);

	assert(strncmp(c->argv[*i], "--", 2) == 0);
	while (table->name != NULL &&
	       (strlen(table->name) != n || strncmp(table->name, arg, n) != 0))
		table++;
	if (table->name == NULL || (table->flag != NULL && eq != NULL)) {
		ctl_fail("%s: no such option; see rowlockctl --help", c->argv[*i]);
		return false;
	}
	if (table->flag != NULL) {
		*table->flag = true;
		return true;
	}
	if (eq == NULL && *i + 1 >= c->argc) {
		ctl_fail("--%s needs a value", table->name);
		return false;
	}
	*table->value = eq != NULL ? eq + 1 : c->argv[++*i];
	return true;
}

bool
ctl_options(struct ctl *c, const struct ctl_option *table)
{
	int kept = 1;

	assert(c->argc >= 1); /* the name of the command stays where it is */
	for (int i = 1; i < c->argc; i++) {
		if (strncmp(c->argv[i], "--", 2) != 0)
			c->argv[kept++] = c->argv[i];
		else if (!take_option(c, table, &i))
			return false;
	}
	c->argc = kept;
	return true;
}

bool
ctl_number(const char *name, const char *text, long long least, long long most, long long *out)
{
	char *end;

	assert(least <= most);
	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *out >= least && *out <= most)
		return true;
	ctl_fail("%s must be a whole number from %lld to %lld", name, least, most);
	return false;
}

char *
ctl_read(struct ctl *c, const char *path, size_t most, size_t *n)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	/*
	 * One byte more than is taken tells a file that is too large; the NUL goes into its place.
	 */
	char *text = talloc_size(c->ctx, most + 1);
	bool good;

	assert(path != NULL && n != NULL);
	if (f == NULL) {
		ctl_fail("%s: cannot be opened", path);
		return NULL;
	}
	*n = fread(text, 1, most + 1, f);
	good = ferror(f) == 0;
	if (f != stdin)
		fclose(f);
	if (!good || *n > most) {
		ctl_fail(good ? "%s: is larger than %zu bytes" : "%s: cannot be read", path, most);
		return NULL;
	}
	text[*n] = '\0';
	return text;
}
