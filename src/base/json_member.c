/* Reading the typed members of a JSON object; what is wrong goes to one call-back. */
#include "base/json_member.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/clock.h"
#include "base/utf8.h"

#define EXACT_MOST 9007199254740992.0 /* 2^53: above it a double skips whole numbers */

static void
report(const struct json_members *m, const char *name, enum json_wrong wrong, int64_t least,
       int64_t most)
{
	const struct json_member_fault fault = { wrong, least, most };

	assert(wrong < JSON_WRONG__MAX);
	if (m->fault != NULL)
		m->fault(m->arg, name, &fault);
}

const cJSON *
json_member_of(const cJSON *object, const char *name)
{
	assert(name != NULL);
	return cJSON_GetObjectItemCaseSensitive(object, name);
}

const cJSON *
json_member(const struct json_members *m, const char *name, enum need need)
{
	const cJSON *item = json_member_of(m->object, name);

	if (item != NULL && !(m->null_is_absent && cJSON_IsNull(item)))
		return item;
	if (need == REQUIRED)
		report(m, name, JSON_MISSING, 0, 0);
	return NULL;
}

/* A member that is there and of a kind. */
static const cJSON *
of_kind(const struct json_members *m, const char *name, enum need need,
        cJSON_bool (*is_kind)(const cJSON *), enum json_wrong otherwise)
{
	const cJSON *item = json_member(m, name, need);

	if (item == NULL || is_kind(item))
		return item;
	report(m, name, otherwise, 0, 0);
	return NULL;
}

const char *
json_member_string(const struct json_members *m, const char *name, enum need need)
{
	const cJSON *item = of_kind(m, name, need, cJSON_IsString, JSON_NO_STRING);

	return item == NULL ? NULL : item->valuestring;
}

const char *
json_member_text(const struct json_members *m, const char *name, enum need need, size_t least,
                 size_t most)
{
	const cJSON *item = json_member(m, name, need);
	enum json_wrong wrong;
	size_t n;

	assert(least <= most && most < INT64_MAX);
	if (item == NULL)
		return NULL;
	n = cJSON_IsString(item) ? strlen(item->valuestring) : 0;
	if (!cJSON_IsString(item))
		wrong = JSON_NO_STRING;
	else if (n < least || n > most)
		wrong = n < least ? JSON_TEXT_SHORT : JSON_TEXT_LONG;
	else if (!utf8_is_clean(item->valuestring))
		wrong = JSON_TEXT_CONTROL;
	else
		return item->valuestring;
	report(m, name, wrong, (int64_t)least, (int64_t)most);
	return NULL;
}

bool
json_member_uuid(const struct json_members *m, const char *name, enum need need, size_t most,
                 struct uuid *out)
{
	const char *text = json_member_text(m, name, need, 1, most);
	struct uuid u;

	if (text == NULL)
		return false;
	if (!uuid_parse(text, &u)) {
		report(m, name, JSON_NO_UUID, 0, 0);
		return false;
	}
	*out = u;
	return true;
}

bool
json_member_time(const struct json_members *m, const char *name, enum need need, size_t most,
                 int64_t *at_us)
{
	const char *text = json_member_text(m, name, need, 1, most);
	int64_t at;

	if (text == NULL)
		return false;
	if (!clock_parse(text, &at)) {
		report(m, name, JSON_NO_TIME, 0, 0);
		return false;
	}
	*at_us = at;
	return true;
}

bool
json_member_number(const struct json_members *m, const char *name, enum need need, double *out)
{
	const cJSON *item = of_kind(m, name, need, cJSON_IsNumber, JSON_NO_NUMBER);

	if (item != NULL)
		*out = item->valuedouble;
	return item != NULL;
}

bool
json_member_is_whole(const cJSON *value, int64_t least, int64_t most, int64_t *out)
{
	double d;

	assert(least <= most);
	if (!cJSON_IsNumber(value))
		return false;
	d = value->valuedouble;
	/* floor(d) >= d: d is whole. An infinity is not within 2^53. */
	if (!(fabs(d) <= EXACT_MOST && floor(d) >= d))
		return false;
	if ((int64_t)d < least || (int64_t)d > most)
		return false;
	*out = (int64_t)d;
	return true;
}

bool
json_member_int(const struct json_members *m, const char *name, enum need need, int64_t least,
                int64_t most, int64_t *out)
{
	const cJSON *item = json_member(m, name, need);

	if (item == NULL)
		return false;
	if (json_member_is_whole(item, least, most, out))
		return true;
	report(m, name, cJSON_IsNumber(item) ? JSON_NO_WHOLE : JSON_NO_NUMBER, least, most);
	return false;
}

bool
json_member_i32(const struct json_members *m, const char *name, enum need need, int32_t least,
                int32_t most, int32_t *out)
{
	int64_t n;

	if (!json_member_int(m, name, need, least, most, &n))
		return false;
	*out = (int32_t)n;
	return true;
}

bool
json_member_bool(const struct json_members *m, const char *name, enum need need, bool *out)
{
	const cJSON *item = of_kind(m, name, need, cJSON_IsBool, JSON_NO_BOOL);

	if (item != NULL)
		*out = cJSON_IsTrue(item);
	return item != NULL;
}

const cJSON *
json_member_object(const struct json_members *m, const char *name, enum need need)
{
	return of_kind(m, name, need, cJSON_IsObject, JSON_NO_OBJECT);
}

const cJSON *
json_member_array(const struct json_members *m, const char *name, enum need need)
{
	return of_kind(m, name, need, cJSON_IsArray, JSON_NO_ARRAY);
}

void
json_member_known(const struct json_members *m, const char *const *names)
{
	const cJSON *item;

	assert(names != NULL);
	cJSON_ArrayForEach(item, m->object) {
		size_t i = 0;

		while (names[i] != NULL && strcmp(names[i], item->string) != 0)
			i++;
		if (names[i] == NULL)
			report(m, item->string, JSON_NOT_KNOWN, 0, 0);
	}
}
