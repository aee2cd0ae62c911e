#ifndef ROWLOCK_API_REQUEST_DECODE_H
#define ROWLOCK_API_REQUEST_DECODE_H

#include "api/request/api.h"
#include "base/json_member.h"

/*
 * Reading a request's fields. Each function notes what is wrong under the field's name and
 * goes on, so that an answer names every fault; decode_done says whether there were any.
 */

/* Notes a fault; both strings are copied. */
void decode_fault(struct api *a, const char *field, const char *why);

/* ERR_OK, or VALIDATION_ERROR when a fault was noted. */
enum err decode_done(struct api *a) MUST_CHECK;

/* Faults every member of the body that is not in the list, which ends in NULL (/api/v1). */
void decode_known(struct api *a, const char *const *names);

/* Text of least to most bytes, without control characters; NULL when absent or faulty. */
const char *decode_text(struct api *a, const char *name, enum need need, size_t least, size_t most);

/* A whole number from least to most; fallback when absent or faulty. */
int64_t decode_int(struct api *a, const char *name, enum need need, int64_t least, int64_t most,
                   int64_t fallback);

/* true or false; fallback when absent or faulty. */
bool decode_bool(struct api *a, const char *name, enum need need, bool fallback);

/* An RFC 3339 instant; -1 when absent or faulty. */
int64_t decode_time(struct api *a, const char *name, enum need need);

/* An object member; NULL when absent or faulty. */
const cJSON *decode_object(struct api *a, const char *name, enum need need);

/* Any member of an object, by its exact name, or NULL. */
const cJSON *decode_any(const cJSON *object, const char *name);

/*
 * An event: its UUID, its number, or its number as text; 0 when absent or faulty, -1 for a
 * UUID that is no event's.
 */
int32_t decode_event(struct api *a, const char *name);

/* An event in the query string, likewise; 0 when absent or faulty. */
int32_t decode_query_event(struct api *a, const char *name);

/* An event in the path. Errors: VALIDATION_ERROR (noted under "id"). */
enum err decode_event_arg(struct api *a, const char *text, int32_t *id) MUST_CHECK;

/* A UUID in the path, likewise. */
enum err decode_uuid_arg(struct api *a, const char *text, struct uuid *id) MUST_CHECK;

/* The id of the booking that the request is about, likewise. */
enum err decode_booking_arg(struct api *a, const char *text, struct uuid *id) MUST_CHECK;

/*
 * Seat ids of an event: 1 to most distinct ones, sorted into out; *n is how many. Faults are
 * noted. Errors: SEAT_NOT_FOUND (a UUID that is no seat of this event).
 */
enum err decode_seats(struct api *a, const char *name, int32_t event_id, size_t most, int32_t *out,
                      size_t *n) MUST_CHECK;

/* A number in the query string; fallback when absent or faulty. */
int64_t decode_query_int(struct api *a, const char *name, int64_t least, int64_t most,
                         int64_t fallback);

#endif
