#ifndef ROWLOCK_PROGRAM_H
#define ROWLOCK_PROGRAM_H

#include "base/config.h"

#define PROGRAM_MISUSED 2 /* exit status: wrong arguments, or settings that are wrong or missing */

/*
 * What every program that runs in the background begins with: reads the settings onto ctx and
 * sets the log's level; running out of memory ends the process from then on, and its
 * supervisor starts another. NULL after logging what is wrong with the settings.
 */
const struct config *program_settings(TALLOC_CTX *ctx);

/*
 * What is wrong with a setting that is more than a number, for people and with its name; NULL:
 * nothing. Sets the log's level.
 */
const char *program_fault(const struct config *config);

/* The workers' database; NULL after logging that the setting is missing, or JWT_SECRET if needed. */
const char *program_database(TALLOC_CTX *ctx, const struct config *config, bool needs_tokens);

/*
 * Ends the process at once although threads of it are still at work: what runs at a usual exit (OpenSSL's,
 * say) would take away from under them what they use. Does not return.
 */
_Noreturn void program_leave(int status);

#endif
