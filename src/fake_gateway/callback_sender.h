#ifndef ROWLOCK_FAKE_GATEWAY_CALLBACK_SENDER_H
#define ROWLOCK_FAKE_GATEWAY_CALLBACK_SENDER_H

#include <stdbool.h>

struct gateway;

/*
 * The thread that calls back whatever is due, and lets sessions expire. Any number of processes
 * may have one: they share the work.
 */

/* Starts it; false when there is no thread to be had. It runs until stop_wait says so. */
bool callback_sender_begin(struct gateway *g);

/* Waits until it has ended, after stop_ask; false: it is not waited for any longer. */
bool callback_sender_end(void);

#endif
