#ifndef ROWLOCK_BASE_SHARED_H
#define ROWLOCK_BASE_SHARED_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

#define SHARED_CHANGES 4096  /* counters of events; two events may share one */
#define SHARED_SLOTS   16384 /* counters of metrics */

#define SHARED_LOCKS  64
#define SHARED_FOLDER 1024 /* bytes of the name of the folder of maps, with its end */

/*
 * Memory that all worker processes of a host see: a mapped file of counters, without a lock
 * on the way of a request. Losing it loses figures, never a seat.
 */
struct shared {
	_Atomic uint64_t layout; /* guards against a file of another version */
	_Atomic uint64_t change[SHARED_CHANGES];
	_Atomic int32_t published[SHARED_CHANGES]; /* the event whose map lies in a file, or 0 */
	pthread_mutex_t lock[SHARED_LOCKS];        /* robust; guards publishing and taking back */
	/* Where published maps lie; read under a lock, written under all. */
	char maps[SHARED_FOLDER];
	_Atomic uint64_t slot[SHARED_SLOTS];
};

/*
 * Maps the file, made when missing (0600), replaced when of another layout. With path ""
 * or when the file cannot be had (logged as a warning) the memory is this process' own.
 * Call once, before threads.
 *
 * maps	the folder of published seat maps, shorter than SHARED_FOLDER; kept as it is. "": this
 *	process publishes none, but takes those of others back, wherever they lie.
 */
void shared_open(const char *path, const char *maps);

/*
 * The same for a program that runs for a moment: maps the memory of the workers of this host, if
 * there is one of this layout, and makes and replaces none. Call once, before threads.
 */
void shared_join(const char *path);

/* The mapping; private memory before shared_open. Never NULL. */
struct shared *shared_get(void);

/*
 * Notes that seats of an event changed, and takes a published map of it back. Called after COMMIT
 * and before the request is answered, so that a client that knows of a booking finds it in the
 * next seat map of this host.
 */
void shared_event_changed(int32_t event_id);

/*
 * Publishes a map: renames a file in the folder of maps to <event>.tag, unless the event has
 * changed since `version` was read. False when it has, or the rename failed.
 */
bool shared_publish(int32_t event_id, uint64_t version, const char *from);

/* The folder where this process publishes seat maps; "" when it does not. */
const char *shared_maps(void);

/* A number that differs after every shared_event_changed of that event. */
uint64_t shared_event_version(int32_t event_id);

#endif
