/* Any bytes as a seating plan: a plan that keeps its promises, or faults with their paths. */

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/plan.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the process, which is how the fuzzer learns of a broken promise. */
static void
must(bool promise)
{
	if (!promise)
		abort();
}

static bool
is_label(const char *text)
{
	return text != NULL && *text != '\0' && strlen(text) <= PLAN_MAX_LABEL;
}

static void
check_seat(const struct plan *plan, size_t i)
{
	const struct plan_seat *s = &plan->seats[i];

	must(s->section >= 0 && (size_t)s->section < plan->n_sections);
	must(s->row_no >= 1 && s->row_no <= plan->sections[s->section].rows);
	must(s->col >= 1 && is_label(s->label) && is_label(s->row_label));
	must(s->tier == NULL || is_label(s->tier));
	must(s->category == NULL || is_label(s->category));
	must(isfinite(s->price) && isfinite(s->x) && isfinite(s->y));
	if (i == 0)
		return;
	if (s->section != s[-1].section)
		must(s->section == s[-1].section + 1 && s->row_no == 1 && s->col == 1);
	else if (s->row_no != s[-1].row_no)
		must(s->row_no == s[-1].row_no + 1 && s->col == 1);
	else
		must(s->col == s[-1].col + 1 || s->col == s[-1].col + 2);
}

static void
check_plan(const struct plan *plan)
{
	size_t rows = 0;

	must(plan->name != NULL && *plan->name != '\0');
	must(plan->n_seats >= 1 && plan->n_seats <= PLAN_MAX_SEATS);
	must(plan->n_sections >= 1 && plan->n_sections <= PLAN_MAX_SECTIONS);
	for (size_t i = 0; i < plan->n_sections; i++) {
		const struct plan_section *s = &plan->sections[i];

		must(is_label(s->name) && s->subsection >= 1 && s->rows >= 1 && s->cols >= 1);
		must(s->tier == NULL || is_label(s->tier));
		rows += (size_t)s->rows;
	}
	must(rows == plan->n_rows);
	must(plan->seats[0].section == 0 && plan->seats[0].row_no == 1 && plan->seats[0].col == 1);
	must((size_t)plan->seats[plan->n_seats - 1].section == plan->n_sections - 1);
	for (size_t i = 0; i < plan->n_seats; i++)
		check_seat(plan, i);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct plan_faults faults;
	struct plan *plan = NULL;
	enum err e = plan_read(ctx, (const char *)data, size, &plan, &faults);

	must(e == ERR_OK || e == ERR_VALIDATION_ERROR);
	if (e == ERR_OK) {
		must(faults.n == 0 && faults.total == 0);
		check_plan(plan);
	} else {
		must(faults.n >= 1 && faults.n <= faults.total && faults.n <= PLAN_MAX_FAULTS);
		for (size_t i = 0; i < faults.n; i++)
			must(faults.fault[i].path != NULL && faults.fault[i].why != NULL);
	}
	talloc_free(ctx);
	return 0;
}
