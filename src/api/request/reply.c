/* Answers that are stored with the effect of their request, before they are sent. */

#include "api/request/reply.h"

#include <assert.h>
#include <string.h>

void
reply_respond(struct api *a, const struct reply *reply, bool replayed)
{
	assert(reply->body != NULL && reply->status >= 200);
	*a->rs = (struct response){ .status = reply->status,
		                    .body = reply->body,
		                    .body_len = strlen(reply->body) };
	if (reply->location != NULL)
		response_header(a->rq, a->rs, "Location", reply->location);
	if (replayed)
		response_header(a->rq, a->rs, "Idempotent-Replayed", "true");
}

struct idempotent *
reply_prepare(struct api *a, idempotency_render render, void *arg)
{
	assert(render != NULL && (a->route->access & TAKES_KEY) != 0);
	if (a->idempotent != NULL) {
		a->idempotent->render = render;
		a->idempotent->arg = arg;
	}
	return a->idempotent;
}

void
reply_send(struct api *a, idempotency_render render, void *arg, const void *what)
{
	struct reply reply;

	if (reply_send_stored(a))
		return;
	render(arg, what, &reply);
	if (a->idempotent != NULL)
		a->idempotent->reply = reply;
	reply_respond(a, &reply, false);
}

bool
reply_send_stored(struct api *a)
{
	if (a->idempotent == NULL || !a->idempotent->stored)
		return false;
	reply_respond(a, &a->idempotent->reply, false);
	return true;
}

struct reply
reply_close(struct jsonw *w, int status, const char *location)
{
	jsonw_close(w, '}');
	return (struct reply){ status, location, jsonw_text(w) };
}
