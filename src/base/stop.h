#ifndef ROWLOCK_STOP_H
#define ROWLOCK_STOP_H

#include <stdbool.h>
#include <stdint.h>

/*
 * Being asked to stop: by SIGTERM or SIGINT, or by a thread of our own that cannot go on.
 * Whoever waits here wakes at once, in every thread.
 */

/* Takes SIGTERM and SIGINT over, and ignores SIGPIPE. Call once, before threads. */
void stop_watch(void);

/* Sleeps, at most wait_ms (0: not at all); true as soon as somebody asked. */
bool stop_wait(int wait_ms);

/* Asks the whole process to stop, as a signal would. */
void stop_ask(void);

#endif
