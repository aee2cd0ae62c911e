#ifndef ROWLOCK_HTTP_STREAM_SERVER_H
#define ROWLOCK_HTTP_STREAM_SERVER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/*
 * A FastCGI responder whose answers never end by themselves: one event loop, a small structure
 * for each connection, memory for what waits only while something waits.
 */
struct stream_server;

/* One connection, which serves one request. */
struct stream;

#define STREAM_BACKLOG (64 * 1024) /* bytes that may wait; more, and the stream is dropped */

/* Why a stream is over. */
enum stream_end {
	STREAM_ENDED, /* stream_finish, and all was sent */
	STREAM_GONE,  /* the web server closed the connection: the client went away */
	STREAM_SLOW,  /* its reader could not keep up */
	STREAM_BAD,   /* what came in was no request */
};

/* What a server's owner does. Called from the loop, never from within a call of this file. */
struct stream_server_rules {
	/* A request is complete. env: "NAME=value" up to NULL, on ctx, freed afterwards. */
	void (*begin)(void *arg, struct stream *s, char **env, TALLOC_CTX *ctx);
	/* Every STREAM_BEAT_S, each stream at a time of its own. */
	void (*beat)(void *arg, struct stream *s);
	/* The stream is freed after this; only for streams that began. */
	void (*over)(void *arg, struct stream *s, enum stream_end why);
	size_t owner_size; /* bytes for stream_owner, zeroed */
};

#define STREAM_BEAT_S 15

/*
 * Serves a listening socket.
 *
 * base		the loop; must live longer
 * listening	its descriptor, which is made non-blocking and stays the caller's
 * rules	must live as long as the server
 * arg		for the rules
 *
 * Returns the server, a child of ctx. Freeing it ends all streams (STREAM_GONE).
 */
struct stream_server *stream_server_new(TALLOC_CTX *ctx, struct event_base *base, int listening,
                                        const struct stream_server_rules *rules, void *arg);

/*
 * Takes no more connections.
 *
 * each	called for every stream that began, may send and finish; the others are dropped
 */
void stream_server_close(struct stream_server *server, void (*each)(struct stream *s));

/* How many connections there are. */
size_t stream_server_count(const struct stream_server *server);

/* The owner's own bytes of a stream, which live as long as it; and back. */
void *stream_owner(struct stream *s);
struct stream *stream_of_owner(void *owner);

struct stream_chunk;

/*
 * Sends a piece, or keeps it until the connection takes it; never blocks. A stream for which more
 * than STREAM_BACKLOG waits already is dropped, soon (STREAM_SLOW).
 *
 * s		one that began; ignored when it has been finished or dropped
 * c		stays the caller's, which may send it to others
 * greeting	it does not count as waiting: what a stream begins with may be large
 */
void stream_send(struct stream *s, struct stream_chunk *c, bool greeting);

/* Ends an answer, when all that waits has been sent. What is sent afterwards is ignored. */
void stream_finish(struct stream *s);

#endif
