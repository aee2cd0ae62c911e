#ifndef ROWLOCK_CTL_CTL_H
#define ROWLOCK_CTL_CTL_H

#include <stdio.h>

#include "base/config.h"
#include "store/pool.h"

/*
 * What the commands of rowlockctl have in common. Everything they need hangs on the command's ctx.
 */

/* Exit statuses of rowlockctl: done; it failed; it was called wrongly. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

/* One run of a command. */
struct ctl {
	TALLOC_CTX *ctx;             /* ends with the command */
	const struct config *config; /* NULL: cannot be read; only the doctor is run then */
	const char *fault;           /* what is wrong with the settings, for people; or NULL */
	int argc;
	char **argv; /* [0] is the last word of the command's name; ctl_options takes options out */
};

/* An option of a command; a table of them is closed by { 0 }. */
struct ctl_option {
	const char *name;   /* without dashes */
	const char **value; /* set to the value, if it is given; NULL: it takes none … */
	bool *flag;         /* … and this is set to true */
};

/*
 * Prints "rowlockctl: ", the text and a line end to stderr. Returns CTL_FAILED, so that a command
 * can end with it.
 */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Takes the options --name VALUE and --name=VALUE out of argv, wherever they stand; what is left
 * are the arguments, from argv[1] on.
 *
 * Returns false after saying what is wrong: an unknown option, or one without its value.
 */
bool ctl_options(struct ctl *c, const struct ctl_option *table);

/*
 * Reads a whole decimal number.
 *
 * name		of the option or argument, for the message
 * least, most	the range; *out is set in any case
 *
 * Returns false after saying what is wrong.
 */
bool ctl_number(const char *name, const char *text, long long least, long long most,
                long long *out);

/*
 * Reads the whole of a file, or of standard input for "-".
 *
 * most	bytes that are taken at the most
 * n	set to the length; a NUL stands behind it
 *
 * Returns the text on the command's ctx, or NULL after saying why not.
 */
char *ctl_read(struct ctl *c, const char *path, size_t most, size_t *n);

/* The workers' database, as for db_new; NULL after saying that it is not set. */
const char *ctl_database(struct ctl *c);

/* A pool of one connection of the workers' role; NULL after saying that no database is set. */
struct pool *ctl_pool(struct ctl *c);

#endif
