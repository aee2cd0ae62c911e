/* Seating plans in /api/v1: importing one, listing, reading. */

#include <assert.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/request/decode.h"
#include "api/request/principal.h"
#include "api/request/reply.h"
#include "api/v1/envelope.h"
#include "core/plan/plan_store.h"

/*
 * Writes a plan: what it is called and how large it is. name: NULL in an array. with_document: the
 * plan itself, too, as it was imported
 */
static void
write_plan(struct jsonw *w, const char *name, const struct plan_info *p, bool with_document)
{
	jsonw_open(w, name, '{');
	jsonw_uuid(w, "planId", &p->id);
	jsonw_str(w, "name", p->name);
	jsonw_int(w, "version", p->version);
	jsonw_int(w, "seats", p->seats);
	jsonw_int(w, "rows", p->rows);
	jsonw_int(w, "sections", p->sections);
	jsonw_str(w, "checksum", p->checksum);
	jsonw_time(w, "createdAt", p->created_us);
	if (with_document)
		jsonw_raw(w, "plan", p->document);
	jsonw_close(w, '}');
}

/* {"faults":[{"path","why"}…],"total"}: the first faults, and how many there are. */
static const char *
fault_list(TALLOC_CTX *ctx, const struct plan_faults *faults)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 1024);
	jsonw_open(&w, NULL, '{');
	jsonw_open(&w, "faults", '[');
	for (size_t i = 0; i < faults->n; i++) {
		jsonw_open(&w, NULL, '{');
		jsonw_str(&w, "path", faults->fault[i].path);
		jsonw_str(&w, "why", faults->fault[i].why);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, ']');
	jsonw_int(&w, "total", (int64_t)faults->total);
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

/* A plan as it was stored; arg: struct api, what: struct plan_info. */
static void
render_imported(void *arg, const void *what, struct reply *out)
{
	struct jsonw w;

	v1_open(arg, &w, 512);
	write_plan(&w, "data", what, false);
	*out = reply_close(&w, 201, NULL);
}

/*
 * POST /api/v1/plans. core parses the body itself: what it says of a fault is better than what
 * could be said of one in any JSON.
 */
enum err
v1_plan_import(struct api *a)
{
	struct plan_faults faults = { 0 };
	struct plan_info plan;
	enum err e;

	assert(a->rq->body != NULL && a->body == NULL); /* the route leaves it raw */
	e = plan_store_import(a->app->pool, a->rq->ctx, a->who.sub, a->rq->body, a->rq->body_len,
	                      reply_prepare(a, render_imported, a), &plan, &faults);
	if (e == ERR_VALIDATION_ERROR) {
		a->message = "The seating plan has faults";
		a->details = fault_list(a->rq->ctx, &faults);
	}
	if (e == ERR_OK)
		reply_send(a, render_imported, a, &plan);
	return e;
}

/* GET /api/v1/plans: the caller's own; all of them for staff. */
enum err
v1_plan_list(struct api *a)
{
	struct plan_page page = {
		.owner = principal_is_staff(a) ? NULL : a->who.sub,
		.page = (int32_t)decode_query_int(a, "page", 1, INT32_MAX, 1),
		.limit = (int32_t)decode_query_int(a, "limit", 1, 100, 20),
	};
	struct jsonw w;
	enum err e;

	if ((e = decode_done(a)) != ERR_OK ||
	    (e = plan_store_list(a->app->pool, a->rq->ctx, &page)) != ERR_OK)
		return e;
	v1_list_open(a, &w);
	for (size_t i = 0; i < page.n; i++)
		write_plan(&w, NULL, &page.plans[i], false);
	v1_list_close(a, &w, page.page, page.limit, page.total);
	return ERR_OK;
}

/* GET /api/v1/plans/{id}: with the plan itself. */
enum err
v1_plan_get(struct api *a)
{
	struct plan_info plan;
	struct uuid id;
	struct jsonw w;
	enum err e;

	if ((e = decode_uuid_arg(a, a->arg[0], &id)) != ERR_OK ||
	    (e = plan_store_get(a->app->pool, a->rq->ctx, &id, &plan)) != ERR_OK)
		return e;
	v1_open(a, &w, 4096);
	write_plan(&w, "data", &plan, true);
	v1_close(a, &w, 200);
	return ERR_OK;
}
