/* Tickets that open a stream once: a browser's EventSource cannot send a header with a token. */

#include <assert.h>

#include "api/app.h"
#include "api/handlers.h"
#include "api/v1/envelope.h"
#include "live/stream_ticket.h"

/*
 * POST /api/v1/stream-tickets: valid for a short time and once, because it stands in a URL, which
 * is logged.
 */
enum err
v1_stream_ticket_create(struct api *a)
{
	struct stream_ticket t = { .user_id = a->who.sub,
		                   .user_name = a->who.name,
		                   .role = role_name(a->who.role) };
	int64_t expires_us;
	struct jsonw w;
	enum err e;

	assert(t.user_id != NULL);
	if ((e = stream_ticket_make(a->app->pool, a->rq->ctx, &t, &expires_us)) != ERR_OK)
		return e;
	v1_open(a, &w, 256);
	jsonw_open(&w, "data", '{');
	jsonw_str(&w, "ticket", t.text);
	jsonw_time(&w, "expiresAt", expires_us);
	jsonw_close(&w, '}');
	v1_close(a, &w, 201);
	response_header(a->rq, a->rs, "Cache-Control", "no-store");
	return ERR_OK;
}
