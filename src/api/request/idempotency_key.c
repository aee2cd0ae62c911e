#include "api/request/idempotency_key.h"

#include <string.h>

#include "api/request/decode.h"

#define KEY_MOST 255
#define FIELD    "Idempotency-Key"

/* "POST /api/booking/{id}/pay", with what stands for {id}. */
static const char *
route_text(const struct api *a)
{
	char *text = talloc_strdup(a->rq->ctx, method_name(a->route->key.method));
	const char *p = a->route->key.pattern;

	text = talloc_strdup_append(text, " ");
	for (size_t args = 0; *p != '\0'; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		if (*p == '{')
			text = talloc_asprintf_append(text, "/%s", a->arg[args++]);
		else
			text = talloc_asprintf_append(text, "/%.*s", (int)strcspn(p, "/"), p);
	}
	return text;
}

/* Whether it is 1 to KEY_MOST visible characters of ASCII. */
static bool
is_key(const char *text)
{
	size_t n = 0;

	while (text[n] > ' ' && text[n] <= '~')
		n++;
	return n >= 1 && n <= KEY_MOST && text[n] == '\0';
}

/* Answers with what is stored. */
static void
give(struct api *a, const struct reply *reply, bool replayed)
{
	*a->rs = (struct response){ .status = reply->status,
		                    .body = reply->body,
		                    .body_len = strlen(reply->body) };
	if (reply->location != NULL)
		response_header(a->rq, a->rs, "Location", reply->location);
	if (replayed)
		response_header(a->rq, a->rs, "Idempotent-Replayed", "true");
}

enum err
idempotency_key_begin(struct api *a, bool *replayed)
{
	const char *key = request_header(a->rq, "HTTP_IDEMPOTENCY_KEY");
	struct idempotent *k;
	enum err e;

	*replayed = false;
	if (key == NULL || (a->route->who & KEYED) == 0)
		return ERR_OK;
	if (!is_key(key)) {
		decode_fault(a, FIELD, "must be 1 to 255 visible ASCII characters");
		return ERR_VALIDATION_ERROR;
	}
	k = talloc_zero(a->rq->ctx, struct idempotent);
	k->ctx = a->rq->ctx;
	k->principal = a->who.sub;
	k->route = route_text(a);
	k->key = key;
	digest_sha256(a->rq->body == NULL ? "" : a->rq->body, a->rq->body_len, k->hash);
	if ((e = idempotency_find(a->app->pool, k, replayed)) != ERR_OK)
		return e;
	if (*replayed)
		give(a, &k->reply, true);
	else
		a->keyed = k;
	return ERR_OK;
}

enum err
idempotency_key_known(struct api *a, enum err e)
{
	bool found;

	if (e != ERR_KEY_KNOWN)
		return e;
	e = idempotency_find(a->app->pool, a->keyed, &found);
	if (e != ERR_OK || !found)
		return e == ERR_OK ? ERR_IDEMPOTENCY_IN_PROGRESS : e;
	a->keyed->stored = true;
	give(a, &a->keyed->reply, true);
	return ERR_OK;
}

/* Whether an answer says what will be said for ever, and not how things stand just now. */
static bool
is_lasting(int status, enum err e)
{
	static const int passing[] = { 401, 403, 408, 413, 415, 429 };

	for (size_t i = 0; i < sizeof(passing) / sizeof(passing[0]); i++) {
		if (status == passing[i])
			return false;
	}
	return status < 500 && e != ERR_IDEMPOTENCY_IN_PROGRESS && e != ERR_IDEMPOTENCY_MISMATCH;
}

void
idempotency_key_end(struct api *a, enum err e)
{
	struct idempotent *k = a->keyed;
	bool other;

	if (k == NULL || k->stored || a->rs->body == NULL || !is_lasting(a->rs->status, e))
		return;
	k->reply = (struct reply){ a->rs->status, e == ERR_OK ? k->reply.location : NULL,
		                   a->rs->body };
	if (idempotency_offer(a->app->pool, k, &other) == ERR_OK && other)
		give(a, &k->reply, true);
}

struct idempotent *
api_keyed(struct api *a, idempotency_render render, void *arg)
{
	if (a->keyed != NULL) {
		a->keyed->render = render;
		a->keyed->arg = arg;
	}
	return a->keyed;
}

void
api_answer(struct api *a, idempotency_render render, void *arg, const void *what)
{
	struct reply reply;

	if (a->keyed != NULL && a->keyed->stored)
		reply = a->keyed->reply;
	else
		render(arg, what, &reply);
	if (a->keyed != NULL)
		a->keyed->reply = reply;
	give(a, &reply, false);
}

struct reply
api_reply(struct jsonw *w, int status, const char *location)
{
	jsonw_close(w, '}');
	return (struct reply){ status, location, jsonw_text(w) };
}
