/* The short form: sections of equal subsections, each a grid of rows and columns. */
#include "core/plan/plan_grid.h"

#include <assert.h>

#include "core/plan/plan_names.h"

#define SUBSECTIONS_MOST 1000
#define ROW_LETTERS      4 /* enough for PLAN_MAX_SEATS rows: "AAAA" is row 18,279 */
#define SEAT_DIGITS      6
#define ROW_TEXT         8 /* room for a row's label, with its end */

/* A section as the document has it: several subsections that are alike. */
struct grid_section {
	const char *name, *tier; /* in the document's memory */
	double price;
	int32_t subsections, rows, cols;
	bool *accessible; /* rows × cols, or NULL when none is */
	bool *aisle;      /* whether one follows a column; NULL when there is none */
};

/* A document of this form while it is read. */
struct grid {
	struct plan_reader *r;
	struct plan_names *names;
	struct grid_section *sections; /* n so far, of all that the document lists */
	size_t n;
	int64_t n_seats, n_subsections; /* of the sections so far; may exceed the limits */
	int32_t rows, cols;             /* for sections that give none; 0 when there is no such */
};

/* All that the form knows: a misspelt member would be left out unnoticed, and is refused. */
static const char *const document_members[] = { "name", "sections", "rows", "cols", NULL };
static const char *const section_members[] = { "name", "subsections", "rows",   "cols", "price",
	                                       "tier", "accessible",  "aisles", NULL };

/* The label of a row: A to Z, AA, AB …; i counts from 0. */
static const char *
row_label(int32_t i, char out[ROW_TEXT])
{
	char *p = out + ROW_TEXT - 1;

	assert(i >= 0 && i < PLAN_MAX_SEATS); /* ROW_LETTERS are enough for these */
	*p = '\0';
	for (i++; i > 0; i = (i - 1) / 26)
		*--p = (char)('A' + (i - 1) % 26);
	return p;
}

/* Takes a seat as printed, "AB-12", apart; rows and columns from 0. False for any other text. */
static bool
parse_seat(const char *text, int32_t *row, int32_t *col)
{
	const char *p = text;
	int32_t r = 0, c = 0;

	for (; *p >= 'A' && *p <= 'Z' && p - text < ROW_LETTERS; p++)
		r = r * 26 + (*p - 'A') + 1;
	if (r == 0 || *p++ != '-' || *p == '0')
		return false;
	for (text = p; *p >= '0' && *p <= '9' && p - text < SEAT_DIGITS; p++)
		c = c * 10 + (*p - '0');
	*row = r - 1;
	*col = c - 1;
	return c > 0 && *p == '\0';
}

/* Marks the seats that "accessible" names, each once. */
static void
read_accessible(struct grid *g, const struct plan_object *o, struct grid_section *s)
{
	const cJSON *list = json_member_array(&o->m, "accessible", OPTIONAL), *item;
	int32_t i = 0, row, col;

	if (list == NULL)
		return;
	assert(s->rows > 0 && s->cols > 0 && (int64_t)s->rows * s->cols <= PLAN_MAX_SEATS);
	s->accessible = talloc_zero_array(g->r->scratch, bool, (unsigned)(s->rows * s->cols));
	cJSON_ArrayForEach(item, list) {
		const struct plan_at *here = PLAN_ELEMENT(o->at, "accessible", i++);

		if (!cJSON_IsString(item) || !parse_seat(item->valuestring, &row, &col) ||
		    row >= s->rows || col >= s->cols) {
			plan_fault(g->r, here, "must be a seat of the section, such as \"A-1\"");
			continue;
		}
		if (s->accessible[row * s->cols + col])
			plan_fault(g->r, here, "repeats a seat");
		s->accessible[row * s->cols + col] = true;
	}
}

/* Marks the columns that "aisles" names, each once: an aisle follows each of them. */
static void
read_aisles(struct grid *g, const struct plan_object *o, struct grid_section *s)
{
	const cJSON *list = json_member_array(&o->m, "aisles", OPTIONAL), *item;
	int32_t i = 0, after;

	if (list == NULL)
		return;
	assert(s->cols > 0);
	s->aisle = talloc_zero_array(g->r->scratch, bool, (unsigned)s->cols + 1);
	cJSON_ArrayForEach(item, list) {
		const struct plan_at *here = PLAN_ELEMENT(o->at, "aisles", i++);

		if (s->cols == 1)
			plan_fault(g->r, here, "is beyond the row, which has one seat");
		if (s->cols == 1 || !plan_element_i32(g->r, here, item, 1, s->cols - 1, &after))
			continue;
		if (s->aisle[after])
			plan_fault(g->r, here, "repeats an aisle");
		s->aisle[after] = true;
	}
}

/* "rows" or "cols" of a section, or what the plan has for sections that give none. */
static bool
read_extent(const struct plan_object *o, const char *name, int32_t otherwise, int32_t *out)
{
	assert(otherwise >= 0 && otherwise <= PLAN_MAX_SEATS);
	*out = otherwise;
	if (otherwise != 0 && json_member(&o->m, name, OPTIONAL) == NULL)
		return true;
	return json_member_i32(&o->m, name, REQUIRED, 1, PLAN_MAX_SEATS, out);
}

/* Adds a section's seats to the sum; false, once with a fault, when that is too much. */
static bool
count(struct grid *g, const struct plan_at *at, const struct grid_section *s)
{
	bool was_good = g->n_seats <= PLAN_MAX_SEATS && g->n_subsections <= PLAN_MAX_SECTIONS;

	if (!was_good)
		return false;
	assert(s->rows > 0 && s->cols > 0 && s->subsections > 0);
	g->n_seats += (int64_t)s->rows * s->cols * s->subsections;
	g->n_subsections += s->subsections;
	if (g->n_seats > PLAN_MAX_SEATS)
		plan_fault(g->r, at, "brings the plan to %lld seats, more than %d",
		           (long long)g->n_seats, PLAN_MAX_SEATS);
	if (g->n_subsections > PLAN_MAX_SECTIONS)
		plan_fault(g->r, at, "brings the plan to %lld subsections, more than %d",
		           (long long)g->n_subsections, PLAN_MAX_SECTIONS);
	return g->n_seats <= PLAN_MAX_SEATS && g->n_subsections <= PLAN_MAX_SECTIONS;
}

/* One of "sections"; what is wrong is noted, and the next one is read all the same. */
static void
read_section(struct grid *g, const struct plan_at *at, const cJSON *item)
{
	struct grid_section *s = &g->sections[g->n];
	size_t same = g->n++;
	struct plan_object o;
	bool rows, cols;

	if (!plan_object_begin(&o, g->r, at, item))
		return;
	json_member_known(&o.m, section_members);
	*s = (struct grid_section){ .price = -1, .subsections = 1 };
	s->name = plan_object_label(&o, "name", REQUIRED);
	if (s->name != NULL && !plan_names_add(g->names, s->name, &same))
		plan_fault(g->r, PLAN_MEMBER(at, "name"), "repeats the name of sections[%zu]",
		           same);
	json_member_i32(&o.m, "subsections", OPTIONAL, 1, SUBSECTIONS_MOST, &s->subsections);
	plan_object_price(&o, &s->price);
	s->tier = plan_object_label(&o, "tier", OPTIONAL);
	rows = read_extent(&o, "rows", g->rows, &s->rows);
	cols = read_extent(&o, "cols", g->cols, &s->cols);
	if (!rows || !cols || !count(g, at, s))
		return;
	read_accessible(g, &o, s);
	read_aisles(g, &o, s);
}

/* Labels are made once for the longest section, and shared by all. */
static const char **
make_row_labels(struct grid *g, int32_t n)
{
	const char **labels = talloc_array(g->r->plan, const char *, (unsigned)n);
	char text[ROW_TEXT];

	assert(labels != NULL);
	for (int32_t i = 0; i < n; i++)
		labels[i] = talloc_strdup(labels, row_label(i, text));
	return labels;
}

/* "1", "2" … */
static const char **
make_seat_labels(struct grid *g, int32_t n)
{
	const char **labels = talloc_array(g->r->plan, const char *, (unsigned)n);

	for (int32_t i = 0; i < n; i++)
		labels[i] = talloc_asprintf(labels, "%d", (int)(i + 1));
	return labels;
}

/* Lays out the seats of one subsection, which is the plan's newest section. */
static void
lay_subsection(struct plan *plan, const struct grid_section *s, const char *const *rows,
               const char *const *cols)
{
	int32_t section = (int32_t)plan->n_sections - 1;

	assert(section >= 0);
	for (int32_t row = 0; row < s->rows; row++) {
		int32_t holes = 0; /* columns that aisles take */

		for (int32_t col = 0; col < s->cols; col++) {
			if (s->aisle != NULL && s->aisle[col])
				holes++;
			plan->seats[plan->n_seats++] = (struct plan_seat){
				.section = section,
				.row_no = row + 1,
				.row_label = rows[row],
				.col = col + 1 + holes,
				.label = cols[col],
				.tier = plan->sections[section].tier,
				.price = s->price,
				.accessible = s->accessible != NULL &&
				              s->accessible[row * s->cols + col],
			};
		}
	}
	plan->n_rows += (size_t)s->rows;
}

/* Makes the plan of sections that are all good. */
static void
lay_out(struct grid *g)
{
	struct plan *plan = g->r->plan;
	int32_t most_rows = 0, most_cols = 0;
	const char **rows, **cols;

	assert(g->n_seats <= PLAN_MAX_SEATS && g->n_subsections <= PLAN_MAX_SECTIONS);
	for (size_t i = 0; i < g->n; i++) {
		most_rows = g->sections[i].rows > most_rows ? g->sections[i].rows : most_rows;
		most_cols = g->sections[i].cols > most_cols ? g->sections[i].cols : most_cols;
	}
	rows = make_row_labels(g, most_rows);
	cols = make_seat_labels(g, most_cols);
	plan_make_room(g->r, (size_t)g->n_subsections, (size_t)g->n_seats);
	for (size_t i = 0; i < g->n; i++) {
		const struct grid_section *s = &g->sections[i];
		const char *name = talloc_strdup(plan, s->name);
		const char *tier = s->tier == NULL ? NULL : talloc_strdup(plan, s->tier);

		for (int32_t k = 1; k <= s->subsections; k++) {
			plan->sections[plan->n_sections++] = (struct plan_section){
				.name = name,
				.subsection = k,
				.rows = s->rows,
				.cols = s->cols,
				.tier = tier,
				.price = s->price,
			};
			lay_subsection(plan, s, rows, cols);
		}
	}
	assert(plan->n_seats == (size_t)g->n_seats);
	assert(plan->n_sections == (size_t)g->n_subsections);
}

void
plan_grid_read(struct plan_reader *r, const cJSON *document)
{
	struct grid g = { .r = r, .names = plan_names_new(r->scratch) };
	const cJSON *list, *item;
	struct plan_object o;
	size_t i = 0;
	int n;

	assert(r->plan != NULL && r->faults != NULL);
	if (!plan_object_begin(&o, r, NULL, document))
		return;
	json_member_known(&o.m, document_members);
	json_member_i32(&o.m, "rows", OPTIONAL, 1, PLAN_MAX_SEATS, &g.rows);
	json_member_i32(&o.m, "cols", OPTIONAL, 1, PLAN_MAX_SEATS, &g.cols);
	if ((list = json_member_array(&o.m, "sections", REQUIRED)) == NULL)
		return;
	n = cJSON_GetArraySize(list);
	if (n > PLAN_MAX_SECTIONS) {
		plan_fault(r, PLAN_MEMBER(NULL, "sections"), "has %d sections, more than %d", n,
		           PLAN_MAX_SECTIONS);
		return;
	}
	g.sections = talloc_zero_array(r->scratch, struct grid_section, (unsigned)n);
	cJSON_ArrayForEach(item, list)
		read_section(&g, PLAN_ELEMENT(NULL, "sections", i++), item);
	assert(g.n == (size_t)n);
	if (r->faults->total == 0)
		lay_out(&g);
}
