/* Serves one request: its route, the token, the body, the handler, and what has come of it. */

#include "api/dispatch.h"

#include <assert.h>
#include <string.h>

#include "api/request/face.h"
#include "api/request/idempotency_key.h"
#include "api/request/principal.h"
#include "api/routes.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/json_parse.h"
#include "http/request_body.h"

/* Whether a request says that it has no body; one of unknown length may have one. */
static bool
has_no_body(const struct request *rq)
{
	const char *length = request_header(rq, "CONTENT_LENGTH");

	return length == NULL || *length == '\0' || strcmp(length, "0") == 0;
}

/*
 * Reads the body of a route that takes one. Errors: UNSUPPORTED_MEDIA_TYPE; as of
 * request_body_read.
 */
static enum err
take_body(struct api *a)
{
	const size_t most = a->route->body_most;
	enum err e;

	if (most == 0 || ((most & BODY_OPTIONAL) != 0 && has_no_body(a->rq)))
		return ERR_OK;
	if ((most & BODY_ANY_TYPE) == 0 && !request_is_type(a->rq, "application/json"))
		return ERR_UNSUPPORTED_MEDIA_TYPE;
	if ((e = request_body_read(a->rq, BODY_BYTES(most))) == ERR_VALIDATION_ERROR)
		a->message = "The body is shorter than announced";
	return e;
}

/* Parses the body, unless the handler does that. */
static enum err
parse_body(struct api *a)
{
	struct json_fault fault;
	enum err e;

	if (a->rq->body == NULL || (a->route->body_most & BODY_RAW) != 0)
		return ERR_OK;
	e = json_parse(a->rq->ctx, a->rq->body, a->rq->body_len, &a->body, &fault);
	if (e == ERR_OK && !cJSON_IsObject(a->body)) {
		a->message = "The body must be a JSON object";
		return ERR_VALIDATION_ERROR;
	}
	if (e != ERR_OK)
		a->message = talloc_asprintf(a->rq->ctx,
		                             "The body is not valid JSON: %s at byte %zu",
		                             fault.why, fault.at);
	return e;
}

/*
 * From the route to the handler's answer. The token is checked before a byte of the body is read,
 * and the key before it is parsed: a request that was answered is not looked at twice.
 */
static enum err
run(struct api *a, const struct route_match *match)
{
	bool replayed;
	enum err e;

	if (match->path_known)
		response_header(a->rq, a->rs, "Allow", match->allow);
	if (match->index < 0)
		return match->path_known ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_FOUND;
	assert(a->route != NULL);
	if ((e = principal_authenticate(a)) != ERR_OK || (e = take_body(a)) != ERR_OK ||
	    (e = idempotency_key_begin(a, &replayed)) != ERR_OK || replayed)
		return e;
	e = parse_body(a);
	return idempotency_key_known(a, e == ERR_OK ? a->route->handler(a) : e);
}

/* One line for each request. error: the error's own name, or NULL */
static void
log_request(const struct api *a, const char *error)
{
	const struct request *rq = a->rq;

	assert(a->rs->status >= 0);
	log_line(LOG_INFO, "request", "id", rq->id, "method", method_name(rq->method), "route",
	         a->route == NULL ? "-" : a->route->key.pattern, "status", log_int(a->rs->status),
	         "us", log_int(clock_mono_us() - rq->began_us), "user", a->who.sub, "booking",
	         *a->booking == '\0' ? NULL : a->booking, "error", error, NULL);
}

void
api_serve(struct request *rq, struct response *rs, void *app)
{
	struct api a = { .app = app, .rq = rq, .rs = rs };
	struct route_match match;
	const struct route *routes;
	size_t n;
	enum err e;

	assert(rq->ctx != NULL && rs->body == NULL && app != NULL);
	routes = api_routes(&n);
	route_find(routes, n, sizeof(*routes), rq, &match);
	if (match.index >= 0) {
		a.route = &routes[match.index];
		memcpy(a.arg, match.arg, sizeof(a.arg));
	}
	e = rq->bad_path ? ERR_VALIDATION_ERROR : run(&a, &match);
	if (e == ERR_VALIDATION_ERROR && rq->bad_path)
		a.message = "The URL is not valid";
	if (e != ERR_OK)
		face_error(&a, a.route == NULL ? face_of(rq) : a.route->face, e);
	idempotency_key_end(&a, e);
	metrics_observe(METRIC_REQUEST_TIME,
	                a.route == NULL ? METRICS_ROUTES - 1 : (unsigned)match.index,
	                clock_mono_us() - rq->began_us);
	log_request(&a, e == ERR_OK ? NULL : err_name(e));
}
