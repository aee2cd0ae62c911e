#ifndef ROWLOCK_BASE_STOP_H
#define ROWLOCK_BASE_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Asking the process to stop: by SIGTERM or SIGINT, or by a thread of its own that cannot go on.
 * Every thread that waits here wakes at once.
 */

/* Takes SIGTERM and SIGINT over, and ignores SIGPIPE. Call once, before threads. */
void stop_watch(void);

/* Sleeps, at most wait_ms (0: not at all); true as soon as the process was asked to stop. */
bool stop_wait(int wait_ms);

/* Asks the whole process to stop, as a signal would; safe from any thread and signal handler. */
void stop_ask(void);

#endif
