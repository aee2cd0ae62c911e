/* Reading a seating plan: which of the two forms it has, and what both must have. */
#include "core/plan/plan.h"

#include <assert.h>
#include <string.h>

#include "base/json_parse.h"
#include "core/plan/plan_grid.h"
#include "core/plan/plan_pretix.h"

#define VALUES_MOST 2500000 /* in a document; each costs 80 bytes while it is being read */

static const struct form {
	const char *mark; /* the member that tells this form from the other */
	void (*read)(struct plan_reader *r, const cJSON *document);
} forms[] = {
	{ "zones", plan_pretix_read },
	{ "sections", plan_grid_read },
};
#define N_FORMS (sizeof(forms) / sizeof(forms[0]))

/* The form of a document; NULL, with a fault, when it has none or both. */
static const struct form *
form_of(const struct plan_object *document)
{
	const struct form *form = NULL;

	assert(N_FORMS == 2); /* which the texts below say */
	for (size_t i = 0; i < N_FORMS; i++) {
		if (json_member(&document->m, forms[i].mark, OPTIONAL) == NULL)
			continue;
		if (form != NULL) {
			plan_fault(document->r, NULL, "has both \"%s\" and \"%s\"", form->mark,
			           forms[i].mark);
			return NULL;
		}
		form = &forms[i];
	}
	if (form == NULL)
		plan_fault(document->r, NULL, "has neither \"zones\" nor \"sections\"");
	return form;
}

/* What both forms have, and the rest by the reader of its form. */
static void
read_document(struct plan_reader *r, const cJSON *tree)
{
	struct plan_object document;
	const struct form *form;
	const char *name;

	if (!plan_object_begin(&document, r, NULL, tree) || (form = form_of(&document)) == NULL)
		return;
	name = json_member_text(&document.m, "name", REQUIRED, 1, PLAN_MAX_NAME);
	r->plan->name = talloc_strdup(r->plan, name);
	form->read(r, tree);
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

/* A tree of the text, on the scratch context; NULL with a fault. */
static const cJSON *
parse(struct plan_reader *r, const char *text, size_t len)
{
	const bool many = count_values(text, len) > VALUES_MOST;
	cJSON *document = NULL;
	struct json_fault fault;
	enum err e;

	/* No tree of too many, but what is no JSON at all is told first. */
	e = many ? json_check(r->scratch, text, len, &fault)
	         : json_parse(r->scratch, text, len, &document, &fault);
	if (e != ERR_OK && fault.too_long)
		plan_fault(r, NULL, "has a number that is too long, at byte %zu", fault.at);
	else if (e != ERR_OK)
		plan_fault(r, NULL, "is not JSON: %s, at byte %zu", fault.why, fault.at);
	else if (many)
		plan_fault(r, NULL, "has more than %d values", VALUES_MOST);
	return document;
}

enum err
plan_read(TALLOC_CTX *ctx, const char *text, size_t len, struct plan **out,
          struct plan_faults *faults)
{
	struct plan_reader r = { .faults = faults, .faults_ctx = ctx };
	const cJSON *document;

	assert(text != NULL || len == 0);
	memset(faults, 0, sizeof(*faults));
	r.plan = talloc_zero(ctx, struct plan);
	r.scratch = talloc_new(ctx);
	if ((document = parse(&r, text, len)) != NULL)
		read_document(&r, document);
	talloc_free(r.scratch);
	if (faults->total > 0) {
		talloc_free(r.plan);
		return ERR_VALIDATION_ERROR;
	}
	assert(r.plan->name != NULL && r.plan->n_seats > 0 && r.plan->n_sections > 0);
	*out = r.plan;
	return ERR_OK;
}
