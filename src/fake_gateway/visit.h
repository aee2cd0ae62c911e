#ifndef ROWLOCK_FAKE_GATEWAY_VISIT_H
#define ROWLOCK_FAKE_GATEWAY_VISIT_H

#include "fake_gateway/gateway.h"
#include "http/request.h"

/* A request on its way. Everything of it is on rq->ctx, and one thread has it. */
struct visit {
	const struct gateway *g;
	struct request *rq;
	struct response *rs;
	const char *id;      /* the session that the path names; or NULL */
	const char *message; /* of an error, instead of the default text; or NULL */
};

/*
 * Reads the body, at most 64 KiB, into v->rq; on an error that needs more than its default text,
 * v->message says what it is.
 *
 * type		what it must be, if there is one: "application/json"
 *
 * Errors: as of request_body_read; UNSUPPORTED_MEDIA_TYPE.
 */
enum err visit_body(struct visit *v, const char *type) MUST_CHECK;

/* Answers an error in the shape of /api/v1 (rowlock-api(8)). */
void visit_error(struct visit *v, enum err e);

#endif
