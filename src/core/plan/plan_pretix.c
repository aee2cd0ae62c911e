/* The seating-plan form of pretix: zones of rows of seats, each seat with a place and a guid. */
#include "core/plan/plan_pretix.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/plan/plan_names.h"

#define AISLE 1.5 /* how many times the usual spacing of its row a gap must exceed */

/* A category of the plan: what its seats have unless they say otherwise. */
struct category {
	const char *name, *tier; /* the plan's own copies */
	double price;
	bool accessible;
};

/* Where a seat is listed, so that a later one of the same guid can name it. */
struct listed_seat {
	int32_t zone, row, seat;
};

struct point {
	double x, y;
};

/* A document of this form while it is read. */
struct pretix {
	struct plan_reader *r;
	struct category *categories;
	struct plan_names *by_category; /* name → index into categories */
	struct plan_names *zone_names;
	struct plan_names *guids;  /* → index into listed */
	struct plan_names *labels; /* → index into label: texts that are kept already */
	const char **label;
	size_t n_labels;
	struct listed_seat *listed; /* as many as the document has seats */
	double *gaps;               /* room for the longest row */
	bool row_has_places;        /* every seat of the row at hand */
};

/* The kept copy of a label: most labels come thousands of times. */
static const char *
keep_label(struct pretix *p, const char *text)
{
	size_t i = p->n_labels;
	const char *copy;

	assert(text != NULL && i <= talloc_array_length(p->label));
	if (plan_names_find(p->labels, text, &i))
		return p->label[i];
	if (i == talloc_array_length(p->label))
		p->label = talloc_realloc(p->r->scratch, p->label, const char *, (unsigned)(2 * i));
	copy = p->label[p->n_labels++] = talloc_strdup(p->r->plan, text);
	plan_names_add(p->labels, copy, &i);
	return copy;
}

/* A label, which is a text or a whole number; the fault is noted when it is neither. */
static const char *
read_label(struct pretix *p, const struct plan_object *o, const char *name)
{
	const char *text;
	char digits[16];
	int32_t n;

	if (!cJSON_IsNumber(json_member(&o->m, name, OPTIONAL))) {
		text = plan_object_label(o, name, REQUIRED);
		return text == NULL ? NULL : keep_label(p, text);
	}
	if (!json_member_i32(&o->m, name, REQUIRED, 0, INT32_MAX, &n))
		return NULL;
	snprintf(digits, sizeof(digits), "%d", (int)n);
	return keep_label(p, digits);
}

/* Adds the object's "position" to a point; false when it has none, or a bad one. */
static bool
read_position(const struct plan_object *o, struct point *point)
{
	const cJSON *item = json_member_object(&o->m, "position", OPTIONAL);
	struct plan_object position;
	double x, y;
	bool good;

	if (item == NULL ||
	    !plan_object_begin(&position, o->r, PLAN_MEMBER(o->at, "position"), item))
		return false;
	good = plan_object_coordinate(&position, "x", &x);
	good = plan_object_coordinate(&position, "y", &y) && good;
	if (good) {
		point->x += x;
		point->y += y;
	}
	return good;
}

/* All categories, of which each seat must name one; a name twice is a fault. */
static void
read_categories(struct pretix *p, const struct plan_object *document)
{
	const cJSON *list = json_member_array(&document->m, "categories", REQUIRED), *item;
	size_t i = 0, n = 0;

	if (list == NULL)
		return;
	p->categories = talloc_zero_array(p->r->scratch, struct category,
	                                  (unsigned)cJSON_GetArraySize(list));
	p->r->plan->categories = talloc_array(p->r->plan, const char *,
	                                      (unsigned)cJSON_GetArraySize(list));
	cJSON_ArrayForEach(item, list) {
		const struct plan_at *at = PLAN_ELEMENT(NULL, "categories", i++);
		struct category *c = &p->categories[n];
		struct plan_object o;
		const char *text;
		size_t same = n;

		if (!plan_object_begin(&o, p->r, at, item))
			continue;
		*c = (struct category){ .price = -1 };
		plan_object_price(&o, &c->price);
		json_member_bool(&o.m, "accessible", OPTIONAL, &c->accessible);
		if ((text = plan_object_label(&o, "tier", OPTIONAL)) != NULL)
			c->tier = keep_label(p, text);
		if ((text = plan_object_label(&o, "name", REQUIRED)) == NULL)
			continue;
		c->name = keep_label(p, text);
		p->r->plan->categories[n] = c->name;
		if (plan_names_add(p->by_category, c->name, &same))
			p->r->plan->n_categories = ++n;
		else
			plan_fault(p->r, PLAN_MEMBER(at, "name"),
			           "repeats the name of another category");
	}
}

/* Makes room for all that is listed; false, with a fault, when that is too much. */
static bool
make_room(struct pretix *p, const cJSON *zones)
{
	size_t sections = 0, seats = 0, longest = 0;
	const cJSON *zone, *row;

	assert(p->listed == NULL && p->gaps == NULL);
	cJSON_ArrayForEach(zone, zones) {
		const cJSON *rows = json_member_of(zone, "rows");

		sections += cJSON_IsArray(rows) && rows->child != NULL;
		cJSON_ArrayForEach(row, rows) {
			size_t n = (size_t)cJSON_GetArraySize(json_member_of(row, "seats"));

			seats += n;
			longest = n > longest ? n : longest;
		}
	}
	if (seats > PLAN_MAX_SEATS)
		plan_fault(p->r, PLAN_MEMBER(NULL, "zones"), "has %zu seats, more than %d", seats,
		           PLAN_MAX_SEATS);
	if (sections > PLAN_MAX_SECTIONS)
		plan_fault(p->r, PLAN_MEMBER(NULL, "zones"), "has %zu zones, more than %d",
		           sections, PLAN_MAX_SECTIONS);
	if (seats > PLAN_MAX_SEATS || sections > PLAN_MAX_SECTIONS)
		return false;
	plan_make_room(p->r, sections, seats);
	p->listed = talloc_array(p->r->scratch, struct listed_seat, (unsigned)seats);
	p->gaps = talloc_array(p->r->scratch, double, (unsigned)longest);
	return true;
}

/* Refuses a guid that another seat has; o is the seat. */
static void
read_guid(struct pretix *p, const struct plan_object *o)
{
	const cJSON *guid = json_member(&o->m, "seat_guid", OPTIONAL);
	const struct plan_at *at = o->at;
	size_t n = p->r->plan->n_seats;
	const struct listed_seat *first;

	assert(at->up != NULL && at->up->up != NULL); /* a seat of a row of a zone */
	assert(n < talloc_array_length(p->listed));
	p->listed[n] = (struct listed_seat){ (int32_t)at->up->up->index, (int32_t)at->up->index,
		                             (int32_t)at->index };
	if (!cJSON_IsString(guid) || *guid->valuestring == '\0') {
		plan_fault(p->r, PLAN_MEMBER(at, "seat_guid"), "must be a text that is not empty");
		return;
	}
	if (plan_names_add(p->guids, guid->valuestring, &n))
		return;
	first = &p->listed[n];
	plan_fault(p->r, PLAN_MEMBER(at, "seat_guid"),
	           "repeats the seat_guid of zones[%d].rows[%d].seats[%d]", (int)first->zone,
	           (int)first->row, (int)first->seat);
}

/* What the seat's category gives it; the seat itself may say otherwise about access. */
static void
read_category(struct pretix *p, const struct plan_object *o, struct plan_seat *seat)
{
	const char *text = plan_object_label(o, "category", REQUIRED);
	size_t i;

	if (text == NULL)
		return;
	if (!plan_names_find(p->by_category, text, &i)) {
		plan_fault(p->r, PLAN_MEMBER(o->at, "category"),
		           "is not one of the plan's categories");
		return;
	}
	assert(i < p->r->plan->n_categories);
	seat->category = p->categories[i].name;
	seat->tier = p->categories[i].tier;
	seat->price = p->categories[i].price;
	seat->accessible = p->categories[i].accessible;
}

/* One seat; origin is where its row is. */
static void
read_seat(struct pretix *p, const struct plan_at *at, const cJSON *item, struct point origin,
          struct plan_seat *seat)
{
	struct plan_object o;

	if (!plan_object_begin(&o, p->r, at, item))
		return;
	seat->price = -1;
	seat->label = read_label(p, &o, "seat_number");
	read_guid(p, &o);
	read_category(p, &o, seat);
	json_member_bool(&o.m, "accessible", OPTIONAL, &seat->accessible);
	if (read_position(&o, &origin)) {
		seat->x = origin.x;
		seat->y = origin.y;
	} else {
		p->row_has_places = false;
	}
}

/* By x; seats above one another stay as listed, which is what col still says. */
static int
compare_x(const void *a, const void *b)
{
	const struct plan_seat *s = a, *t = b;

	if (s->x < t->x || s->x > t->x)
		return s->x < t->x ? -1 : 1;
	return (s->col > t->col) - (s->col < t->col);
}

/* Orders two doubles, for qsort. */
static int
compare_double(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Whether a row reaches at least as far across the plan as down it. */
static bool
runs_along_x(const struct plan_seat *seats, size_t n)
{
	double left = seats[0].x, right = left, top = seats[0].y, bottom = top;

	assert(n > 0);
	for (size_t i = 1; i < n; i++) {
		left = fmin(left, seats[i].x);
		right = fmax(right, seats[i].x);
		top = fmin(top, seats[i].y);
		bottom = fmax(bottom, seats[i].y);
	}
	return right - left >= bottom - top;
}

/* How far a seat is from the one before it in its row. */
static double
gap_before(const struct plan_seat *seat)
{
	return hypot(seat->x - seat[-1].x, seat->y - seat[-1].y);
}

/*
 * Gives a row its columns. The usual spacing is the lower median, so that in a row of three
 * with one aisle the two that sit together are the measure.
 */
static void
set_columns(struct pretix *p, struct plan_seat *seats, size_t n)
{
	double usual = 0;

	assert(n > 0);
	assert(n <= talloc_array_length(p->gaps));
	if (p->row_has_places && runs_along_x(seats, n))
		qsort(seats, n, sizeof(*seats), compare_x);
	if (p->row_has_places && n > 1) {
		for (size_t i = 1; i < n; i++)
			p->gaps[i - 1] = gap_before(&seats[i]);
		qsort(p->gaps, n - 1, sizeof(*p->gaps), compare_double);
		usual = p->gaps[(n - 2) / 2];
	}
	seats[0].col = 1;
	for (size_t i = 1; i < n; i++)
		seats[i].col = seats[i - 1].col +
		               (usual > 0 && gap_before(&seats[i]) > AISLE * usual ? 2 : 1);
}

/* One row, whose seats become the plan's next ones; origin is where its zone is. */
static void
read_row(struct pretix *p, const struct plan_at *at, const cJSON *row, struct point origin,
         int32_t row_no)
{
	struct plan *plan = p->r->plan;
	struct plan_seat *first = &plan->seats[plan->n_seats];
	struct plan_section *section = &plan->sections[plan->n_sections];
	const cJSON *seats, *item;
	struct plan_object o;
	const char *label;
	int32_t n = 0;

	if (!plan_object_begin(&o, p->r, at, row))
		return;
	label = read_label(p, &o, "row_number");
	read_position(&o, &origin);
	if ((seats = json_member_array(&o.m, "seats", REQUIRED)) == NULL)
		return;
	if (seats->child == NULL) {
		plan_fault(p->r, PLAN_MEMBER(at, "seats"), "is empty");
		return;
	}
	p->row_has_places = true;
	cJSON_ArrayForEach(item, seats) {
		struct plan_seat *seat = &plan->seats[plan->n_seats];

		assert(plan->n_seats < talloc_array_length(plan->seats));
		read_seat(p, PLAN_ELEMENT(at, "seats", n), item, origin, seat);
		seat->section = (int32_t)plan->n_sections;
		seat->row_no = row_no;
		seat->row_label = label;
		seat->col = ++n;
		plan->n_seats++;
	}
	plan->has_coordinates = plan->has_coordinates && p->row_has_places;
	plan->n_rows++;
	section->cols = n > section->cols ? n : section->cols;
	set_columns(p, first, (size_t)n);
}

/* Whether two texts are equal, or both absent. */
static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

/* Gives a section the price and the tier that all its seats have, if they agree. */
static void
agree(struct plan_section *section, const struct plan_seat *seats, size_t n)
{
	assert(n > 0);
	section->price = seats[0].price;
	section->tier = seats[0].tier;
	for (size_t i = 1; i < n; i++) {
		if (seats[i].price < section->price || seats[i].price > section->price)
			section->price = -1;
		if (!same_text(seats[i].tier, section->tier))
			section->tier = NULL;
	}
}

/* A zone without rows holds only drawings, and becomes no section. */
static void
read_zone(struct pretix *p, const struct plan_at *at, const cJSON *zone)
{
	struct plan *plan = p->r->plan;
	struct plan_section *section = &plan->sections[plan->n_sections];
	size_t first = plan->n_seats, same = (size_t)at->index;
	struct point origin = { 0, 0 };
	const cJSON *rows, *row;
	struct plan_object o;
	const char *name;

	if (!plan_object_begin(&o, p->r, at, zone))
		return;
	read_position(&o, &origin);
	if ((rows = json_member_array(&o.m, "rows", REQUIRED)) == NULL || rows->child == NULL)
		return;
	if ((name = plan_object_label(&o, "name", REQUIRED)) != NULL) {
		section->name = talloc_strdup(plan, name);
		if (!plan_names_add(p->zone_names, name, &same))
			plan_fault(p->r, PLAN_MEMBER(at, "name"), "repeats the name of zones[%zu]",
			           same);
	}
	assert(plan->n_sections < talloc_array_length(plan->sections));
	section->subsection = 1;
	cJSON_ArrayForEach(row, rows) {
		int32_t i = section->rows++;

		read_row(p, PLAN_ELEMENT(at, "rows", i), row, origin, section->rows);
	}
	if (plan->n_seats > first)
		agree(section, &plan->seats[first], plan->n_seats - first);
	plan->n_sections++;
}

void
plan_pretix_read(struct plan_reader *r, const cJSON *document)
{
	struct pretix p = {
		.r = r,
		.by_category = plan_names_new(r->scratch),
		.zone_names = plan_names_new(r->scratch),
		.guids = plan_names_new(r->scratch),
		.labels = plan_names_new(r->scratch),
		.label = talloc_array(r->scratch, const char *, 64),
	};
	const cJSON *zones, *zone;
	struct plan_object o;
	size_t i = 0;

	assert(r->plan != NULL && r->faults != NULL);
	if (!plan_object_begin(&o, r, NULL, document))
		return;
	read_categories(&p, &o);
	if ((zones = json_member_array(&o.m, "zones", REQUIRED)) == NULL || !make_room(&p, zones))
		return;
	r->plan->has_coordinates = true;
	cJSON_ArrayForEach(zone, zones)
		read_zone(&p, PLAN_ELEMENT(NULL, "zones", i++), zone);
}
