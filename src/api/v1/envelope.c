/* What the answers of /api/v1 are wrapped in. */

#include "api/v1/envelope.h"

#include <assert.h>

void
v1_open(struct api *a, struct jsonw *w, size_t room)
{
	jsonw_init(w, a->rq->ctx, room);
	jsonw_open(w, NULL, '{');
	jsonw_bool(w, "success", true);
}

void
v1_close(struct api *a, struct jsonw *w, int status)
{
	assert(status >= 200 && status < 300); /* errors have a shape of their own: face_error */
	jsonw_close(w, '}');
	response_json(a->rs, status, w);
}

void
v1_list_open(struct api *a, struct jsonw *w)
{
	v1_open(a, w, 4096);
	jsonw_open(w, "data", '{');
	jsonw_open(w, "items", '[');
}

void
v1_list_close(struct api *a, struct jsonw *w, int32_t page, int32_t limit, int64_t total)
{
	assert(page >= 1 && limit >= 1);
	jsonw_close(w, ']');
	jsonw_open(w, "pagination", '{');
	jsonw_int(w, "page", page);
	jsonw_int(w, "limit", limit);
	jsonw_int(w, "total", total);
	jsonw_bool(w, "hasMore", (int64_t)page * limit < total);
	jsonw_close(w, '}');
	jsonw_close(w, '}');
	v1_close(a, w, 200);
}
