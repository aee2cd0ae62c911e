#include "fake_gateway/gateway.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/json_write.h"
#include "base/log.h"
#include "fake_gateway/page.h"
#include "http/request_body.h"
#include "http/route.h"
#include "pay/signature.h"

#define CONNECTIONS  4 /* of the database */
#define BODY_MOST    (64 * 1024)
#define WEBHOOK_PATH "/api/v1/payments/webhook"

static const struct gateway_route {
	struct route_key key;
	enum err (*handler)(struct visit *v);
	bool is_page; /* people see it, and its errors */
} routes[] = {
	{ { POST, "/fake-gateway/sessions" }, merchant_session, false },
	{ { POST, "/fake-gateway/refunds" }, merchant_refund, false },
	{ { POST, "/api/v1/payments/simulate/{id}" }, simulate_post, false },
	{ { GET, CHECKOUT_PATH "{id}" }, checkout_get, true },
	{ { POST, CHECKOUT_PATH "{id}" }, checkout_post, true },
};

/* The scheme, host and port of a URL; NULL when it is none of http or https. */
static const char *
site_of(TALLOC_CTX *ctx, const char *url)
{
	size_t scheme = strncmp(url, "http://", 7) == 0    ? 7
	                : strncmp(url, "https://", 8) == 0 ? 8
	                                                   : 0;
	size_t host = strcspn(url + scheme, "/?#");

	if (scheme == 0 || host == 0 || memchr(url + scheme, '@', host) != NULL)
		return NULL;
	return talloc_strndup(ctx, url, scheme + host);
}

static bool
read_rate(const char *text, double *out)
{
	char *end;

	*out = strtod(text, &end);
	return strspn(text, "0123456789.") == strlen(text) && end != text && *end == '\0' &&
	       *out >= 0 && *out <= 1;
}

struct gateway *
gateway_new(TALLOC_CTX *ctx, const struct config *config, const char *database, const char **why)
{
	struct gateway *g = talloc_zero(ctx, struct gateway);
	char text[SIGNATURE_TEXT];

	*why = NULL;
	g->secrets = config->webhook_secret;
	g->site = site_of(g, config->gateway_url);
	if (signature_make(g->secrets, 0, "", 0, text) == NULL)
		*why = "PAYMENT_WEBHOOK_SECRET is not set";
	else if (g->site == NULL)
		*why = "PAYMENT_GATEWAY_URL must be http:// or https:// and a host";
	else if (*config->webhook_url != '\0' && site_of(g, config->webhook_url) == NULL)
		*why = "PAYMENT_WEBHOOK_URL must be http:// or https:// and a host";
	else if (!read_rate(config->fake_success_rate, &g->success_rate))
		*why = "FAKE_GATEWAY_SUCCESS_RATE must be a decimal number from 0 to 1";
	if (*why != NULL)
		return NULL;
	g->webhook_url = *config->webhook_url != '\0'
	                     ? config->webhook_url
	                     : talloc_asprintf(g, "%s" WEBHOOK_PATH, g->site);
	g->policy = page_policy(g);
	g->pool = pool_new(g, database, CONNECTIONS);
	return g;
}

enum err
gateway_body(struct visit *v, const char *type)
{
	enum err e = request_body_read(v->rq, BODY_MOST);

	if (e == ERR_VALIDATION_ERROR)
		v->message = "The body is shorter than announced";
	if (e == ERR_OK && v->rq->body_len > 0 && !request_is_type(v->rq, type)) {
		v->message = talloc_asprintf(v->rq->ctx, "The body must be %s", type);
		return ERR_UNSUPPORTED_MEDIA_TYPE;
	}
	return e;
}

/* An error in the shape of /api/v1. */
static void
answer_error(struct visit *v, enum err e)
{
	struct jsonw w;

	jsonw_init(&w, v->rq->ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_bool(&w, "success", false);
	jsonw_open(&w, "error", '{');
	jsonw_str(&w, "code", err_code(e));
	jsonw_str(&w, "message", v->message != NULL ? v->message : err_text(e));
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	response_json(v->rs, err_status(e, FACE_V1), &w);
}

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
gateway_serve(struct request *rq, struct response *rs, void *gateway)
{
	struct visit v = { .g = gateway, .rq = rq, .rs = rs };
	struct route_match match;
	const struct gateway_route *route;
	enum err e;

	route_find(routes, sizeof(routes) / sizeof(routes[0]), sizeof(routes[0]), rq, &match);
	route = match.index < 0 ? NULL : &routes[match.index];
	v.id = match.arg[0];
	if ((e = run(&v, &match)) != ERR_OK) {
		if (route != NULL && route->is_page)
			checkout_error(&v, e);
		else
			answer_error(&v, e);
		if (rs->status == 503)
			response_header(rq, rs, "Retry-After", "1");
	}
	log_line(LOG_INFO, "request", "id", rq->id, "method", method_name(rq->method), "route",
	         route == NULL ? "-" : route->key.pattern, "status", log_int(rs->status), "us",
	         log_int(clock_mono_us() - rq->began_us), "error", e == ERR_OK ? NULL : err_name(e),
	         NULL);
}
