#ifndef ROWLOCK_CTL_CTL_H
#define ROWLOCK_CTL_CTL_H

#include <stdio.h>

#include "base/config.h"
#include "store/pool.h"

/* Exit statuses of rowlockctl: done; it failed; it was called wrongly. */
enum { CTL_OK = 0, CTL_FAILED = 1, CTL_USAGE = 2 };

/* What a command gets. argv[0] is the command's own name. */
struct ctl {
	TALLOC_CTX *ctx;
	const struct config *config; /* NULL: cannot be read; but never where they are needed */
	const char *fault;           /* what is wrong with them; NULL: nothing */
	int argc;
	char **argv;
};

int ctl_migrate(struct ctl *c);
int ctl_plan_import(struct ctl *c);
int ctl_plan_list(struct ctl *c);
int ctl_event_create(struct ctl *c);
int ctl_event_list(struct ctl *c);
int ctl_event_open(struct ctl *c);
int ctl_event_close(struct ctl *c);
int ctl_event_cancel(struct ctl *c);
int ctl_check_in(struct ctl *c);
int ctl_refund_list(struct ctl *c);
int ctl_refund_retry(struct ctl *c);
int ctl_refund_done(struct ctl *c);
int ctl_parked_list(struct ctl *c);
int ctl_parked_settle(struct ctl *c);
int ctl_job(struct ctl *c);
int ctl_dlq_list(struct ctl *c);
int ctl_dlq_show(struct ctl *c);
int ctl_dlq_replay(struct ctl *c);
int ctl_token(struct ctl *c);
int ctl_config(struct ctl *c);
int ctl_doctor(struct ctl *c);
int ctl_audit(struct ctl *c);

/* Lists the jobs that ctl_job knows, and what each does. */
void ctl_job_list(FILE *out);

/* Prints "rowlockctl: …" to stderr and returns CTL_FAILED. */
int ctl_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* The workers' database; NULL after saying that it is not set. */
const char *ctl_database(struct ctl *c);

/* A pool of one connection of the workers' role; NULL after saying what is missing. */
struct pool *ctl_pool(struct ctl *c);

/*
 * Reads --name VALUE and --name=VALUE options into *value, in the order of the table, and
 * leaves the other arguments in argv. False after saying what is wrong.
 */
struct ctl_option {
	const char *name;   /* without dashes; NULL closes the table */
	const char **value; /* NULL for a flag … */
	bool *flag;         /* … which is set here */
};
bool ctl_options(struct ctl *c, const struct ctl_option *table);

/* The whole of a file, or of standard input for "-": n bytes and an end; NULL after saying why. */
char *ctl_read(struct ctl *c, const char *path, size_t most, size_t *n);

/* A whole number from least to most in text; false after saying what is wrong with `name`. */
bool ctl_number(const char *name, const char *text, long long least, long long most,
                long long *out);

#endif
