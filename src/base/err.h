#ifndef ROWLOCK_BASE_ERR_H
#define ROWLOCK_BASE_ERR_H

/* Marks a function whose result must be looked at. */
#define MUST_CHECK __attribute__((warn_unused_result))

/* ERR_OK, and one value for each line of err.def. */
enum err {
	ERR_OK = 0,
#define ERR(name, v1, queue, cinema, text) ERR_##name,
#include "base/err.def"
#undef ERR
	ERR__MAX
};

/* The three sets of URLs; an error has a status and a shape in each. */
enum face { FACE_V1, FACE_QUEUE, FACE_CINEMA, FACE__MAX };

/* The error's name as callers see it; inner errors are "UNAVAILABLE". Never NULL. */
const char *err_code(enum err e);

/* The error's own name, for logs. Never NULL. */
const char *err_name(enum err e);

/* The default text for people. Never NULL. */
const char *err_text(enum err e);

/* The HTTP status of an error in a face: 200 for ERR_OK, else 400 to 599. */
int err_status(enum err e, enum face f);

#endif
