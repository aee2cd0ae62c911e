#include "api/request/decode.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/sort.h"
#include "base/utf8.h"

#define ID_MAX       64
#define SAFE_INTEGER 9007199254740992.0 /* 2^53: above it a double skips whole numbers */

void
decode_fault(struct api *a, const char *field, const char *why)
{
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

void
decode_known(struct api *a, const char *const *names)
{
	const cJSON *item;

	cJSON_ArrayForEach(item, a->body) {
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], item->string) != 0)
			i++;
		if (names[i] == NULL)
			decode_fault(a, item->string, "is not a field of this request");
	}
}

const cJSON *
decode_any(const cJSON *object, const char *name)
{
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

/* The member, if it is there and of the kind asked for; notes a fault otherwise. */
static const cJSON *
member(struct api *a, const char *name, enum need need, cJSON_bool (*is_kind)(const cJSON *),
       const char *why)
{
	const cJSON *item = decode_any(a->body, name);

	if (item == NULL) {
		if (need == REQUIRED)
			decode_fault(a, name, "is required");
		return NULL;
	}
	if (!is_kind(item)) {
		decode_fault(a, name, why);
		return NULL;
	}
	return item;
}

const char *
decode_text(struct api *a, const char *name, enum need need, size_t least, size_t most)
{
	const cJSON *item = member(a, name, need, cJSON_IsString, "must be a string");
	size_t n;

	if (item == NULL)
		return NULL;
	n = strlen(item->valuestring);
	if (n < least || n > most || !utf8_is_clean(item->valuestring)) {
		decode_fault(a, name,
		             n < least ? "must not be empty"
		             : n > most
		                 ? talloc_asprintf(a->rq->ctx, "is longer than %zu bytes", most)
		                 : "must not hold control characters");
		return NULL;
	}
	return item->valuestring;
}

/* Whether a JSON number is whole and from least to most. */
static bool
whole_in(double d, int64_t least, int64_t most)
{
	return isfinite(d) && d == floor(d) && fabs(d) <= SAFE_INTEGER && d >= (double)least &&
	       d <= (double)most;
}

static const char *
range_text(struct api *a, int64_t least, int64_t most)
{
	return talloc_asprintf(a->rq->ctx, "must be a whole number from %lld to %lld",
	                       (long long)least, (long long)most);
}

int64_t
decode_int(struct api *a, const char *name, enum need need, int64_t least, int64_t most,
           int64_t fallback)
{
	const cJSON *item = member(a, name, need, cJSON_IsNumber, "must be a number");

	if (item == NULL)
		return fallback;
	if (!whole_in(item->valuedouble, least, most)) {
		decode_fault(a, name, range_text(a, least, most));
		return fallback;
	}
	return (int64_t)item->valuedouble;
}

bool
decode_bool(struct api *a, const char *name, enum need need, bool fallback)
{
	const cJSON *item = member(a, name, need, cJSON_IsBool, "must be true or false");

	return item == NULL ? fallback : cJSON_IsTrue(item);
}

int64_t
decode_time(struct api *a, const char *name, enum need need)
{
	const char *text = decode_text(a, name, need, 1, ID_MAX);
	int64_t at_us;

	if (text == NULL)
		return -1;
	if (!clock_parse(text, &at_us)) {
		decode_fault(a, name, "must be an RFC 3339 time such as 2026-01-31T19:30:00Z");
		return -1;
	}
	return at_us;
}

const cJSON *
decode_object(struct api *a, const char *name, enum need need)
{
	return member(a, name, need, cJSON_IsObject, "must be an object");
}

/* An event's number, or its UUID; 0 when it is neither. */
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
	const cJSON *item = decode_any(a->body, name);
	int32_t id = 0;

	if (item == NULL) {
		decode_fault(a, name, "is required");
		return 0;
	}
	if (cJSON_IsNumber(item) && whole_in(item->valuedouble, 1, INT32_MAX))
		id = (int32_t)item->valuedouble;
	else if (cJSON_IsString(item))
		id = event_of_text(item->valuestring);
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
	const cJSON *list = member(a, name, REQUIRED, cJSON_IsArray, "must be a list of seat ids");
	const char *foreign = NULL;
	const cJSON *item;

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
