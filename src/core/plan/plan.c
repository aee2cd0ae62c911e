#include "core/plan/plan.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/ids.h"
#include "base/json_check.h"
#include "base/money.h"
#include "core/plan/plan_reader.h"

#define COORDINATE_MOST 1e9
#define NAMES_FIRST     64      /* places of a fresh set; a power of two */
#define VALUES_MOST     2500000 /* in a document; each costs 80 bytes while it is being read */

struct name_place {
	const char *text; /* NULL: free */
	uint64_t hash;
	size_t number;
};

/* Open addressing, at most half full. */
struct plan_names {
	uint64_t seed; /* drawn anew each time, so that a document cannot be made to collide */
	size_t n, room;
	struct name_place *places;
};

/* --- Sets of texts. --- */

struct plan_names *
plan_names_new(TALLOC_CTX *ctx)
{
	struct plan_names *names = talloc_zero(ctx, struct plan_names);

	random_bytes(&names->seed, sizeof(names->seed));
	names->room = NAMES_FIRST;
	names->places = talloc_zero_array(names, struct name_place, NAMES_FIRST);
	return names;
}

static uint64_t
names_hash(const struct plan_names *names, const char *text)
{
	uint64_t h = names->seed;

	for (; *text != '\0'; text++)
		h = (h ^ (uint8_t)*text ^ h >> 29) * UINT64_C(0x9e3779b97f4a7c15);
	h = (h ^ h >> 32) * UINT64_C(0xd6e8feb86659fd93);
	return h ^ h >> 32;
}

/* The place of a text, or the free one where it belongs. */
static struct name_place *
names_place(const struct plan_names *names, const char *text, uint64_t hash)
{
	size_t i = (size_t)hash & (names->room - 1);

	while (names->places[i].text != NULL &&
	       (names->places[i].hash != hash || strcmp(names->places[i].text, text) != 0))
		i = (i + 1) & (names->room - 1);
	return &names->places[i];
}

static void
names_grow(struct plan_names *names)
{
	struct name_place *old = names->places;
	size_t n_old = names->room;

	names->room *= 2;
	names->places = talloc_zero_array(names, struct name_place, (unsigned)names->room);
	for (size_t i = 0; i < n_old; i++) {
		if (old[i].text != NULL)
			*names_place(names, old[i].text, old[i].hash) = old[i];
	}
	talloc_free(old);
}

bool
plan_names_add(struct plan_names *names, const char *text, size_t *number)
{
	uint64_t hash = names_hash(names, text);
	struct name_place *place = names_place(names, text, hash);

	if (place->text != NULL) {
		*number = place->number;
		return false;
	}
	*place = (struct name_place){ text, hash, *number };
	if (++names->n * 2 > names->room)
		names_grow(names);
	return true;
}

bool
plan_names_find(const struct plan_names *names, const char *text, size_t *number)
{
	const struct name_place *place = names_place(names, text, names_hash(names, text));

	if (place->text != NULL)
		*number = place->number;
	return place->text != NULL;
}

/* --- Faults. --- */

char *
plan_path(TALLOC_CTX *ctx, const struct plan_at *at)
{
	char *path;

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
	size_t n = r->faults->n;
	va_list args;

	r->faults->total++;
	if (n == PLAN_MAX_FAULTS)
		return;
	va_start(args, format);
	r->faults->fault[n].path = plan_path(r->faults_ctx, at);
	r->faults->fault[n].why = talloc_vasprintf(r->faults_ctx, format, args);
	va_end(args);
	r->faults->n++;
}

/* --- Members. --- */

/* A member that is there; false, with a fault if it is needed, when it is not. */
static bool
get(struct plan_reader *r, const struct plan_at *at, const cJSON *object, const char *name,
    enum plan_need need, const cJSON **out)
{
	*out = cJSON_GetObjectItemCaseSensitive(object, name);
	if (*out == NULL && need == PLAN_REQUIRED)
		plan_fault(r, PLAN_MEMBER(at, name), "is missing");
	return *out != NULL;
}

bool
plan_is_object(struct plan_reader *r, const struct plan_at *at, const cJSON *value)
{
	if (!cJSON_IsObject(value))
		plan_fault(r, at, "must be an object");
	return cJSON_IsObject(value);
}

bool
plan_get_object(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                const char *name, enum plan_need need, const cJSON **out)
{
	const cJSON *item;

	if (!get(r, at, object, name, need, &item) ||
	    !plan_is_object(r, PLAN_MEMBER(at, name), item))
		return false;
	*out = item;
	return true;
}

bool
plan_get_array(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
               const char *name, enum plan_need need, const cJSON **out)
{
	const cJSON *item;

	if (!get(r, at, object, name, need, &item))
		return false;
	if (!cJSON_IsArray(item)) {
		plan_fault(r, PLAN_MEMBER(at, name), "must be a list");
		return false;
	}
	*out = item;
	return true;
}

bool
plan_text_is_clean(const char *text, size_t most)
{
	const uint8_t *p = (const uint8_t *)text;

	for (; *p != '\0'; p++) {
		if (*p < 0x20 || *p == 0x7f || (*p == 0xc2 && p[1] >= 0x80 && p[1] <= 0x9f))
			return false;
	}
	return p != (const uint8_t *)text && (size_t)(p - (const uint8_t *)text) <= most;
}

bool
plan_get_text(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
              const char *name, enum plan_need need, size_t most, const char **out)
{
	const cJSON *item;

	if (!get(r, at, object, name, need, &item))
		return false;
	if (!cJSON_IsString(item) || !plan_text_is_clean(item->valuestring, most)) {
		plan_fault(r, PLAN_MEMBER(at, name),
		           "must be a text of 1 to %zu bytes without control characters", most);
		return false;
	}
	*out = item->valuestring;
	return true;
}

bool
plan_int(struct plan_reader *r, const struct plan_at *at, const cJSON *value, int32_t least,
         int32_t most, int32_t *out)
{
	double d = value->valuedouble;

	if (!cJSON_IsNumber(value) || !(d >= least && d <= most) || floor(d) < d) {
		plan_fault(r, at, "must be an integer from %d to %d", (int)least, (int)most);
		return false;
	}
	*out = (int32_t)d;
	return true;
}

bool
plan_get_int(struct plan_reader *r, const struct plan_at *at, const cJSON *object, const char *name,
             enum plan_need need, int32_t least, int32_t most, int32_t *out)
{
	const cJSON *item;

	return get(r, at, object, name, need, &item) &&
	       plan_int(r, PLAN_MEMBER(at, name), item, least, most, out);
}

bool
plan_get_coordinate(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                    const char *name, double *out)
{
	const cJSON *item;

	if (!get(r, at, object, name, PLAN_REQUIRED, &item))
		return false;
	if (!cJSON_IsNumber(item) || !(fabs(item->valuedouble) <= COORDINATE_MOST)) {
		plan_fault(r, PLAN_MEMBER(at, name), "must be a number between -1e9 and 1e9");
		return false;
	}
	*out = item->valuedouble;
	return true;
}

bool
plan_get_price(struct plan_reader *r, const struct plan_at *at, const cJSON *object, double *out)
{
	const cJSON *item;

	if (!get(r, at, object, "price", PLAN_OPTIONAL, &item))
		return false;
	if (!cJSON_IsNumber(item) ||
	    !(item->valuedouble >= 0 && item->valuedouble <= (double)MONEY_MAX_MINOR)) {
		plan_fault(r, PLAN_MEMBER(at, "price"), "must be a number from 0 to %lld",
		           (long long)MONEY_MAX_MINOR);
		return false;
	}
	*out = fabs(item->valuedouble); /* no sign on a zero: it would be printed */
	return true;
}

bool
plan_get_tier(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
              const char **out)
{
	return plan_get_text(r, at, object, "tier", PLAN_OPTIONAL, PLAN_MAX_LABEL, out);
}

bool
plan_get_accessible(struct plan_reader *r, const struct plan_at *at, const cJSON *object, bool *out)
{
	const cJSON *item;

	if (!get(r, at, object, "accessible", PLAN_OPTIONAL, &item))
		return false;
	if (!cJSON_IsBool(item)) {
		plan_fault(r, PLAN_MEMBER(at, "accessible"), "must be true or false");
		return false;
	}
	*out = cJSON_IsTrue(item);
	return true;
}

/* --- The document. --- */

void
plan_make_room(struct plan_reader *r, size_t n_sections, size_t n_seats)
{
	struct plan *plan = r->plan;

	plan->sections = talloc_zero_array(plan, struct plan_section, (unsigned)n_sections);
	plan->seats = talloc_zero_array(plan, struct plan_seat, (unsigned)n_seats);
}

static const struct form {
	const char *mark; /* the member that tells this form from the other */
	void (*read)(struct plan_reader *r, const cJSON *document);
} forms[] = {
	{ "zones", plan_read_pretix },
	{ "sections", plan_read_grid },
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

static void
read_document(struct plan_reader *r, const cJSON *document)
{
	const struct form *form = NULL;
	const char *name;

	if (!plan_is_object(r, NULL, document))
		return;
	for (size_t i = 0; i < N_FORMS; i++) {
		if (cJSON_GetObjectItemCaseSensitive(document, forms[i].mark) == NULL)
			continue;
		if (form != NULL) {
			plan_fault(r, NULL, "has both \"%s\" and \"%s\"", form->mark,
			           forms[i].mark);
			return;
		}
		form = &forms[i];
	}
	if (form == NULL) {
		plan_fault(r, NULL, "has neither \"zones\" nor \"sections\"");
		return;
	}
	if (plan_get_text(r, NULL, document, "name", PLAN_REQUIRED, PLAN_MAX_NAME, &name))
		r->plan->name = talloc_strdup(r->plan, name);
	form->read(r, document);
	if (r->faults->total == 0 && r->plan->n_seats == 0)
		plan_fault(r, PLAN_MEMBER(NULL, form->mark), "has no seat");
}

/* At least the number of values in a JSON text; more if its strings hold such bytes. */
static size_t
count_values(const char *text, size_t len)
{
	size_t n = 1;

	for (size_t i = 0; i < len; i++)
		n += text[i] == ',' || text[i] == '[' || text[i] == '{';
	return n;
}

/* A tree of the text, or NULL with a fault; the caller deletes it. */
static cJSON *
parse(struct plan_reader *r, const char *text, size_t len)
{
	struct json_fault fault;
	const char *end = text;
	cJSON *document;

	if (json_check(r->scratch, text, len, &fault) != ERR_OK) {
		plan_fault(r, NULL, "is not JSON: %s, at byte %zu", fault.why, fault.at);
		return NULL;
	}
	if (count_values(text, len) > VALUES_MOST) {
		plan_fault(r, NULL, "has more than %d values", VALUES_MOST);
		return NULL;
	}
	document = cJSON_ParseWithLengthOpts(text, len, &end, false);
	if (document == NULL) /* of what is JSON, older cJSON refuse numbers over 63 characters */
		plan_fault(r, NULL, "has a number that is too long, at byte %zu",
		           (size_t)(end - text));
	return document;
}

enum err
plan_read(TALLOC_CTX *ctx, const char *text, size_t len, struct plan **out,
          struct plan_faults *faults)
{
	struct plan_reader r = { .faults = faults, .faults_ctx = ctx };
	cJSON *document;

	memset(faults, 0, sizeof(*faults));
	r.plan = talloc_zero(ctx, struct plan);
	r.scratch = talloc_new(ctx);
	document = parse(&r, text, len);
	if (document != NULL)
		read_document(&r, document);
	cJSON_Delete(document);
	talloc_free(r.scratch);
	if (faults->total > 0) {
		talloc_free(r.plan);
		return ERR_VALIDATION_ERROR;
	}
	*out = r.plan;
	return ERR_OK;
}
