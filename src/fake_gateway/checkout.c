/* Ending a session: by the buyer on a page, or by a test with a request. */
#include "fake_gateway/checkout.h"

#include <assert.h>
#include <string.h>

#include "base/json_write.h"
#include "fake_gateway/callback.h"
#include "fake_gateway/ledger.h"
#include "fake_gateway/page.h"
#include "pay/message_reader.h"

/*
 * Ends a session, or finds it ended so, and calls back once before the request is answered: the
 * page that follows then shows the booking as it is.
 */
static enum err
end(struct visit *v, const struct ledger_session *s, enum outcome o, struct callback *callback)
{
	enum err e = ledger_settle(v->g->pool, v->rq->ctx, s, o, callback);

	if (e == ERR_INVALID_STATE)
		v->message = "The payment session is over";
	if (e == ERR_OK)
		callback_send(v->g, v->rq->ctx, callback, 1);
	return e;
}

/* An outcome by chance, at the rate that is set. */
static enum outcome
draw(const struct gateway *g)
{
	uint32_t random;

	random_bytes(&random, sizeof(random));
	return random / 4294967296.0 < g->success_rate ? OUTCOME_SUCCESS : OUTCOME_FAILED;
}

/* The outcome that the body asks for; OUTCOME__MAX: none. */
static enum err
read_outcome(struct visit *v, enum outcome *out)
{
	struct message_reader w;
	const cJSON *first;
	const char *word;

	*out = OUTCOME__MAX;
	if (v->rq->body_len == 0)
		return ERR_OK;
	w = message_begin(v->rq->ctx, v->rq->body, v->rq->body_len);
	first = w.object == NULL ? NULL : w.object->child;
	if (first != NULL && (first->next != NULL || strcmp(first->string, "outcome") != 0))
		message_fault(&w, "outcome is the only member that is known");
	word = message_id(&w, "outcome", OPTIONAL);
	if (word != NULL && (*out = outcome_of_word(word)) == OUTCOME__MAX)
		message_fault(&w, "outcome must be success, failed or expired");
	v->message = w.why;
	return w.why == NULL ? ERR_OK : ERR_VALIDATION_ERROR;
}

enum err
checkout_simulate(struct visit *v)
{
	struct callback callback;
	enum outcome o;
	struct ledger_session s;
	struct jsonw w;
	enum err e;

	assert(v->id != NULL);
	if ((e = visit_body(v, "application/json")) != ERR_OK ||
	    (e = read_outcome(v, &o)) != ERR_OK ||
	    (e = ledger_get(v->g->pool, v->rq->ctx, v->id, &s)) != ERR_OK)
		return e;
	if (o == OUTCOME__MAX) /* not said: the one that it has, or else chance */
		o = s.outcome != OUTCOME__MAX ? s.outcome : draw(v->g);
	if ((e = end(v, &s, o, &callback)) != ERR_OK)
		return e;
	jsonw_init(&w, v->rq->ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_bool(&w, "success", true);
	jsonw_open(&w, "data", '{');
	jsonw_str(&w, "sessionId", s.id);
	jsonw_str(&w, "outcome", outcome_word(o));
	if (callback.status == 0)
		jsonw_null(&w, "webhookStatus");
	else
		jsonw_int(&w, "webhookStatus", callback.status);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	response_json(v->rs, 200, &w);
	return ERR_OK;
}

/* Answers a page, which no cache may keep and no other site may show in a frame. */
static void
show(struct visit *v, int status, const char *page)
{
	assert(page != NULL);
	v->rs->status = status;
	v->rs->content_type = "text/html; charset=utf-8";
	v->rs->body = page;
	v->rs->body_len = strlen(page);
	response_header(v->rq, v->rs, "Content-Security-Policy", v->g->policy);
	response_header(v->rq, v->rs, "Cache-Control", "no-store");
	response_header(v->rq, v->rs, "Referrer-Policy", "no-referrer");
	response_header(v->rq, v->rs, "X-Content-Type-Options", "nosniff");
}

void
checkout_error(struct visit *v, enum err e)
{
	show(v, err_status(e, FACE_V1),
	     page_error(v->rq->ctx, v->message != NULL ? v->message : err_text(e)));
}

enum err
checkout_get(struct visit *v)
{
	char *(*page)(TALLOC_CTX * ctx, const struct ledger_session *s);
	struct ledger_session s;
	enum err e;

	assert(v->id != NULL); /* its route has {id} */
	if ((e = ledger_get(v->g->pool, v->rq->ctx, v->id, &s)) != ERR_OK)
		return e;
	page = s.outcome == OUTCOME__MAX && !s.lapsed ? page_pay : page_over;
	show(v, 200, page(v->rq->ctx, &s));
	return ERR_OK;
}

/* The button that was pressed. */
static enum err
read_button(struct visit *v, enum outcome *out)
{
	const struct request form = { .ctx = v->rq->ctx, .query = v->rq->body };
	const char *word = request_query(&form, "outcome");

	*out = word == NULL ? OUTCOME__MAX : outcome_of_word(word);
	if (*out == OUTCOME__MAX)
		v->message = "Press one of the buttons";
	return *out == OUTCOME__MAX ? ERR_VALIDATION_ERROR : ERR_OK;
}

enum err
checkout_post(struct visit *v)
{
	struct callback callback;
	enum outcome o;
	struct ledger_session s;
	enum err e;

	assert(v->id != NULL);
	if ((e = visit_body(v, "application/x-www-form-urlencoded")) != ERR_OK ||
	    (e = read_button(v, &o)) != ERR_OK ||
	    (e = ledger_get(v->g->pool, v->rq->ctx, v->id, &s)) != ERR_OK ||
	    (e = end(v, &s, o, &callback)) != ERR_OK)
		return e;
	/* The page that says so may be loaded again without ending anything again. */
	v->rs->status = 303;
	response_header(v->rq, v->rs, "Location",
	                talloc_asprintf(v->rq->ctx, CHECKOUT_PATH "%s", s.id));
	return ERR_OK;
}
