#ifndef ROWLOCK_BASE_LOG_H
#define ROWLOCK_BASE_LOG_H

#include <stdint.h>

/* Levels, those of which most is logged last; the names are those of ROWLOCK_LOG_LEVEL. */
enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG, LOG__MAX };

/* Sets the level by name ("error", "warn", "info", "debug"); 0, or -1 for no such name. */
int log_set_level(const char *name);

/*
 * Writes one logfmt line to stderr with a single write(2): ts, level, msg, then the pairs.
 *
 * msg	what happened, a constant
 * ...	name and value strings in turn, closed by NULL; a NULL value is left out. Values are
 *	quoted and escaped where needed, so that no text can forge a line.
 *
 * Safe from any thread. Never give it a token, a secret or a body.
 */
void log_line(enum log_level level, const char *msg, ...) __attribute__((sentinel));

/* A number as a string for log_line; valid until the 8th next call in this thread. */
const char *log_int(int64_t n);

#endif
