/*
 * Reading a request's fields: members of the body, arguments of the path, parameters of the query
 * string.
 */

#include "api/request/decode.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

#define TIME_MOST 64 /* bytes that are read of a time */

void
decode_fault(struct api *a, const char *field, const char *why)
{
	assert(field != NULL && why != NULL && a->n_faults <= API_MAX_FAULTS);
	for (size_t i = 0; i < a->n_faults; i++) {
		if (strcmp(a->fault[i].field, field) == 0)
			return; /* the first reason is enough */
	}
	if (a->n_faults == API_MAX_FAULTS)
		return;
	a->fault[a->n_faults].field = talloc_strdup(a->rq->ctx, field);
	a->fault[a->n_faults++].why = talloc_strdup(a->rq->ctx, why);
}

enum err
decode_done(struct api *a)
{
	return a->n_faults == 0 ? ERR_OK : ERR_VALIDATION_ERROR;
}

/* What the API says about a fault; where there is a number in it, the text is made. */
static const char *const wordings[JSON_WRONG__MAX] = {
	[JSON_MISSING] = "is required",
	[JSON_NO_STRING] = "must be a string",
	[JSON_TEXT_SHORT] = "must not be empty",
	[JSON_TEXT_CONTROL] = "must not hold control characters",
	[JSON_NO_TIME] = "must be an RFC 3339 time such as 2026-01-31T19:30:00Z",
	[JSON_NO_NUMBER] = "must be a number",
	[JSON_NO_BOOL] = "must be true or false",
	[JSON_NO_OBJECT] = "must be an object",
	[JSON_NO_ARRAY] = "must be a list of seat ids", /* the only lists there are */
	[JSON_NOT_KNOWN] = "is not a field of this request",
};

static const char *
range_text(struct api *a, int64_t least, int64_t most)
{
	return talloc_asprintf(a->rq->ctx, "must be a whole number from %lld to %lld",
	                       (long long)least, (long long)most);
}

/* Notes a fault of a member of the body, for base/json_member. */
static void
member_fault(void *arg, const char *name, const struct json_member_fault *fault)
{
	struct api *a = arg;
	const char *why = wordings[fault->wrong];

	if (fault->wrong == JSON_TEXT_LONG)
		why = talloc_asprintf(a->rq->ctx, "is longer than %lld bytes",
		                      (long long)fault->most);
	if (fault->wrong == JSON_NO_WHOLE)
		why = range_text(a, fault->least, fault->most);
	assert(why != NULL);
	decode_fault(a, name, why);
}

/* The members of the body, for base/json_member. */
static struct json_members
body_of(struct api *a)
{
	return (struct json_members){ .object = a->body, .fault = member_fault, .arg = a };
}

void
decode_known(struct api *a, const char *const *names)
{
	const struct json_members body = body_of(a);

	assert(names != NULL);
	json_member_known(&body, names);
}

const cJSON *
decode_any(const cJSON *object, const char *name)
{
	return json_member_of(object, name);
}

const char *
decode_text(struct api *a, const char *name, enum need need, size_t least, size_t most)
{
	const struct json_members body = body_of(a);

	return json_member_text(&body, name, need, least, most);
}

int64_t
decode_int(struct api *a, const char *name, enum need need, int64_t least, int64_t most,
           int64_t fallback)
{
	const struct json_members body = body_of(a);
	int64_t n = fallback;

	json_member_int(&body, name, need, least, most, &n);
	return n;
}

bool
decode_bool(struct api *a, const char *name, enum need need, bool fallback)
{
	const struct json_members body = body_of(a);
	bool b = fallback;

	json_member_bool(&body, name, need, &b);
	return b;
}

int64_t
decode_time(struct api *a, const char *name, enum need need)
{
	const struct json_members body = body_of(a);
	int64_t at_us = -1;

	json_member_time(&body, name, need, TIME_MOST, &at_us);
	return at_us;
}

const cJSON *
decode_object(struct api *a, const char *name, enum need need)
{
	const struct json_members body = body_of(a);

	return json_member_object(&body, name, need);
}

/*
 * An event's number, out of its UUID or its number; 0 when the text is neither, -1 for a UUID that
 * is none of an event.
 */
static int32_t
event_of_text(const char *text)
{
	struct uuid u;
	int32_t id, seat;
	char *end;
	long n;

	if (uuid_parse(text, &u))
		return uuid_seat(&u, &id, &seat) && seat == 0 ? id : -1;
	if (*text < '1' || *text > '9')
		return 0;
	errno = 0;
	n = strtol(text, &end, 10);
	return errno == 0 && *end == '\0' && n <= INT32_MAX ? (int32_t)n : 0;
}

int32_t
decode_event(struct api *a, const char *name)
{
	const struct json_members body = body_of(a);
	const cJSON *item = json_member(&body, name, REQUIRED);
	int64_t number = 0;
	int32_t id;

	if (item == NULL)
		return 0;
	if (cJSON_IsString(item))
		id = event_of_text(item->valuestring);
	else
		id = json_member_is_whole(item, 1, INT32_MAX, &number) ? (int32_t)number : 0;
	if (id == 0)
		decode_fault(a, name, "must be the id or the number of an event");
	return id;
}

int32_t
decode_query_event(struct api *a, const char *name)
{
	const char *text = request_query(a->rq, name);
	int32_t id = text == NULL ? 0 : event_of_text(text);

	if (text != NULL && id <= 0) {
		decode_fault(a, name, "must be the id or the number of an event");
		return 0;
	}
	return id;
}

enum err
decode_event_arg(struct api *a, const char *text, int32_t *id)
{
	*id = event_of_text(text);
	if (*id == 0)
		decode_fault(a, "id", "must be the id or the number of an event");
	return *id == -1 ? ERR_EVENT_NOT_FOUND : decode_done(a);
}

enum err
decode_uuid_arg(struct api *a, const char *text, struct uuid *id)
{
	if (!uuid_parse(text, id))
		decode_fault(a, "id", "must be a UUID");
	return decode_done(a);
}

enum err
decode_booking_arg(struct api *a, const char *text, struct uuid *id)
{
	if (uuid_parse(text, id))
		uuid_text(id, a->booking);
	return decode_uuid_arg(a, text, id);
}

/* The number of a seat id of this event; 0 when it is no UUID, -1 when none of this event. */
static int32_t
seat_of(const cJSON *item, int32_t event_id)
{
	struct uuid u;
	int32_t event, no;

	if (!cJSON_IsString(item) || !uuid_parse(item->valuestring, &u))
		return 0;
	return uuid_seat(&u, &event, &no) && event == event_id && no > 0 ? no : -1;
}

static void
check_distinct(struct api *a, const char *name, int32_t *seats, size_t n)
{
	qsort(seats, n, sizeof(*seats), compare_i32);
	for (size_t i = 1; i < n; i++) {
		if (seats[i] == seats[i - 1])
			decode_fault(a, name, "names a seat twice");
	}
}

enum err
decode_seats(struct api *a, const char *name, int32_t event_id, size_t most, int32_t *out,
             size_t *n)
{
	const struct json_members body = body_of(a);
	const cJSON *list = json_member_array(&body, name, REQUIRED);
	const char *foreign = NULL;
	const cJSON *item;

	assert(event_id > 0 || a->n_faults > 0); /* a missing event was noted */
	*n = 0;
	cJSON_ArrayForEach(item, list) {
		if (*n == most) {
			decode_fault(a, name,
			             talloc_asprintf(a->rq->ctx, "at most %zu seats at once",
			                             most));
			return ERR_OK;
		}
		out[*n] = seat_of(item, event_id);
		if (out[*n] == 0)
			decode_fault(a, talloc_asprintf(a->rq->ctx, "%s[%zu]", name, *n),
			             "must be a seat id");
		if (out[*n] == -1)
			foreign = item->valuestring;
		(*n)++;
	}
	if (*n == 0)
		decode_fault(a, name, "must name at least one seat");
	if (a->n_faults == 0 && foreign != NULL) {
		a->details = talloc_asprintf(a->rq->ctx, "{\"unknownSeatIds\":[\"%s\"]}", foreign);
		return ERR_SEAT_NOT_FOUND; /* the text was a UUID: nothing in it to escape */
	}
	check_distinct(a, name, out, *n);
	return ERR_OK;
}

int64_t
decode_query_int(struct api *a, const char *name, int64_t least, int64_t most, int64_t fallback)
{
	const char *text = request_query(a->rq, name);
	char *end;
	long long n;

	assert(least <= most);
	if (text == NULL)
		return fallback;
	errno = 0;
	n = strtoll(text, &end, 10);
	if (*text < '0' || *text > '9' || errno != 0 || *end != '\0' || n < least || n > most) {
		decode_fault(a, name, range_text(a, least, most));
		return fallback;
	}
	return n;
}
