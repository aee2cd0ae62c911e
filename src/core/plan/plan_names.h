#ifndef ROWLOCK_CORE_PLAN_PLAN_NAMES_H
#define ROWLOCK_CORE_PLAN_PLAN_NAMES_H

#include <stdbool.h>
#include <stddef.h>
#include <talloc.h>

/* A set of texts, each with a number. The texts are not copied, and must outlive it. */
struct plan_names;

/* An empty set on ctx. */
struct plan_names *plan_names_new(TALLOC_CTX *ctx);

/*
 * Puts a text in with a number, unless it is there.
 *
 * text		must outlive the set
 * number	what the text is to be found by; set to that of the text that is there
 *
 * Returns whether it was put in; false: it was there.
 */
bool plan_names_add(struct plan_names *names, const char *text, size_t *number);

/* Finds a text's number; false, and *number left alone, when it is not in the set. */
bool plan_names_find(const struct plan_names *names, const char *text, size_t *number);

#endif
