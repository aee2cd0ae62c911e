#ifndef ROWLOCK_HTTP_REQUEST_BODY_H
#define ROWLOCK_HTTP_REQUEST_BODY_H

#include "http/request.h"

/* Reading the body of a request from libfcgi, which would wait for it for ever. */

/*
 * Reads the body, once, into rq->body and rq->body_len.
 *
 * rq	of server.c
 * most	bytes that are taken at the most
 *
 * Errors: PAYLOAD_TOO_LARGE (an announced length above it: nothing was read), VALIDATION_ERROR
 * (shorter than announced, or a length that is no number), REQUEST_TIMEOUT (nothing came for
 * REQUEST_BODY_WAIT_S).
 */
enum err request_body_read(struct request *rq, size_t most) MUST_CHECK;

#define REQUEST_BODY_WAIT_S 10 /* longest pause within a body */

/* Bounds every read on a connection by REQUEST_BODY_WAIT_S. */
void request_body_bound_reads(int fd);

#endif
