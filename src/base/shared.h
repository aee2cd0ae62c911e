#ifndef ROWLOCK_SHARED_H
#define ROWLOCK_SHARED_H

#include <stdatomic.h>
#include <stdint.h>

#include "base/err.h"

#define SHARED_CHANGES 4096 /* counters of events; two events may share one */
#define SHARED_SLOTS   16384 /* counters of metrics */

/*
 * Memory that all worker processes of a host see: a mapped file of plain counters. Nobody
 * locks it; a counter is an atomic word. Losing it loses figures, never a seat.
 */
struct shared {
	uint64_t layout; /* guards against a file of another version */
	_Atomic uint64_t change[SHARED_CHANGES];
	_Atomic uint64_t slot[SHARED_SLOTS];
};

/*
 * Maps the file, made when missing (0600), replaced when of another layout. With path ""
 * or when the file cannot be had (logged as a warning) the memory is this process' own.
 * Call once, before threads.
 */
void shared_open(const char *path);

/* The mapping; private memory before shared_open. Never NULL. */
struct shared *shared_get(void);

/*
 * Notes that seats of an event changed: called after COMMIT and before anyone is told, so
 * that whoever heard of a booking finds it in the next seat map on this host.
 */
void shared_event_changed(int32_t event_id);

/* A number that differs after every shared_event_changed of that event. */
uint64_t shared_event_version(int32_t event_id);

#endif
