#ifndef ROWLOCK_CTL_COMMANDS_H
#define ROWLOCK_CTL_COMMANDS_H

#include "ctl/ctl.h"

/* A command of rowlockctl: a line of the table in commands.c. */
struct command {
	const char *name; /* one word, or two */
	int (*run)(struct ctl *c);
	bool needs_config; /* works only with settings that are right */
	const char *args, *help;
};

/*
 * Finds the command that a command line begins with.
 *
 * argc, argv	1 or more words, without the program's name
 * words		set when it is found: how many of them are its name, 1 or 2
 *
 * Returns a constant; NULL: there is no such command.
 */
const struct command *commands_find(int argc, char **argv, int *words);

/* Prints all commands with their help, in the order of the table. */
void commands_list(FILE *out);

/* Prints the help of one command to stdout. */
void commands_help(const struct command *command);

/*
 * Every command of rowlockctl, in the order of its help; the functions of a group are in the file
 * that has its name. Each takes its options and arguments from c, prints what has come of it, and
 * returns the exit status.
 */

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
/* Lists the jobs that ctl_job knows, and what each does. */
void ctl_job_list(FILE *out);

int ctl_dead_letters_list(struct ctl *c);
int ctl_dead_letters_show(struct ctl *c);
int ctl_dead_letters_replay(struct ctl *c);

int ctl_token(struct ctl *c);
int ctl_config(struct ctl *c);
int ctl_doctor(struct ctl *c);
int ctl_audit(struct ctl *c);

#endif
