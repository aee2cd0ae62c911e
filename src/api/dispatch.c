#include <string.h>
#include <strings.h>

#include "api/api.h"
#include "api/decode.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "http/json.h"

#define BEARER "Bearer "

bool
api_is_staff(const struct api *a)
{
	return (a->who.role & (ROLE_ADMIN | ROLE_SERVICE)) != 0;
}

bool
api_may_see(const struct api *a, const char *user_id, const char *seller)
{
	return api_is_staff(a) || strcmp(a->who.sub, user_id) == 0 ||
	       (a->who.role == ROLE_SELLER && strcmp(a->who.sub, seller) == 0);
}

/* Finds out who is asking. A token that is there must be good, also where none is needed. */
static enum err
authenticate(struct api *a)
{
	const char *header = request_header(a->rq, "HTTP_AUTHORIZATION"), *why = NULL;
	enum err e = ERR_UNAUTHORIZED;

	if (header == NULL || *header == '\0')
		return a->route->who == PUBLIC ? ERR_OK : ERR_UNAUTHORIZED;
	if (strncasecmp(header, BEARER, strlen(BEARER)) == 0)
		e = token_verify(a->rq->ctx, &a->app->tokens, header + strlen(BEARER),
		                 clock_now_us() / US_PER_S, &a->who, &why);
	if (e != ERR_OK) {
		log_line(LOG_INFO, "token refused", "id", a->rq->id, "reason",
		         why == NULL ? "not a bearer token" : why, NULL);
		a->who.role = ROLE_NONE;
		return e;
	}
	if (a->route->who != PUBLIC && (a->route->who & (int)a->who.role) == 0) {
		if (a->route->face == FACE_QUEUE) /* what others may not call there is for buyers */
			a->message = "Only buyers can perform this action";
		return ERR_FORBIDDEN;
	}
	return ERR_OK;
}

/* Whether the Content-Type says JSON, whatever its parameters (RFC 9110, 8.3). */
static bool
is_json(const char *type)
{
	static const char json[] = "application/json";
	size_t n = sizeof(json) - 1;

	return type != NULL && strncasecmp(type, json, n) == 0 &&
	       (type[n] == '\0' || type[n] == ';' || type[n] == ' ');
}

/* Reads and parses the body of a route that takes one. */
static enum err
take_body(struct api *a)
{
	struct json_fault fault = { NULL, 0 };
	enum err e;

	if (a->route->body_most == 0)
		return ERR_OK;
	if (!is_json(request_header(a->rq, "CONTENT_TYPE")))
		return ERR_UNSUPPORTED_MEDIA_TYPE;
	if ((e = request_read_body(a->rq, a->route->body_most)) != ERR_OK) {
		a->message = e == ERR_VALIDATION_ERROR ? "The body is shorter than announced" : NULL;
		return e;
	}
	if (a->route->body_most == PLAN_BODY_MOST)
		return ERR_OK; /* a plan has a reader of its own */
	e = json_parse(a->rq->ctx, a->rq->body, a->rq->body_len, &a->body, &fault);
	if (e == ERR_OK && !cJSON_IsObject(a->body)) {
		a->message = "The body must be a JSON object";
		return ERR_VALIDATION_ERROR;
	}
	if (e != ERR_OK)
		a->message = talloc_asprintf(a->rq->ctx, "The body is not valid JSON: %s at byte %zu",
		                             fault.why, fault.at);
	return e;
}

/* The face whose error shapes a path expects, when no route says it. */
static enum face
face_of_path(const struct request *rq)
{
	const char *second = rq->n_parts > 1 ? rq->part[1] : "";

	if (strcmp(second, "booking") == 0)
		return FACE_QUEUE;
	if (strcmp(second, "bookings") == 0 || strcmp(second, "payments") == 0 ||
	    strcmp(second, "showtimes") == 0)
		return FACE_CINEMA;
	return FACE_V1;
}

static enum err
run(struct api *a, const struct route_match *match)
{
	enum err e;

	if (match->path_known)
		response_header(a->rq, a->rs, "Allow", match->allow);
	if (match->index < 0)
		return match->path_known ? ERR_METHOD_NOT_ALLOWED : ERR_NOT_FOUND;
	if ((e = authenticate(a)) != ERR_OK || (e = take_body(a)) != ERR_OK)
		return e;
	return a->route->handler(a);
}

static void
log_request(const struct api *a, const char *error)
{
	const struct request *rq = a->rq;

	log_line(LOG_INFO, "request", "id", rq->id, "method", method_name(rq->method), "route",
	         a->route == NULL ? "-" : a->route->key.pattern, "status", log_int(a->rs->status), "us",
	         log_int(clock_mono_us() - rq->began_us), "user", a->who.sub, "error", error, NULL);
}

void
api_serve(struct request *rq, struct response *rs, void *app)
{
	struct api a = { .app = app, .rq = rq, .rs = rs };
	struct route_match match;
	const struct route *routes;
	size_t n;
	enum err e;

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
		face_error(&a, a.route == NULL ? face_of_path(rq) : a.route->face, e);
	metrics_observe(METRIC_REQUEST_TIME, a.route == NULL ? METRICS_ROUTES - 1 : (unsigned)match.index,
	                clock_mono_us() - rq->began_us);
	log_request(&a, e == ERR_OK ? NULL : err_name(e));
}
