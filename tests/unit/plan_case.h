#ifndef ROWLOCK_PLAN_CASE_H
#define ROWLOCK_PLAN_CASE_H

/* What the tests of seating plans share: one document at a time, written with ' for ". */

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/plan.h"

#define N(a) (sizeof(a) / sizeof((a)[0]))

static TALLOC_CTX *ctx; /* of the test at hand, as are the other two */
static struct plan *plan;
static struct plan_faults faults;

static inline int
setup(void **state)
{
	(void)state;
	ctx = talloc_new(NULL);
	plan = NULL;
	return 0;
}

static inline int
teardown(void **state)
{
	(void)state;
	talloc_free(ctx);
	return 0;
}

/* Reads a document that is written with ' for ". */
static inline enum err
read_quoted(const char *text)
{
	char *json = talloc_strdup(ctx, text);
	enum err e;

	for (char *p = json; *p != '\0'; p++) {
		if (*p == '\'')
			*p = '"';
	}
	e = plan_read(ctx, json, strlen(json), &plan, &faults);
	talloc_free(json); /* the plan must not point into it */
	return e;
}

static inline void
read_good(const char *text)
{
	enum err e = read_quoted(text);

	if (e != ERR_OK)
		fail_msg("%s: \"%s\" %s", text, faults.fault[0].path, faults.fault[0].why);
}

/* Reads a document that must have one fault, at a path. */
static inline void
refused_at(const char *path, const char *text)
{
	if (read_quoted(text) != ERR_VALIDATION_ERROR)
		fail_msg("taken: %s", text);
	assert_null(plan);
	if (faults.total != 1 || strcmp(faults.fault[0].path, path) != 0)
		fail_msg("%zu faults, the first at \"%s\" instead of \"%s\", %s: %s", faults.total,
		         faults.fault[0].path, path, faults.fault[0].why, text);
}

/* The first row as "label@col label@col …". */
static inline void
assert_row(const char *expected)
{
	char *got = talloc_strdup(ctx, "");

	for (size_t i = 0; i < plan->n_seats && plan->seats[i].row_no == 1; i++)
		got = talloc_asprintf_append(got, "%s%s@%d", i == 0 ? "" : " ",
		                             plan->seats[i].label, (int)plan->seats[i].col);
	assert_string_equal(got, expected);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
