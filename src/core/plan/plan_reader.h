#ifndef ROWLOCK_CORE_PLAN_PLAN_READER_H
#define ROWLOCK_CORE_PLAN_PLAN_READER_H

/* What the readers of the two forms share; only core/plan*.c includes this. */

#include <cjson/cJSON.h>

#include "core/plan/plan.h"

/* Where in the document a reader is; a chain on the stack, spelled out only for a fault. */
struct plan_at {
	const struct plan_at *up; /* NULL at the top */
	const char *name;         /* a member's; NULL for the document itself */
	int64_t index;            /* into that member's array, or PLAN_NO_INDEX */
};

#define PLAN_NO_INDEX (-1)
/* The path of a member, and of an element of a member's array; lives as long as the block. */
#define PLAN_MEMBER(at, name)     (&(struct plan_at){ at, name, PLAN_NO_INDEX })
#define PLAN_ELEMENT(at, name, i) (&(struct plan_at){ at, name, (int64_t)(i) })

struct plan_reader {
	struct plan *plan;          /* under construction; its texts hang on it */
	struct plan_faults *faults; /* fresh ones are added */
	TALLOC_CTX *faults_ctx;     /* what their texts hang on */
	TALLOC_CTX *scratch;        /* freed when the plan has been read */
};

/* A set of texts, each with a number; the texts are not copied. */
struct plan_names;

struct plan_names *plan_names_new(TALLOC_CTX *ctx);

/*
 * Puts a text in with a number, unless it is there: then returns false, and *number becomes
 * that of the text that is. text must outlive the set.
 */
bool plan_names_add(struct plan_names *names, const char *text, size_t *number);

/* Finds a text's number; false when it is not in the set. */
bool plan_names_find(const struct plan_names *names, const char *text, size_t *number);

/* Notes a fault: counts it, and keeps it while there is room. */
void plan_fault(struct plan_reader *r, const struct plan_at *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The path as text on ctx, "zones[0].rows[3]"; the document itself is "". */
char *plan_path(TALLOC_CTX *ctx, const struct plan_at *at);

/*
 * Each of the readers below takes a member of an object that is at `at`, and notes a fault
 * with the member's path when it is not what it must be. They return whether there is a
 * good value; without one *out is left alone.
 */
enum plan_need { PLAN_OPTIONAL, PLAN_REQUIRED };

bool plan_get_object(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                     const char *name, enum plan_need need, const cJSON **out);
bool plan_get_array(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                    const char *name, enum plan_need need, const cJSON **out);
/* A text of 1..most bytes without control characters; in the document's memory. */
bool plan_get_text(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                   const char *name, enum plan_need need, size_t most, const char **out);
bool plan_get_int(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                  const char *name, enum plan_need need, int32_t least, int32_t most, int32_t *out);
/* A coordinate: any number that a map could hold. */
bool plan_get_coordinate(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                         const char *name, double *out);
/* "price", "tier", "accessible": all optional, in both forms the same. */
bool plan_get_price(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                    double *out);
bool plan_get_tier(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                   const char **out);
bool plan_get_accessible(struct plan_reader *r, const struct plan_at *at, const cJSON *object,
                         bool *out);

/* Whether the value is an integer of least..most; notes a fault at `at` when not. */
bool plan_int(struct plan_reader *r, const struct plan_at *at, const cJSON *value, int32_t least,
              int32_t most, int32_t *out);

/* Whether the value is an object; notes a fault at `at` when not. */
bool plan_is_object(struct plan_reader *r, const struct plan_at *at, const cJSON *value);

/* Whether a text is 1..most bytes long and free of control characters (C0, DEL, C1). */
bool plan_text_is_clean(const char *text, size_t most);

/* Gives the plan room, zeroed, once the numbers are known to be within the limits. */
void plan_make_room(struct plan_reader *r, size_t n_sections, size_t n_seats);

/* Fill the plan from a document; what is wrong is noted, and the plan is then unusable. */
void plan_read_pretix(struct plan_reader *r, const cJSON *document);
void plan_read_grid(struct plan_reader *r, const cJSON *document);

#endif
