#ifndef ROWLOCK_HTTP_SERVER_H
#define ROWLOCK_HTTP_SERVER_H

#include "http/request.h"

/*
 * The FastCGI side of a worker: threads that take requests from the socket on descriptor 0,
 * where spawn-fcgi puts it, and give them to one function.
 */

/*
 * Answers a request, in one of the request threads; never fails: an error is an answer too.
 *
 * rq	its memory, and what the answer points at, is freed when it has been sent
 * rs	status 200 and no body, to be filled in
 */
typedef void (*server_handler)(struct request *rq, struct response *rs, void *arg);

/*
 * Serves until SIGTERM or SIGINT: then takes no new requests and lets those in flight finish,
 * for 10 s at the most.
 *
 * threads	request threads, 1 to 256
 * arg		handed to the handler
 *
 * Returns the exit status of the process: 0 when all was answered, 1 when the time ran out or
 * descriptor 0 is no socket. Call from the main thread before any other is started, so that
 * they all inherit its signal mask.
 */
int server_run(int threads, server_handler handler, void *arg);

/* Blocks SIGTERM and SIGINT for the threads to come; server_run waits for them. */
void server_block_signals(void);

#endif
