#ifndef ROWLOCK_BIN_PROGRAM_H
#define ROWLOCK_BIN_PROGRAM_H

#include <stdio.h>

#include "base/config.h"

/* What the programs that run in the background begin and end with. */

#define PROGRAM_MISUSED 2 /* exit status: wrong arguments, or settings that are wrong or missing */

/* Prints how a program is called, and where it is described. */
typedef void (*program_usage)(FILE *out);

/* A program of this process. */
struct program {
	program_usage usage;
	bool needs_tokens; /* it checks tokens: JWT_SECRET must be set */
	/* Set by program_begin and program_load: */
	TALLOC_CTX *ctx; /* what lives as long as the process; freed at an orderly end */
	const struct config *config;
	const char *database; /* the workers', as for db_new */
};

/*
 * Begins a program that takes no arguments: answers --help, and loads the settings.
 *
 * status	set when there is nothing to serve: the exit status, 0 or PROGRAM_MISUSED
 *
 * Returns whether the program is to go on.
 */
bool program_begin(struct program *p, int argc, char **argv, int *status) MUST_CHECK;

/*
 * Loads the settings onto p->ctx, which is made, and sets the log's level. Running out of memory
 * ends the process from then on, and its supervisor starts another.
 *
 * Returns false after logging what is wrong, or which setting is missing.
 */
bool program_load(struct program *p) MUST_CHECK;

/* Prints the usage, to stdout when it was asked for, else to stderr; returns the exit status. */
int program_help(program_usage usage, bool asked);

/*
 * What is wrong with a setting that is more than a number, for people and with its name; NULL:
 * nothing. Sets the log's level.
 */
const char *program_fault(const struct config *config);

/*
 * Ends the process at once although threads of it are still at work: what runs at a usual exit
 * (OpenSSL's, say) would take away from under them what they use.
 */
_Noreturn void program_leave(int status);

#endif
