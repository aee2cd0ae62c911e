#ifndef ROWLOCK_CORE_PLAN_PLAN_READER_H
#define ROWLOCK_CORE_PLAN_PLAN_READER_H

/* What the readers of the two forms share; private to core/plan. */

#include "base/json_member.h"
#include "core/plan/plan.h"

/* Where in the document a reader is; a chain on the stack, spelled out only for a fault. */
struct plan_at {
	const struct plan_at *up; /* NULL at the top */
	const char *name;         /* a member's; NULL for the document itself */
	int64_t index;            /* into that member's array, or PLAN_NO_INDEX */
};

#define PLAN_NO_INDEX (-1)
/*
 * The path of a member, and of an element of a member's array. It lives as long as the block, and
 * a condition of an if or a loop is a block of its own.
 */
#define PLAN_MEMBER(at, name)     (&(struct plan_at){ at, name, PLAN_NO_INDEX })
#define PLAN_ELEMENT(at, name, i) (&(struct plan_at){ at, name, (int64_t)(i) })

struct plan_reader {
	struct plan *plan;          /* under construction; its texts hang on it */
	struct plan_faults *faults; /* fresh ones are added */
	TALLOC_CTX *faults_ctx;     /* what their texts hang on */
	TALLOC_CTX *scratch;        /* the document and all else that is freed after reading */
};

/*
 * Notes a fault: counts it, and keeps its path and its text while there is room.
 *
 * at	what is wrong; NULL: the document
 */
void plan_fault(struct plan_reader *r, const struct plan_at *at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The path as text on ctx, "zones[0].rows[3]"; the document itself is "". */
char *plan_path(TALLOC_CTX *ctx, const struct plan_at *at);

/*
 * An object of the document, and where it is. Its members are read by json_member_… of m, whose
 * faults are noted with their paths. It points to itself: it is not to be copied.
 */
struct plan_object {
	struct plan_reader *r;
	struct plan_at place; /* where it is, but for the document; what is above must outlive it */
	const struct plan_at *at; /* its place; NULL: it is the document */
	struct json_members m;
};

/*
 * Begins to read an object.
 *
 * o	set; must not outlive value, nor what at->up leads to
 * at	where the value is, which is copied; NULL: it is the document
 *
 * Returns false, with a fault, when the value is no object.
 */
bool plan_object_begin(struct plan_object *o, struct plan_reader *r, const struct plan_at *at,
                       const cJSON *value);

/* A name, category, tier, row or seat: a text of 1 to PLAN_MAX_LABEL bytes, in the document. */
const char *plan_object_label(const struct plan_object *o, const char *name, enum need need);

/* A coordinate, which must be there: any number that a map could hold. False, and a fault: not. */
bool plan_object_coordinate(const struct plan_object *o, const char *name, double *out);

/* "price", in major units, which may be absent; false, and *out left alone, without a good one. */
bool plan_object_price(const struct plan_object *o, double *out);

/* Whether an element is a whole number from least to most; a fault at `at` when not. */
bool plan_element_i32(struct plan_reader *r, const struct plan_at *at, const cJSON *value,
                      int32_t least, int32_t most, int32_t *out);

/* Gives the plan room, zeroed, once the numbers are known to be within the limits. */
void plan_make_room(struct plan_reader *r, size_t n_sections, size_t n_seats);

#endif
