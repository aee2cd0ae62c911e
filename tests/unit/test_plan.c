/* Seating plans: whole files, the grid form, and what both forms refuse. */

#include "plan_case.h"

#include <math.h>

#include "plan_file.h"

/* --- Files. --- */

static void
test_plan_read_theatre(void **state)
{
	size_t len = 0, accessible = 0;
	char *text = plan_file(ctx, "tests/plans/theatre.json", &len);

	(void)state;
	assert_non_null(text);
	assert_int_equal(plan_read(ctx, text, len, &plan, &faults), ERR_OK);
	assert_string_equal(plan->name, "Corner Theatre");
	assert_int_equal(plan->n_sections, 2); /* the stage has no rows */
	assert_int_equal(plan->n_rows, 6);
	assert_int_equal(plan->n_seats, 60);
	assert_true(plan->has_coordinates);
	for (size_t i = 0; i < plan->n_seats; i++)
		accessible += plan->seats[i].accessible;
	assert_int_equal(accessible, 3);
	assert_string_equal(plan->sections[0].name, "Stalls");
	assert_int_equal(plan->sections[0].rows, 4);
	assert_int_equal(plan->sections[0].cols, 12);
	assert_null(plan->sections[0].tier); /* its seats differ */
	assert_true(plan->sections[0].price < 0);
	assert_string_equal(plan->sections[1].tier, "REGULAR");
	assert_true(plan->sections[1].price == 37.5);
	assert_row("1@1 2@2 3@3 4@4 5@5 6@7 7@8 8@9 9@10 10@11");
	assert_string_equal(plan->seats[51].row_label, "BB"); /* listed right to left */
	assert_string_equal(plan->seats[51].label, "1");
	assert_true(plan->seats[51].x < plan->seats[52].x);
}

static void
test_plan_read_hall(void **state)
{
	size_t len = 0;
	char *text = plan_file(ctx, "tests/plans/hall.json", &len);

	(void)state;
	assert_non_null(text);
	assert_int_equal(plan_read(ctx, text, len, &plan, &faults), ERR_OK);
	assert_int_equal(plan->n_sections, 4);
	assert_int_equal(plan->n_rows, 9);
	assert_int_equal(plan->n_seats, 62);
	assert_false(plan->has_coordinates);
	assert_row("1@1 2@2 3@3 4@4 5@6 6@7 7@8 8@9");
}

static void
test_plan_read_stadium(void **state)
{
	size_t len = 0;
	char *text = plan_file_outside(ctx, "stadium.json", &len);

	(void)state;
	if (text == NULL)
		skip();
	assert_int_equal(plan_read(ctx, text, len, &plan, &faults), ERR_OK);
	assert_int_equal(plan->n_seats, 738);
	assert_int_equal(plan->n_rows, 90);
	assert_int_equal(plan->n_sections, 2);
	assert_true(plan->has_coordinates);
	assert_string_equal(plan->sections[0].name, "Ground floor");
	for (size_t i = 1; i < plan->n_seats; i++) { /* no row of it has an aisle */
		const struct plan_seat *s = &plan->seats[i];

		assert_int_equal(s->col, s[-1].row_no == s->row_no && s[-1].section == s->section
		                             ? s[-1].col + 1
		                             : 1);
	}
}

static void
test_plan_read_stadium_with_duplicates(void **state)
{
	size_t len = 0;
	char *text = plan_file_outside(ctx, "stadium-duplicate-guids.json", &len);

	(void)state;
	if (text == NULL)
		skip();
	assert_int_equal(plan_read(ctx, text, len, &plan, &faults), ERR_VALIDATION_ERROR);
	assert_int_equal(faults.total, 420);
	assert_int_equal(faults.n, PLAN_MAX_FAULTS);
	for (size_t i = 0; i < faults.n; i++) {
		const char *end = strstr(faults.fault[i].path, ".seat_guid");

		assert_memory_equal(faults.fault[i].path, "zones[0].rows[", 14);
		assert_string_equal(end, ".seat_guid");
	}
}

/* --- The grid form. --- */

static void
test_grid_sections_and_seats(void **state)
{
	const struct plan_seat *s;

	(void)state;
	read_good(
	    "{'name':'G','sections':[{'name':'S','subsections':2,'rows':2,'cols':3,'price':75.5,"
	    "'tier':'REGULAR','accessible':['B-3'],'aisles':[2]},{'name':'T','rows':1,'cols':1}]}");
	s = plan->seats;
	assert_string_equal(plan->name, "G");
	assert_int_equal(plan->n_sections, 3);
	assert_int_equal(plan->n_rows, 5);
	assert_int_equal(plan->n_seats, 13);
	assert_row("1@1 2@2 3@4");
	assert_string_equal(plan->sections[1].name, "S");
	assert_int_equal(plan->sections[1].subsection, 2);
	assert_int_equal(plan->sections[1].rows, 2);
	assert_int_equal(plan->sections[1].cols, 3);
	assert_true(plan->sections[1].price == 75.5);
	assert_string_equal(plan->sections[1].tier, "REGULAR");
	assert_null(plan->sections[2].tier);
	assert_true(plan->sections[2].price < 0);
	assert_string_equal(s[5].row_label, "B");
	assert_string_equal(s[5].label, "3");
	assert_true(s[5].accessible && s[11].accessible);
	assert_false(s[4].accessible || s[6].accessible || s[12].accessible);
	assert_true(s[5].price == 75.5);
	assert_string_equal(s[5].tier, "REGULAR");
	assert_null(s[5].category);
	assert_int_equal(s[6].section, 1);
	assert_int_equal(s[9].row_no, 2);
	assert_true(s[12].price < 0);
	assert_null(s[12].tier);
}

static void
test_grid_defaults_for_rows_and_cols(void **state)
{
	(void)state;
	read_good("{'name':'G','rows':3,'cols':4,'sections':[{'name':'S'},{'name':'T','cols':1}]}");
	assert_int_equal(plan->n_seats, 15);
	assert_int_equal(plan->sections[1].rows, 3);
	assert_int_equal(plan->sections[1].cols, 1);
}

static void
test_grid_row_labels_go_on_after_z(void **state)
{
	(void)state;
	read_good("{'name':'G','sections':[{'name':'S','rows':18279,'cols':1,"
	          "'accessible':['Z-1','AA-1','AAAA-1']}]}");
	assert_string_equal(plan->seats[0].row_label, "A");
	assert_string_equal(plan->seats[25].row_label, "Z");
	assert_string_equal(plan->seats[26].row_label, "AA");
	assert_string_equal(plan->seats[701].row_label, "ZZ");
	assert_string_equal(plan->seats[702].row_label, "AAA");
	assert_string_equal(plan->seats[18278].row_label, "AAAA");
	assert_true(plan->seats[25].accessible && plan->seats[26].accessible);
	assert_true(plan->seats[18278].accessible);
}

static void
test_grid_limits(void **state)
{
	(void)state;
	read_good("{'name':'G','sections':[{'name':'S','rows':1000,'cols':200}]}");
	assert_int_equal(plan->n_seats, PLAN_MAX_SEATS);
	read_good("{'name':'G','sections':[{'name':'S','subsections':1000,'rows':1,'cols':200}]}");
	assert_int_equal(plan->n_sections, 1000);
	read_good("{'name':'G','sections':[{'name':'S','rows':1,'cols':1,'price':0}]}");
	assert_true(plan->seats[0].price == 0);
	read_good("{'name':'G','sections':[{'name':'S','rows':1,'cols':1,'price':-0.0}]}");
	assert_false(signbit(plan->seats[0].price));
	plan = NULL;
	refused_at("sections[0]", "{'name':'G','sections':[{'name':'S','rows':1000,'cols':201}]}");
	refused_at("sections[1]", "{'name':'G','rows':500,'cols':300,'sections':[{'name':'S'},"
	                          "{'name':'T'},{'name':'U'}]}");
	refused_at("sections[0]",
	           "{'name':'G','sections':[{'name':'S','subsections':1000,'rows':200000,"
	           "'cols':200000,'accessible':['A-1'],'aisles':[1]}]}");
}

static void
test_grid_most_sections(void **state)
{
	char *text = talloc_strdup(ctx, "{'name':'G','rows':1,'cols':1,'sections':[");

	(void)state;
	for (int i = 0; i < 33; i++)
		text = talloc_asprintf_append(text, "%s{'name':'S%d','subsections':%d}",
		                              i == 0 ? "" : ",", i, i == 32 ? 767 : 1000);
	read_good(talloc_asprintf(ctx, "%s]}", text));
	assert_int_equal(plan->n_sections, PLAN_MAX_SECTIONS);
	plan = NULL;
	refused_at("sections[33]", talloc_asprintf(ctx, "%s,{'name':'T'}]}", text));
}

static void
test_grid_list_of_too_many_sections(void **state)
{
	char *text = talloc_size(ctx, 100000), *p = text;

	(void)state;
	p += sprintf(p, "{'name':'G','sections':[1");
	for (int i = 0; i < PLAN_MAX_SECTIONS; i++, p += 2)
		memcpy(p, ",1", 2);
	strcpy(p, "]}");
	refused_at("sections", text);
}

static void
test_grid_fault_is_named(void **state)
{
	/* A member more, or another value for one, in a section of 2 by 3. */
	static const struct {
		const char *path, *members;
	} bad[] = {
		{ "sections[0].name", "'rows':2,'cols':3" },
		{ "sections[0].name", "'name':'','rows':2,'cols':3" },
		{ "sections[0].name", "'name':7,'rows':2,'cols':3" },
		{ "sections[0].name", "'name':'a\\u007fb','rows':2,'cols':3" },
		{ "sections[0].rows", "'name':'S','cols':3" },
		{ "sections[0].rows", "'name':'S','rows':0,'cols':3" },
		{ "sections[0].rows", "'name':'S','rows':-1,'cols':3" },
		{ "sections[0].rows", "'name':'S','rows':1.5,'cols':3" },
		{ "sections[0].rows", "'name':'S','rows':'3','cols':3" },
		{ "sections[0].rows", "'name':'S','rows':null,'cols':3" },
		{ "sections[0].rows", "'name':'S','rows':9007199254740994,'cols':3" },
		{ "sections[0].rows", "'name':'S','rows':1e999,'cols':3" },
		{ "sections[0].cols", "'name':'S','rows':2,'cols':true" },
		{ "sections[0].cols", "'name':'S','rows':2,'cols':[]" },
		{ "sections[0].subsections", "'name':'S','rows':2,'cols':3,'subsections':0" },
		{ "sections[0].subsections", "'name':'S','rows':2,'cols':3,'subsections':1001" },
		{ "sections[0].price", "'name':'S','rows':2,'cols':3,'price':-0.5" },
		{ "sections[0].price", "'name':'S','rows':2,'cols':3,'price':1e999" },
		{ "sections[0].price", "'name':'S','rows':2,'cols':3,'price':1e20" },
		{ "sections[0].price", "'name':'S','rows':2,'cols':3,'price':null" },
		{ "sections[0].tier", "'name':'S','rows':2,'cols':3,'tier':7" },
		{ "sections[0].accessible", "'name':'S','rows':2,'cols':3,'accessible':true" },
		{ "sections[0].accessible[0]", "'name':'S','rows':2,'cols':3,'accessible':[1]" },
		{ "sections[0].accessible[0]",
		  "'name':'S','rows':2,'cols':3,'accessible':['C-1']" },
		{ "sections[0].accessible[0]",
		  "'name':'S','rows':2,'cols':3,'accessible':['A-4']" },
		{ "sections[0].accessible[0]",
		  "'name':'S','rows':2,'cols':3,'accessible':['A-0']" },
		{ "sections[0].accessible[0]",
		  "'name':'S','rows':2,'cols':3,'accessible':['A-01']" },
		{ "sections[0].accessible[0]", "'name':'S','rows':2,'cols':3,'accessible':['A-']" },
		{ "sections[0].accessible[0]", "'name':'S','rows':2,'cols':3,'accessible':['A1']" },
		{ "sections[0].accessible[0]", "'name':'S','rows':2,'cols':3,'accessible':['-1']" },
		{ "sections[0].accessible[0]",
		  "'name':'S','rows':2,'cols':3,'accessible':['A-1 ']" },
		{ "sections[0].accessible[0]",
		  "'name':'S','rows':2,'cols':3,'accessible':['AAAAAAAAA-1']" },
		{ "sections[0].accessible[0]",
		  "'name':'S','rows':2,'cols':3,'accessible':['A-4294967297']" },
		{ "sections[0].accessible[1]",
		  "'name':'S','rows':2,'cols':3,'accessible':['A-1','A-1']" },
		{ "sections[0].aisles", "'name':'S','rows':2,'cols':3,'aisles':2" },
		{ "sections[0].aisles[0]", "'name':'S','rows':2,'cols':3,'aisles':[0]" },
		{ "sections[0].aisles[0]", "'name':'S','rows':2,'cols':3,'aisles':[3]" },
		{ "sections[0].aisles[0]", "'name':'S','rows':2,'cols':1,'aisles':[1]" },
		{ "sections[0].aisles[1]", "'name':'S','rows':2,'cols':3,'aisles':[1,1]" },
		{ "sections[0].seats", "'name':'S','rows':2,'cols':3,'seats':6" },
		{ "sections[0]", "'name':'S','rows':2,'cols':3,'a\\nb':6" },
		{ "sections[1].name",
		  "'name':'S','rows':2,'cols':3},{'name':'S','rows':2,'cols':3" },
		{ "sections[1]", "'name':'S','rows':2,'cols':3},7,{'name':'T','rows':1,'cols':1" },
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		refused_at(bad[i].path,
		           talloc_asprintf(ctx, "{'name':'G','sections':[{%s}]}", bad[i].members));
}

/* --- Both. --- */

static void
test_plan_read_outer_fault_is_named(void **state)
{
	static const struct {
		const char *path, *text;
	} bad[] = {
		{ "", "" },
		{ "", "[" },
		{ "", "[]" },
		{ "", "{'name':'G'}" },
		{ "", "{'name':'G','sections':[],'zones':[]}" },
		{ "", "{'name':'G','sections':[]} x" },
		{ "", "{'name':'G','name':'G','sections':[]}" },
		{ "name", "{'sections':[{'name':'S','rows':1,'cols':1}]}" },
		{ "name", "{'name':'','sections':[{'name':'S','rows':1,'cols':1}]}" },
		{ "sections", "{'name':'G','sections':[]}" },
		{ "sections", "{'name':'G','sections':{}}" },
		{ "rows", "{'name':'G','rows':0,'sections':[]}" },
		{ "size", "{'name':'G','size':{},'sections':[]}" },
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		refused_at(bad[i].path, bad[i].text);
}

static void
test_plan_read_json_fault_says_the_byte(void **state)
{
	(void)state;
	refused_at("", "{'name':'G','sections':[007]}");
	assert_non_null(strstr(faults.fault[0].why, "byte 24"));
}

/* Some versions of cJSON cannot read such a number; no plan may come of it. */
static void
test_plan_read_number_of_many_digits(void **state)
{
	(void)state;
	assert_int_equal(read_quoted(
			     "{'name':'G','sections':[{'name':'S','cols':1,'rows':"
			     "11111111111111111111111111111111111111111111111111111111111111111"
			     "11111111111111111111111111111111111}]}"),
	                 ERR_VALIDATION_ERROR);
	assert_int_equal(faults.total, 1);
}

static void
test_plan_read_document_of_too_many_values(void **state)
{
	char *text = talloc_size(ctx, 5100000), *p = text;

	(void)state;
	p += sprintf(p, "{'name':'G','sections':[1");
	for (int i = 0; i < 2500000; i++, p += 2)
		memcpy(p, ",1", 2);
	strcpy(p, "]}");
	refused_at("", text);
}

static void
test_plan_read_label_of_most_bytes(void **state)
{
	char most[PLAN_MAX_LABEL + 1] = { 0 };
	const char *form = "{'name':'G','sections':[{'name':'%s%s','rows':1,'cols':1}]}";

	(void)state;
	memset(most, 'x', PLAN_MAX_LABEL);
	read_good(talloc_asprintf(ctx, form, most, ""));
	assert_string_equal(plan->sections[0].name, most);
	plan = NULL;
	refused_at("sections[0].name", talloc_asprintf(ctx, form, most, "x"));
}

static void
test_plan_read_leaves_nothing_else(void **state)
{
	size_t before;

	(void)state;
	before = talloc_total_blocks(ctx);
	read_good("{'name':'G','sections':[{'name':'S','rows':2,'cols':2}]}");
	assert_int_equal(talloc_total_blocks(ctx) - before, talloc_total_blocks(plan));
	talloc_free(plan);
	plan = NULL;
	before = talloc_total_blocks(ctx);
	refused_at("sections", "{'name':'G','sections':[]}");
	assert_int_equal(talloc_total_blocks(ctx) - before, 2); /* a path and a reason */
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_plan_read_theatre),
		TEST(test_plan_read_hall),
		TEST(test_plan_read_stadium),
		TEST(test_plan_read_stadium_with_duplicates),
		TEST(test_grid_sections_and_seats),
		TEST(test_grid_defaults_for_rows_and_cols),
		TEST(test_grid_row_labels_go_on_after_z),
		TEST(test_grid_limits),
		TEST(test_grid_most_sections),
		TEST(test_grid_list_of_too_many_sections),
		TEST(test_grid_fault_is_named),
		TEST(test_plan_read_outer_fault_is_named),
		TEST(test_plan_read_json_fault_says_the_byte),
		TEST(test_plan_read_number_of_many_digits),
		TEST(test_plan_read_document_of_too_many_values),
		TEST(test_plan_read_label_of_most_bytes),
		TEST(test_plan_read_leaves_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
