/* rowlockctl plan: imports and lists seating plans. */

#include <assert.h>
#include <string.h>

#include "core/plan/plan_store.h"
#include "ctl/commands.h"

#define DOCUMENT_MOST (16 * 1024 * 1024) /* bytes; as through the API */
#define DEFAULT_OWNER "admin"
#define PLANS_A_PAGE  100

/* What is wrong with a plan, a line per fault; the first ones if there are many. */
static int
print_faults(const char *path, const struct plan_faults *faults)
{
	assert(faults->n > 0 && faults->n <= faults->total);
	ctl_fail("%s: the plan has %zu fault%s", path, faults->total,
	         faults->total == 1 ? "" : "s");
	for (size_t i = 0; i < faults->n; i++)
		fprintf(stderr, "  %s: %s\n", faults->fault[i].path, faults->fault[i].why);
	if (faults->total > faults->n)
		fprintf(stderr, "  … and %zu more\n", faults->total - faults->n);
	return CTL_FAILED;
}

/* Prints the id alone on standard output, for a script that makes events of the plan. */
int
ctl_plan_import(struct ctl *c)
{
	const char *owner = DEFAULT_OWNER;
	const struct ctl_option options[] = { { "owner", &owner, NULL }, { 0 } };
	struct plan_faults faults = { 0 };
	struct plan_info plan;
	char id[UUID_TEXT], *text;
	struct pool *pool;
	size_t n;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (c->argc != 2) {
		ctl_fail("plan import: name one file");
		return CTL_USAGE;
	}
	if ((pool = ctl_pool(c)) == NULL ||
	    (text = ctl_read(c, c->argv[1], DOCUMENT_MOST, &n)) == NULL)
		return CTL_FAILED;
	e = plan_store_import(pool, c->ctx, owner, text, n, NULL, &plan, &faults);
	if (e == ERR_VALIDATION_ERROR)
		return print_faults(c->argv[1], &faults);
	if (e != ERR_OK)
		return ctl_fail("%s", err_text(e));
	fprintf(stderr, "%s, version %d: %d seats, %d rows, %d sections\n", plan.name, plan.version,
	        plan.seats, plan.rows, plan.sections);
	printf("%s\n", uuid_text(&plan.id, id));
	return CTL_OK;
}

/* All pages, one after another. */
int
ctl_plan_list(struct ctl *c)
{
	struct plan_page page = { .page = 1, .limit = PLANS_A_PAGE };
	const struct ctl_option options[] = { { "owner", &page.owner, NULL }, { 0 } };
	char id[UUID_TEXT];
	struct pool *pool;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	do {
		if ((e = plan_store_list(pool, c->ctx, &page)) != ERR_OK)
			return ctl_fail("%s", err_text(e));
		for (size_t i = 0; i < page.n; i++)
			printf("%s  v%-3d %6d seats  %-12s %s\n", uuid_text(&page.plans[i].id, id),
			       page.plans[i].version, page.plans[i].seats, page.plans[i].owner,
			       page.plans[i].name);
	} while ((int64_t)page.page++ * page.limit < page.total);
	return CTL_OK;
}
