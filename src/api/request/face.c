/* The shapes of errors in each face, and what faces spell alike. */

#include "api/request/face.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum face
face_of(const struct request *rq)
{
	const char *second = rq->n_parts > 1 ? rq->part[1] : "";

	if (strcmp(second, "booking") == 0)
		return FACE_QUEUE;
	if (strcmp(second, "bookings") == 0 || strcmp(second, "payments") == 0 ||
	    strcmp(second, "showtimes") == 0)
		return FACE_CINEMA;
	return FACE_V1;
}

/*
 * {"fields":{name: reason}} of the faults that were noted. A field's name may be any text that the
 * caller sent.
 */
static char *
fault_details(struct api *a)
{
	struct jsonw w;

	jsonw_init(&w, a->rq->ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_open(&w, "fields", '{');
	for (size_t i = 0; i < a->n_faults; i++) {
		jsonw_name(&w, a->fault[i].field);
		jsonw_str(&w, NULL, a->fault[i].why);
	}
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

/* {"success":false,"error":{"code","message","details"?}} */
static void
error_v1(struct jsonw *w, const char *code, const char *message, const char *details)
{
	jsonw_bool(w, "success", false);
	jsonw_open(w, "error", '{');
	jsonw_str(w, "code", code);
	jsonw_str(w, "message", message);
	if (details != NULL)
		jsonw_raw(w, "details", details);
	jsonw_close(w, '}');
}

/* {"detail","code","details"?} */
static void
error_queue(struct jsonw *w, const char *code, const char *message, const char *details)
{
	jsonw_str(w, "detail", message);
	jsonw_str(w, "code", code);
	if (details != NULL)
		jsonw_raw(w, "details", details);
}

/* {"error","code","details"?} */
static void
error_cinema(struct jsonw *w, const char *code, const char *message, const char *details)
{
	jsonw_str(w, "error", message);
	jsonw_str(w, "code", code);
	if (details != NULL)
		jsonw_raw(w, "details", details);
}

static void (*const error_shapes[FACE__MAX])(struct jsonw *, const char *, const char *,
                                             const char *) = {
	[FACE_V1] = error_v1,
	[FACE_QUEUE] = error_queue,
	[FACE_CINEMA] = error_cinema,
};

void
face_error(struct api *a, enum face face, enum err e)
{
	struct jsonw w;

	assert(face < FACE__MAX && e != ERR_OK);
	if (a->n_faults > 0)
		a->details = fault_details(a);
	jsonw_init(&w, a->rq->ctx, 256);
	jsonw_open(&w, NULL, '{');
	error_shapes[face](&w, err_code(e), a->message != NULL ? a->message : err_text(e),
	                   a->details);
	jsonw_close(&w, '}');
	response_json(a->rs, err_status(e, face), &w);
	if (a->rs->status == 503)
		response_header(a->rq, a->rs, "Retry-After", "1");
	if (a->rs->status == 401)
		response_header(a->rq, a->rs, "WWW-Authenticate", "Bearer");
}

void
face_label(struct jsonw *w, const char *name, const char *label)
{
	size_t n = strlen(label);

	if (n > 0 && n < 10 && strspn(label, "0123456789") == n && (*label != '0' || n == 1))
		jsonw_int(w, name, strtol(label, NULL, 10));
	else
		jsonw_str(w, name, label);
}
