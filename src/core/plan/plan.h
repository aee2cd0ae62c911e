#ifndef ROWLOCK_CORE_PLAN_PLAN_H
#define ROWLOCK_CORE_PLAN_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

#define PLAN_MAX_SEATS    200000
#define PLAN_MAX_SECTIONS 32767 /* a section's number is a smallint */
#define PLAN_MAX_FAULTS   10
#define PLAN_MAX_NAME     200 /* bytes of the plan's own name */
#define PLAN_MAX_LABEL    64  /* bytes of a section name, category, tier, row or seat label */

/*
 * A seating plan, read from either of the two forms that POST /plans takes, with its seats
 * in the order of R-14: (section, row, column). Everything hangs on one talloc context.
 */
struct plan {
	const char *name;
	struct plan_section *sections;
	size_t n_sections;
	struct plan_seat *seats; /* sections in order, their rows in order, seats left to right */
	size_t n_seats;
	size_t n_rows;
	const char **categories; /* all that the plan lists, used by a seat or not */
	size_t n_categories;
	bool has_coordinates; /* every seat has them */
};

/* A zone of a pretix plan, or one subsection of a grid section. */
struct plan_section {
	const char *name;
	int32_t subsection; /* from 1; 1 for a pretix zone */
	int32_t rows, cols; /* cols: seats of the longest row */
	const char *tier;   /* NULL when the plan gives none or the seats differ */
	double price;       /* major units; negative when the plan gives none */
};

struct plan_seat {
	int32_t section;       /* index into sections, from 0 */
	int32_t row_no;        /* from 1 within the section */
	const char *row_label; /* as printed: "A" */
	int32_t col;           /* from 1; neighbours differ by 1, an aisle leaves a hole of 1 */
	const char *label;     /* seat number as printed: "12" */
	const char *category;  /* for the price list; NULL in a grid plan */
	const char *tier;      /* NULL when the plan gives none */
	double price;          /* major units; negative when the plan gives none */
	bool accessible;
	double x, y; /* plan coordinates, if has_coordinates */
};

/* What is wrong with a plan: the first faults, each with its path. */
struct plan_faults {
	size_t n; /* how many are kept, at most PLAN_MAX_FAULTS */
	size_t total;
	struct {
		const char *path; /* "zones[0].rows[3].seats[2].seat_guid" */
		const char *why;  /* "repeats the seat_guid of zones[0].rows[1].seats[2]" */
	} fault[PLAN_MAX_FAULTS];
};

/*
 * Reads a plan: strict JSON of the pretix seating-plan form (an object with "zones") or of
 * the grid form (an object with "sections").
 *
 * ctx		the plan, the faults' texts, and nothing else are left on it
 * text, len	the JSON document as it came
 * out		set on ERR_OK
 * faults	set on ERR_VALIDATION_ERROR, at least one; a JSON fault has the path "" and
 *		says the byte offset
 *
 * Refused: a duplicate seat (same seat_guid in the whole plan), a category that the
 * plan does not list, an empty row, no seat at all, more than PLAN_MAX_SEATS seats or
 * PLAN_MAX_SECTIONS sections, two sections of one name. A zone without rows (a stage, a
 * bar) is no section. A category may carry "price", "tier" and "accessible".
 */
enum err plan_read(TALLOC_CTX *ctx, const char *text, size_t len, struct plan **out,
                   struct plan_faults *faults) MUST_CHECK;

#endif
