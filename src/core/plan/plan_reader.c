/* What the readers of the two forms of a plan share: places, faults, and members by path. */
#include "core/plan/plan_reader.h"

#include <assert.h>
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "base/money.h"
#include "base/utf8.h"

#define COORDINATE_MOST 1e9 /* in the units of the plan, which are its own */

/* --- Faults. --- */

char *
plan_path(TALLOC_CTX *ctx, const struct plan_at *at)
{
	char *path;

	assert(ctx != NULL);
	if (at == NULL || at->name == NULL)
		return talloc_strdup(ctx, "");
	path = plan_path(ctx, at->up);
	path = talloc_asprintf_append(path, "%s%s", *path == '\0' ? "" : ".", at->name);
	if (at->index != PLAN_NO_INDEX)
		path = talloc_asprintf_append(path, "[%lld]", (long long)at->index);
	return path;
}

void
plan_fault(struct plan_reader *r, const struct plan_at *at, const char *format, ...)
{
	const size_t n = r->faults->n;
	va_list args;

	assert(n <= PLAN_MAX_FAULTS);
	r->faults->total++;
	if (n == PLAN_MAX_FAULTS)
		return;
	va_start(args, format);
	r->faults->fault[n].path = plan_path(r->faults_ctx, at);
	r->faults->fault[n].why = talloc_vasprintf(r->faults_ctx, format, args);
	va_end(args);
	r->faults->n++;
}

/* What a plan says about a fault in which there is no number. */
static const char *const wordings[JSON_WRONG__MAX] = {
	[JSON_MISSING] = "is missing",
	[JSON_NO_BOOL] = "must be true or false",
	[JSON_NO_OBJECT] = "must be an object",
	[JSON_NO_ARRAY] = "must be a list",
};

/* Of members and of elements, in the same words. */
static void
fault_of_integer(struct plan_reader *r, const struct plan_at *at, int64_t least, int64_t most)
{
	plan_fault(r, at, "must be an integer from %lld to %lld", (long long)least,
	           (long long)most);
}

/* A name that may be shown is part of the path; another is not. */
static void
fault_of_unknown(const struct plan_object *o, const char *name)
{
	const size_t n = strlen(name);

	assert(o->m.object != NULL);
	if (n > 0 && n <= PLAN_MAX_LABEL && utf8_is_clean(name))
		plan_fault(o->r, PLAN_MEMBER(o->at, name), "is not known");
	else
		plan_fault(o->r, o->at, "has a member that is not known");
}

/* Notes a fault that json_member found, under the member's path. */
static void
member_fault(void *arg, const char *name, const struct json_member_fault *fault)
{
	const struct plan_object *o = arg;
	const struct plan_at *at = PLAN_MEMBER(o->at, name);
	const enum json_wrong wrong = fault->wrong;

	if (wrong == JSON_NOT_KNOWN) {
		fault_of_unknown(o, name);
	} else if (wrong == JSON_NO_NUMBER || wrong == JSON_NO_WHOLE) {
		fault_of_integer(o->r, at, fault->least, fault->most);
	} else if (wrong == JSON_NO_STRING || wrong == JSON_TEXT_SHORT || wrong == JSON_TEXT_LONG ||
	           wrong == JSON_TEXT_CONTROL) {
		assert(fault->least == 1); /* json_member_text, never json_member_string */
		plan_fault(o->r, at, "must be a text of 1 to %lld bytes without control characters",
		           (long long)fault->most);
	} else {
		assert(wordings[wrong] != NULL);
		plan_fault(o->r, at, "%s", wordings[wrong]);
	}
}

/* --- Members. --- */

bool
plan_object_begin(struct plan_object *o, struct plan_reader *r, const struct plan_at *at,
                  const cJSON *value)
{
	assert(r != NULL && value != NULL);
	*o = (struct plan_object){ .r = r };
	if (at != NULL) {
		o->place = *at;
		o->at = &o->place;
	}
	o->m = (struct json_members){ .object = value, .fault = member_fault, .arg = o };
	if (!cJSON_IsObject(value))
		plan_fault(r, at, "must be an object");
	return cJSON_IsObject(value);
}

const char *
plan_object_label(const struct plan_object *o, const char *name, enum need need)
{
	assert(o->m.arg == o);
	return json_member_text(&o->m, name, need, 1, PLAN_MAX_LABEL);
}

bool
plan_object_coordinate(const struct plan_object *o, const char *name, double *out)
{
	const cJSON *item = json_member(&o->m, name, REQUIRED);

	assert(o->m.arg == o); /* it was not copied */
	if (item == NULL)
		return false;
	if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= COORDINATE_MOST)) {
		plan_fault(o->r, PLAN_MEMBER(o->at, name), "must be a number between -1e9 and 1e9");
		return false;
	}
	*out = item->valuedouble;
	return true;
}

bool
plan_object_price(const struct plan_object *o, double *out)
{
	const cJSON *item = json_member(&o->m, "price", OPTIONAL);

	assert(o->m.arg == o && out != NULL);
	if (item == NULL)
		return false;
	if (!cJSON_IsNumber(item) ||
	    !(item->valuedouble >= 0 && item->valuedouble <= (double)MONEY_MAX_MINOR)) {
		plan_fault(o->r, PLAN_MEMBER(o->at, "price"), "must be a number from 0 to %lld",
		           (long long)MONEY_MAX_MINOR);
		return false;
	}
	*out = fabs(item->valuedouble); /* no sign on a zero: it would be printed */
	return true;
}

bool
plan_element_i32(struct plan_reader *r, const struct plan_at *at, const cJSON *value, int32_t least,
                 int32_t most, int32_t *out)
{
	int64_t n;

	if (!json_member_is_whole(value, least, most, &n)) {
		fault_of_integer(r, at, least, most);
		return false;
	}
	*out = (int32_t)n;
	return true;
}

/* --- The plan. --- */

void
plan_make_room(struct plan_reader *r, size_t n_sections, size_t n_seats)
{
	struct plan *plan = r->plan;

	assert(n_sections <= PLAN_MAX_SECTIONS && n_seats <= PLAN_MAX_SEATS);
	assert(plan->sections == NULL && plan->seats == NULL); /* once */
	plan->sections = talloc_zero_array(plan, struct plan_section, (unsigned)n_sections);
	plan->seats = talloc_zero_array(plan, struct plan_seat, (unsigned)n_seats);
}
