/* /health and /metrics: what a load balancer and a monitoring system ask a worker. */

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/handlers.h"
#include "base/metrics.h"
#include "ops/health.h"

/* Writes {"status"} of a check, with a figure of its own when that is not negative. */
static void
write_check(struct jsonw *w, const char *name, enum health_state c, const char *figure,
            double value)
{
	assert(value < 0 || figure != NULL);
	jsonw_open(w, name, '{');
	jsonw_str(w, "status", health_state_name(c));
	if (value >= 0)
		jsonw_real(w, figure, value);
	jsonw_close(w, '}');
}

/*
 * The state of the service in a word. Only the database is needed to sell; the rest makes streams
 * and messages late.
 */
static const char *
summary(const struct health *h)
{
	if (h->database == HEALTH_DOWN)
		return "unavailable";
	return h->redis == HEALTH_DOWN || h->kafka == HEALTH_DOWN || h->journal == HEALTH_DOWN
	           ? "degraded"
	           : "ok";
}

/*
 * GET /health: 503 when the database is away, so that a load balancer sends requests elsewhere.
 * With ?live nothing is looked at: the answer alone says that the worker lives, and a supervisor
 * must not restart it because another service is down.
 */
enum err
v1_health_get(struct api *a)
{
	const struct config *c = a->app->config;
	struct health h = { .database = HEALTH_DISABLED };
	struct jsonw w;

	jsonw_init(&w, a->rq->ctx, 256);
	jsonw_open(&w, NULL, '{');
	if (request_query(a->rq, "live") == NULL) {
		health_check(a->app->pool, a->rq->ctx, c->redis_url, c->kafka_broker, &h);
		jsonw_str(&w, "status", summary(&h));
		jsonw_open(&w, "checks", '{');
		write_check(&w, "database", h.database, "latencyMs",
		            h.database_us < 0 ? -1 : (double)h.database_us / 1000);
		write_check(&w, "redis", h.redis, NULL, -1);
		write_check(&w, "kafka", h.kafka, NULL, -1);
		write_check(&w, "journal", h.journal, "lagSeconds", (double)h.lag_ms / 1000);
		jsonw_close(&w, '}');
	} else {
		jsonw_str(&w, "status", "ok");
	}
	jsonw_close(&w, '}');
	response_json(a->rs, h.database == HEALTH_DOWN ? 503 : 200, &w);
	if (a->rs->status == 503)
		response_header(a->rq, a->rs, "Retry-After", "1");
	response_header(a->rq, a->rs, "Cache-Control", "no-store");
	return ERR_OK;
}

/* Whether an address is in a comma-separated list; addresses are compared as they are spelled. */
static bool
listed(const char *list, const char *address)
{
	size_t n = strlen(address);

	while (*list != '\0') {
		size_t item = strcspn(list, ",");

		if (item == n && strncmp(list, address, n) == 0)
			return true;
		list += item + (list[item] == ',');
	}
	return false;
}

/*
 * GET /metrics: figures of all workers of this host in Prometheus' text format, to the addresses
 * that ROWLOCK_METRICS_ALLOW names.
 */
enum err
v1_health_metrics(struct api *a)
{
	const char *from = request_header(a->rq, "REMOTE_ADDR");
	const struct config *c = a->app->config;

	assert(c->metrics_allow != NULL);
	if (from == NULL || !listed(c->metrics_allow, from))
		return ERR_FORBIDDEN;
	health_measure(a->app->pool, a->rq->ctx, c->redis_url, c->kafka_broker);
	a->rs->body = metrics_text(a->rq->ctx);
	a->rs->body_len = strlen(a->rs->body);
	a->rs->content_type = "text/plain; version=0.0.4; charset=utf-8";
	return ERR_OK;
}
