#ifndef ROWLOCK_API_REQUEST_API_H
#define ROWLOCK_API_REQUEST_API_H

#include <cjson/cJSON.h>

#include "auth/token.h"
#include "base/config.h"
#include "base/ids.h"
#include "core/payment/checkout.h"
#include "core/reserve/clerk.h"
#include "core/inventory/seat_map.h"
#include "http/request.h"
#include "http/route.h"

#define API_MAX_FAULTS 20
#define BODY_MOST      (64 * 1024)
#define PLAN_BODY_MOST (16 * 1024 * 1024)
/* Marks of a route's body_most: */
#define BODY_RAW         ((size_t)1 << 40) /* the handler parses it itself */
#define BODY_ANY_TYPE    ((size_t)1 << 41) /* whatever its Content-Type says */
#define BODY_OPTIONAL    ((size_t)1 << 42) /* there may be none */
#define BODY_BYTES(most) ((most) & (BODY_RAW - 1))

/* What all requests of a process share. Read-only, or guarded by itself. */
struct app {
	const struct config *config;
	struct token_rules tokens;
	struct policy policy;
	struct pool *pool;
	struct inventory_cache *houses;
	struct clerk *clerk;
	struct lookup *lookup;
	struct checkout checkout;
	struct seat_map_cache *maps;
};

struct api;
typedef enum err (*api_handler)(struct api *a);

/* A line of the route table. */
struct route {
	struct route_key key;
	int who; /* roles that may call it, bits; PUBLIC: anybody, token or none; or KEYED */
	api_handler handler; /* decodes, calls core, encodes */
	enum face face;
	size_t body_most; /* 0: it takes no body; else bytes, and marks */
};

#define PUBLIC  0
#define KEYED   (1 << 16) /* takes an Idempotency-Key: it creates something, or pays */
#define ANYBODY (ROLE_BUYER | ROLE_SELLER | ROLE_ADMIN | ROLE_SERVICE)

/* One request on its way through a face. */
struct api {
	struct app *app;
	struct request *rq;
	struct response *rs;
	const struct route *route;
	const char *arg[ROUTE_ARGS];
	struct principal who;     /* role NONE: no token */
	cJSON *body;              /* the parsed body of a route that takes one */
	struct idempotent *keyed; /* it is to be answered once; NULL: however often it comes */
	char booking[UUID_TEXT];  /* which it is about, for the log; or "" */
	/* For an error's answer. */
	const char *message; /* instead of the default text; or NULL */
	const char *details; /* a JSON object; or NULL */
	struct {
		const char *field, *why;
	} fault[API_MAX_FAULTS];
	size_t n_faults;
};

/* Answers a request: the route, the token, the body, the handler, the error. */
void api_serve(struct request *rq, struct response *rs, void *app);

/*
 * Finds out who is asking: sets a->who. A token that is there must be good, also where the
 * route needs none. Errors: UNAUTHORIZED, FORBIDDEN (the route is not for this role).
 */
enum err api_authenticate(struct api *a) MUST_CHECK;

/* Whether somebody may see the bookings of a user, of an event of a seller. */
bool api_may_see(const struct principal *who, const char *user_id, const char *seller);

/* Whether the caller may act on anybody's bookings. */
bool api_is_staff(const struct api *a);

/*
 * For the handlers of keyed routes (store/idempotency.h): what they pass on, and how they answer. render
 * is given arg and `what`; when the answer is stored already it is not called again.
 */
struct idempotent *api_keyed(struct api *a, idempotency_render render, void *arg);
void api_answer(struct api *a, idempotency_render render, void *arg, const void *what);
/* Closes the object that was written, and makes it such an answer. location: or NULL */
struct reply api_reply(struct jsonw *w, int status, const char *location);

/* The routes, for the dispatcher and for listing them. */
const struct route *api_routes(size_t *n);

/* The face whose error shapes a path expects, when no route says it. */
enum face face_of(const struct request *rq);

/* Answers an error in a face's shape; used by the dispatchers. */
void face_error(struct api *a, enum face face, enum err e);

/* Opens {"success":true,"data": … of /api/v1; what is written next is the data. */
void v1_open(struct api *a, struct jsonw *w, size_t room);
/* Closes it and gives it as the answer. */
void v1_close(struct api *a, struct jsonw *w, int status);
/* Opens a list of /api/v1; its items are written next, with name NULL. */
void v1_list_open(struct api *a, struct jsonw *w);
/* Closes it: pagination, and the answer 200. page from 1; total is of all pages. */
void v1_list_close(struct api *a, struct jsonw *w, int32_t page, int32_t limit, int64_t total);
/* A seat's printed label: as a number when it is one, else as text. */
void v1_label(struct jsonw *w, const char *name, const char *label);

#endif
