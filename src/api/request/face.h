#ifndef ROWLOCK_API_REQUEST_FACE_H
#define ROWLOCK_API_REQUEST_FACE_H

#include "api/request/api.h"

/* The face whose shapes a path expects when no route fits (rowlock-api(8)). */
enum face face_of(const struct request *rq);

/* Answers an error, e not ERR_OK, in a face's shape: faults, else message and details of a. */
void face_error(struct api *a, enum face face, enum err e);

/*
 * Writes a printed label, of a seat or a row: as a number when it is a small whole number in its
 * usual spelling, else as text. name: NULL in an array.
 */
void face_label(struct jsonw *w, const char *name, const char *label);

#endif
