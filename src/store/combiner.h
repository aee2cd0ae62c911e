#ifndef ROWLOCK_STORE_COMBINER_H
#define ROWLOCK_STORE_COMBINER_H

#include "store/db.h"

/*
 * A window at which the threads of a process queue. One of those that wait serves everyone
 * in the queue (up to COMBINER_MOST) in one go, with a connection of the window's own; the
 * others sleep until it is done. At rest a batch is one; in a rush round trips are shared.
 */
struct combiner;

#define COMBINER_MOST 64

/* A batch on its way. */
struct turn {
	struct combiner *window;
	struct db *db; /* this turn's connection; not checked: see db_ready */
	void *arg;     /* of the window */
	void **items;  /* what was brought to the window, n of them */
	size_t n;
	bool over; /* the next turn may be, or has been, begun */
};

/* Serves a batch: must settle every item. turn->items is its own to overwrite. */
typedef void (*window_serve)(struct turn *turn);

/*
 * connections	1 to COMBINER_CONNECTIONS; with two, a turn may begin while another ends
 * conninfo		of each, see db_new
 * arg			for serve; must outlive the window
 */
#define COMBINER_CONNECTIONS 4
struct combiner *combiner_new(TALLOC_CTX *ctx, const char *conninfo, int connections,
                              window_serve serve, void *arg);

/* Brings an item to the window and returns when it has been served, by whichever thread. */
void combiner_submit(struct combiner *window, void *item);

/* Lets the next turn begin while this one ends, on another connection. Once is enough. */
void combiner_pass_on(struct turn *turn);

#endif
