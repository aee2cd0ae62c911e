#ifndef ROWLOCK_HTTP_ACCEPT_BACKLOG_H
#define ROWLOCK_HTTP_ACCEPT_BACKLOG_H

/*
 * Keeps the listen queue of a Unix socket from filling up.
 *
 * The kernel lets as many connections wait as net.core.somaxconn says (4096), and refuses
 * more: the web server does not wait for a place, and its client gets an error. In a rush
 * more may want to wait. So when more than a sixteenth of the queue is full, one thread takes
 * connections off it and keeps them here until a request thread asks for one. The others stay
 * in the kernel's queue, where they survive the end of this process and any other process of
 * the socket may serve them.
 */
struct accept_backlog;

/*
 * Begins to watch a listening Unix socket, in a thread of its own. For one socket a process;
 * lives as long as the process.
 *
 * listen_fd	bound and listening, with a receive time-out: a second or so
 *
 * Returns NULL where the queue cannot be seen (another kind of socket, netlink forbidden) or
 * where there are no descriptors to spare; then the kernel's queue is all there is.
 */
struct accept_backlog *accept_backlog_watch(int listen_fd);

/*
 * Takes the connection that has waited longest; from any thread.
 *
 * b	or NULL
 *
 * Returns a descriptor, the caller's to close, or -1 when none waits here.
 */
int accept_backlog_take(struct accept_backlog *b);

/* Takes no more connections off the queue; those that are here can still be taken. */
void accept_backlog_end(struct accept_backlog *b);

#endif
