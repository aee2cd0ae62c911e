#ifndef ROWLOCK_API_REQUEST_API_H
#define ROWLOCK_API_REQUEST_API_H

#include <cjson/cJSON.h>

#include "auth/token.h"
#include "base/ids.h"
#include "http/request.h"
#include "http/route.h"

struct app;
struct idempotent;

#define API_MAX_FAULTS 20
#define BODY_MOST      (64 * 1024)
#define PLAN_BODY_MOST (16 * 1024 * 1024)
/* Marks of a route's body_most: */
#define BODY_RAW         ((size_t)1 << 40) /* the handler parses it itself */
#define BODY_ANY_TYPE    ((size_t)1 << 41) /* its Content-Type is not looked at */
#define BODY_OPTIONAL    ((size_t)1 << 42) /* there may be none */
#define BODY_BYTES(most) ((most) & (BODY_RAW - 1))

/* A route's access: roles as bits, with marks. */
#define PUBLIC    0                                                      /* without a token, too */
#define TAKES_KEY (1 << 16)                                              /* Idempotency-Key */
#define ANY_ROLE  (ROLE_BUYER | ROLE_SELLER | ROLE_ADMIN | ROLE_SERVICE) /* with a token */

struct api;

/* Decodes a request, calls core, and sets the answer; an error is answered by the dispatcher. */
typedef enum err (*api_handler)(struct api *a);

/* A line of a route table. */
struct route {
	struct route_key key; /* first: route_find sees only this */
	int access;           /* PUBLIC, or roles; and TAKES_KEY if it creates something or pays */
	api_handler handler;
	enum face face;
	size_t body_most; /* bytes, and marks; 0: it takes no body */
};

/*
 * One request on its way through a face. It belongs to the thread that serves the request, and
 * ends with it; what is made for it hangs on rq->ctx.
 */
struct api {
	struct app *app;
	struct request *rq;
	struct response *rs;
	const struct route *route; /* NULL: none fits */
	const char *arg[ROUTE_ARGS];
	struct principal who;          /* the caller; role NONE: no token */
	cJSON *body;                   /* the parsed body of a route that takes one, or NULL */
	struct idempotent *idempotent; /* it came with a key; NULL: it is done each time it comes */
	char booking[UUID_TEXT];       /* which it is about, for the log; or "" */
	/* For an error's answer. */
	const char *message; /* instead of the default text; or NULL */
	const char *details; /* a JSON object; or NULL */
	struct {
		const char *field, *why;
	} fault[API_MAX_FAULTS];
	size_t n_faults;
};

#endif
