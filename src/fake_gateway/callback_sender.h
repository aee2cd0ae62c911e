#ifndef ROWLOCK_FAKE_GATEWAY_CALLBACK_SENDER_H
#define ROWLOCK_FAKE_GATEWAY_CALLBACK_SENDER_H

#include <stdbool.h>

struct gateway;

/*
 * The thread that sends the call-backs that are due, and lets sessions expire whose time has
 * passed. Any number of processes may have one: they share the work by row locks.
 */

/* Starts it, once; false, and logged, when there is no thread. It runs until stop_wait says so. */
bool callback_sender_begin(struct gateway *g);

/* Waits up to 6 s until it has ended, after stop_ask; false: it may still run. */
bool callback_sender_end(void);

#endif
