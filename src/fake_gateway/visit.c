/* A request to the fake gateway on its way: its body, and how an error is answered. */
#include "fake_gateway/visit.h"

#include <assert.h>

#include "base/json_write.h"
#include "http/request_body.h"

#define BODY_MOST (64 * 1024) /* bytes */

enum err
visit_body(struct visit *v, const char *type)
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

void
visit_error(struct visit *v, enum err e)
{
	struct jsonw w;

	assert(e != ERR_OK);
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
