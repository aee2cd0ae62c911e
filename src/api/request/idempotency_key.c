/* The header Idempotency-Key: reading it, answering as before, and storing what was refused. */

#include "api/request/idempotency_key.h"

#include <assert.h>
#include <string.h>

#include "api/app.h"
#include "api/request/decode.h"
#include "api/request/reply.h"

#define KEY_MOST 255
#define FIELD    "Idempotency-Key"

/*
 * "POST /api/booking/{id}/pay", with what stands for {id}: a key is one route's and one booking's.
 */
static const char *
route_text(const struct api *a)
{
	char *text = talloc_strdup(a->rq->ctx, method_name(a->route->key.method));
	const char *p = a->route->key.pattern;

	text = talloc_strdup_append(text, " ");
	for (size_t args = 0; *p != '\0'; p += strcspn(p, "/")) {
		p += strspn(p, "/");
		assert(args <= ROUTE_ARGS);
		if (*p == '{')
			text = talloc_asprintf_append(text, "/%s", a->arg[args++]);
		else
			text = talloc_asprintf_append(text, "/%.*s", (int)strcspn(p, "/"), p);
	}
	return text;
}

static bool
is_key(const char *text)
{
	size_t n = 0;

	while (text[n] > ' ' && text[n] <= '~')
		n++;
	return n >= 1 && n <= KEY_MOST && text[n] == '\0';
}

enum err
idempotency_key_begin(struct api *a, bool *replayed)
{
	const char *key = request_header(a->rq, "HTTP_IDEMPOTENCY_KEY");
	struct idempotent *k;
	enum err e;

	assert(a->route != NULL && a->idempotent == NULL);
	*replayed = false;
	if (key == NULL || (a->route->access & TAKES_KEY) == 0)
		return ERR_OK;
	if (!is_key(key)) {
		decode_fault(a, FIELD, "must be 1 to 255 visible ASCII characters");
		return ERR_VALIDATION_ERROR;
	}
	assert(a->who.sub != NULL); /* no route that takes a key is public */
	k = talloc_zero(a->rq->ctx, struct idempotent);
	k->ctx = a->rq->ctx;
	k->principal = a->who.sub;
	k->route = route_text(a);
	k->key = key;
	digest_sha256(a->rq->body == NULL ? "" : a->rq->body, a->rq->body_len, k->hash);
	if ((e = idempotency_find(a->app->pool, k, replayed)) != ERR_OK)
		return e;
	if (*replayed)
		reply_respond(a, &k->reply, true);
	else
		a->idempotent = k;
	return ERR_OK;
}

enum err
idempotency_key_known(struct api *a, enum err e)
{
	bool found;

	if (e != ERR_KEY_KNOWN)
		return e;
	assert(a->idempotent != NULL); /* only a request with a key can meet it */
	e = idempotency_find(a->app->pool, a->idempotent, &found);
	if (e != ERR_OK || !found)
		return e == ERR_OK ? ERR_IDEMPOTENCY_IN_PROGRESS : e;
	a->idempotent->stored = true;
	reply_respond(a, &a->idempotent->reply, true);
	return ERR_OK;
}

/*
 * Whether an answer says what will be said each time, and not how things stand just now. A token or
 * a body that was refused may be right when the request is sent again.
 */
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
	struct idempotent *k = a->idempotent;
	bool other;

	if (k == NULL || k->stored || a->rs->body == NULL || !is_lasting(a->rs->status, e))
		return;
	k->reply = (struct reply){ a->rs->status, e == ERR_OK ? k->reply.location : NULL,
		                   a->rs->body };
	if (idempotency_offer(a->app->pool, k, &other) == ERR_OK && other)
		reply_respond(a, &k->reply, true);
}
