#ifndef ROWLOCK_API_V1_ENVELOPE_H
#define ROWLOCK_API_V1_ENVELOPE_H

#include "api/request/api.h"

/* The envelope of /api/v1 (rowlock-api(8)): {"success":true, … }. */

/* Opens it; what is written next are its members. room: bytes that are likely needed */
void v1_open(struct api *a, struct jsonw *w, size_t room);

/* Closes it and makes it the response. */
void v1_close(struct api *a, struct jsonw *w, int status);

/* Opens {"success":true,"data":{"items":[ … of a list; the items are written next. */
void v1_list_open(struct api *a, struct jsonw *w);

/*
 * Closes it with "pagination", and makes it the response, 200.
 *
 * page	from 1
 * limit	items a page
 * total	items of all pages
 */
void v1_list_close(struct api *a, struct jsonw *w, int32_t page, int32_t limit, int64_t total);

#endif
