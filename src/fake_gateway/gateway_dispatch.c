/* The routes of the fake gateway, and one request through them. */
#include "fake_gateway/gateway_dispatch.h"

#include <assert.h>

#include "base/clock.h"
#include "base/log.h"
#include "fake_gateway/checkout.h"
#include "fake_gateway/merchant.h"
#include "http/route.h"

static const struct gateway_route {
	struct route_key key;
	enum err (*handler)(struct visit *v);
	bool is_page; /* people see it, and its errors */
} routes[] = {
	{ { POST, "/fake-gateway/sessions" }, merchant_session, false },
	{ { POST, "/fake-gateway/refunds" }, merchant_refund, false },
	{ { POST, "/api/v1/payments/simulate/{id}" }, checkout_simulate, false },
	{ { GET, CHECKOUT_PATH "{id}" }, checkout_get, true },
	{ { POST, CHECKOUT_PATH "{id}" }, checkout_post, true },
};

/* Finds the handler and calls it. */
static enum err
run(struct visit *v, const struct route_match *match)
{
	if (v->rq->bad_path) {
		v->message = "The URL is not valid";
		return ERR_VALIDATION_ERROR;
	}
	if (match->index >= 0)
		return routes[match->index].handler(v);
	if (!match->path_known)
		return ERR_NOT_FOUND;
	response_header(v->rq, v->rs, "Allow", match->allow);
	return ERR_METHOD_NOT_ALLOWED;
}

void
gateway_dispatch(struct request *rq, struct response *rs, void *gateway)
{
	struct visit v = { .g = gateway, .rq = rq, .rs = rs };
	struct route_match match;
	const struct gateway_route *route;
	enum err e;

	assert(gateway != NULL);
	route_find(routes, sizeof(routes) / sizeof(routes[0]), sizeof(routes[0]), rq, &match);
	route = match.index < 0 ? NULL : &routes[match.index];
	v.id = match.arg[0];
	if ((e = run(&v, &match)) != ERR_OK) {
		if (route != NULL && route->is_page)
			checkout_error(&v, e);
		else
			visit_error(&v, e);
		if (rs->status == 503)
			response_header(rq, rs, "Retry-After", "1");
	}
	log_line(LOG_INFO, "request", "id", rq->id, "method", method_name(rq->method), "route",
	         route == NULL ? "-" : route->key.pattern, "status", log_int(rs->status), "us",
	         log_int(clock_mono_us() - rq->began_us), "error", e == ERR_OK ? NULL : err_name(e),
	         NULL);
}
