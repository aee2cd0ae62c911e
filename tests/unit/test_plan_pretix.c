/* Seating plans in the form of pretix: order, columns, categories, and each fault's path. */

#include "plan_case.h"

/* A pretix plan around some rows, in categories G (10.5, tier T) and S (accessible, no price). */
static char *
pretix(const char *rows)
{
	return talloc_asprintf(ctx,
	                       "{'name':'P','categories':[{'name':'G','price':10.5,'tier':'T'},"
	                       "{'name':'S','accessible':true}],"
	                       "'zones':[{'name':'Z','position':{'x':100,'y':200},'rows':[%s]}]}",
	                       rows);
}

/* A row of seats at the places x0, y0, x1, y1 …, with guids of their own. */
static char *
row_at(const char *label, const double *places, size_t n)
{
	char *row = talloc_asprintf(ctx, "{'row_number':'%s','position':{'x':10,'y':20},'seats':[",
	                            label);

	for (size_t i = 0; i < n; i++)
		row = talloc_asprintf_append(
		    row,
		    "%s{'seat_number':'%zu','seat_guid':'%s%zu','category':'G',"
		    "'position':{'x':%.17g,'y':%.17g}}",
		    i == 0 ? "" : ",", i + 1, label, i + 1, places[2 * i], places[2 * i + 1]);
	return talloc_asprintf_append(row, "]}");
}

static void
test_pretix_seat_has_what_its_category_says(void **state)
{
	const struct plan_seat *s;

	(void)state;
	read_good(pretix("{'row_number':7,'seats':["
	                 "{'seat_number':12,'seat_guid':'a','category':'G'},"
	                 "{'seat_number':'b','seat_guid':'b','category':'S'},"
	                 "{'seat_number':'b','seat_guid':'c','category':'S','accessible':false},"
	                 "{'seat_number':'b','seat_guid':'d','category':'G','accessible':true}]}"));
	s = plan->seats;
	assert_string_equal(s[0].row_label, "7");
	assert_string_equal(s[0].label, "12");
	assert_string_equal(s[0].category, "G");
	assert_string_equal(s[0].tier, "T");
	assert_true(s[0].price == 10.5);
	assert_false(s[0].accessible);
	assert_string_equal(s[1].category, "S");
	assert_null(s[1].tier);
	assert_true(s[1].price < 0);
	assert_true(s[1].accessible);
	assert_false(s[2].accessible);
	assert_true(s[3].accessible);
	assert_null(plan->sections[0].tier);
	assert_true(plan->sections[0].price < 0);
	assert_false(plan->has_coordinates);
	assert_row("12@1 b@2 b@3 b@4");
}

static void
test_pretix_section_takes_price_on_which_seats_agree(void **state)
{
	static const double places[] = { 0, 0, 25, 0 };

	(void)state;
	read_good(pretix(row_at("A", places, 2)));
	assert_true(plan->sections[0].price == 10.5);
	assert_string_equal(plan->sections[0].tier, "T");
	assert_int_equal(plan->sections[0].subsection, 1);
	assert_int_equal(plan->sections[0].cols, 2);
}

static void
test_pretix_coordinates_add_up(void **state)
{
	static const double places[] = { 1, 2, 26, 3 };

	(void)state;
	read_good(pretix(row_at("A", places, 2)));
	assert_true(plan->has_coordinates);
	assert_true(plan->seats[0].x == 111 && plan->seats[0].y == 222);
	assert_true(plan->seats[1].x == 136 && plan->seats[1].y == 223);
}

static void
test_pretix_row_order_and_aisles(void **state)
{
	static const struct {
		const char *expected;
		size_t n;
		double places[12];
	} rows[] = {
		{ "1@1", 1, { 5, 5 } },
		{ "1@1 2@2", 2, { 0, 0, 900, 0 } },
		{ "3@1 2@2 1@3", 3, { 50, 0, 25, 1, 0, 2 } },
		{ "1@1 2@2 3@4", 3, { 0, 0, 20, 0, 60, 0 } },
		{ "1@1 2@2 3@3", 3, { 0, 0, 20, 0, 50, 0 } }, /* 1.5 times is not more */
		{ "1@1 2@3 3@4 4@5", 4, { 0, 0, 31, 0, 51, 0, 71, 0 } },
		{ "4@1 3@2 2@4 1@5", 4, { 90, 0, 70, 0, 20, 0, 0, 0 } },
		{ "1@1 2@2 3@4 4@5",
		  4,
		  { 0, 90, 0, 70, 0, 20, 0, 0 } }, /* down the plan: as listed */
		{ "1@1 2@2 3@3", 3, { 2, 40, 1, 20, 0, 0 } },
		{ "1@1 2@2 3@3", 3, { 7, 7, 7, 7, 7, 7 } },
		{ "1@1 2@2 3@3 4@4", 4, { 7, 7, 7, 7, 7, 7, 9, 7 } }, /* no spacing to go by */
		{ "2@1 3@2 1@3", 3, { 9, 0, 0, 0, 0, 0 } },
	};

	(void)state;
	for (size_t i = 0; i < N(rows); i++) {
		read_good(pretix(row_at("A", rows[i].places, rows[i].n)));
		assert_row(rows[i].expected);
	}
}

static void
test_pretix_rows_count_on_from_one_in_each_zone(void **state)
{
	static const double places[] = { 0, 0, 25, 0 };
	char *text;

	(void)state;
	text = talloc_asprintf(ctx,
	                       "{'name':'P','categories':[{'name':'G'}],'zones':["
	                       "{'name':'Y','rows':[%s,%s]},{'name':'Stage','rows':[]},"
	                       "{'name':'Z','rows':[%s]}]}",
	                       row_at("A", places, 2), row_at("B", places, 1),
	                       row_at("C", places, 2));
	read_good(text);
	assert_int_equal(plan->n_sections, 2);
	assert_int_equal(plan->n_rows, 3);
	assert_int_equal(plan->seats[2].row_no, 2);
	assert_int_equal(plan->seats[3].section, 1);
	assert_int_equal(plan->seats[3].row_no, 1);
	assert_string_equal(plan->seats[3].row_label, "C");
	assert_string_equal(plan->sections[1].name, "Z");
}

static void
test_pretix_one_seat_without_position_leaves_plan_without(void **state)
{
	(void)state;
	read_good(
	    pretix("{'row_number':'A','position':{'x':0,'y':0},'seats':["
	           "{'seat_number':'1','seat_guid':'a','category':'G','position':{'x':9,'y':0}},"
	           "{'seat_number':'2','seat_guid':'b','category':'G'}]}"));
	assert_false(plan->has_coordinates);
	assert_row("1@1 2@2");
}

#define SEAT(n, guid, more) "{'seat_number':" n ",'seat_guid':" guid ",'category':'G'" more "}"
#define ROW(seats)          "{'row_number':'A','seats':[" seats "]}"
#define IN_ROW              "zones[0].rows[0]"

static void
test_pretix_fault_is_named(void **state)
{
	static const struct {
		const char *path, *rows;
	} bad[] = {
		{ "zones", "" },
		{ IN_ROW, "7" },
		{ IN_ROW ".row_number", "{'seats':[" SEAT("'1'", "'a'", "") "]}" },
		{ IN_ROW ".row_number", "{'row_number':'','seats':[" SEAT("'1'", "'a'", "") "]}" },
		{ IN_ROW ".row_number", "{'row_number':1.5,'seats':[" SEAT("'1'", "'a'", "") "]}" },
		{ IN_ROW ".row_number",
		  "{'row_number':null,'seats':[" SEAT("'1'", "'a'", "") "]}" },
		{ IN_ROW ".seats", "{'row_number':'A'}" },
		{ IN_ROW ".seats", "{'row_number':'A','seats':{}}" },
		{ IN_ROW ".seats", ROW("") },
		{ IN_ROW ".seats[1]", ROW(SEAT("'1'", "'a'", "") ",[]") },
		{ IN_ROW ".seats[0].seat_number", ROW(SEAT("-1", "'a'", "")) },
		{ IN_ROW ".seats[0].seat_number", ROW(SEAT("1e10", "'a'", "")) },
		{ IN_ROW ".seats[0].seat_number", ROW(SEAT("1e999", "'a'", "")) },
		{ IN_ROW ".seats[0].seat_number", ROW(SEAT("true", "'a'", "")) },
		{ IN_ROW ".seats[0].seat_number", ROW(SEAT("'a\\nb'", "'a'", "")) },
		{ IN_ROW ".seats[0].seat_number", ROW(SEAT("'\\u0085'", "'a'", "")) },
		{ IN_ROW ".seats[0].seat_guid", ROW(SEAT("'1'", "''", "")) },
		{ IN_ROW ".seats[0].seat_guid", ROW(SEAT("'1'", "5", "")) },
		{ IN_ROW ".seats[1].seat_guid",
		  ROW(SEAT("'1'", "'a'", "") "," SEAT("'2'", "'a'", "")) },
		{ IN_ROW ".seats[0].accessible", ROW(SEAT("'1'", "'a'", ",'accessible':1")) },
		{ IN_ROW ".seats[0].position", ROW(SEAT("'1'", "'a'", ",'position':[1,2]")) },
		{ IN_ROW ".seats[0].position.y", ROW(SEAT("'1'", "'a'", ",'position':{'x':1}")) },
		{ IN_ROW ".seats[0].position.x",
		  ROW(SEAT("'1'", "'a'", ",'position':{'x':1e999,'y':0}")) },
		{ IN_ROW ".seats[0].category", ROW("{'seat_number':'1','seat_guid':'a'}") },
		{ IN_ROW ".seats[0].category",
		  ROW("{'seat_number':'1','seat_guid':'a','category':'g'}") },
		{ IN_ROW ".position",
		  "{'row_number':'A','position':7,'seats':[" SEAT("'1'", "'a'", "") "]}" },
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		refused_at(bad[i].path, pretix(bad[i].rows));
}

static void
test_pretix_duplicate_names_the_first(void **state)
{
	(void)state;
	refused_at(IN_ROW ".seats[2].seat_guid",
	           pretix(ROW(SEAT("'1'", "'a'", "") "," SEAT("'2'", "'b'",
	                                                      "") "," SEAT("'3'", "'b'", ""))));
	assert_string_equal(faults.fault[0].why,
	                    "repeats the seat_guid of zones[0].rows[0].seats[1]");
}

static void
test_pretix_outer_fault_is_named(void **state)
{
#define ZONE "{'name':'Z','rows':[" ROW(SEAT("'1'", "'a'", "")) "]}"
	static const struct {
		const char *path, *text;
	} bad[] = {
		{ "categories", "{'name':'P','zones':[]}" },
		{ "categories", "{'name':'P','categories':{},'zones':[]}" },
		{ "categories[0]", "{'name':'P','categories':['G'],'zones':[]}" },
		{ "categories[0].name", "{'name':'P','categories':[{}],'zones':[]}" },
		{ "categories[1].name",
		  "{'name':'P','categories':[{'name':'G'},{'name':'G'}],'zones':[]}" },
		{ "categories[0].price",
		  "{'name':'P','categories':[{'name':'G','price':-1}],'zones':[]}" },
		{ "categories[0].price",
		  "{'name':'P','categories':[{'name':'G','price':'1'}],'zones':[]}" },
		{ "categories[0].tier",
		  "{'name':'P','categories':[{'name':'G','tier':''}],'zones':[]}" },
		{ "categories[0].accessible",
		  "{'name':'P','categories':[{'name':'G','accessible':'yes'}],'zones':[]}" },
		{ "zones", "{'name':'P','categories':[],'zones':{}}" },
		{ "zones", "{'name':'P','categories':[],'zones':[]}" },
		{ "zones", "{'name':'P','categories':[],'zones':[{'name':'Stage','rows':[]}]}" },
		{ "zones[0]", "{'name':'P','categories':[],'zones':[7]}" },
		{ "zones[0].rows", "{'name':'P','categories':[],'zones':[{'name':'Z'}]}" },
		{ "zones[0].name", "{'name':'P','categories':[{'name':'G'}],'zones':[{'rows':[" ROW(
				       SEAT("'1'", "'a'", "")) "]}]}" },
		{ "zones[1].name", "{'name':'P','categories':[{'name':'G'}],'zones':[" ZONE ","
		                   "{'name':'Z','rows':[" ROW(SEAT("'1'", "'b'", "")) "]}]}" },
	};

	(void)state;
	for (size_t i = 0; i < N(bad); i++)
		refused_at(bad[i].path, bad[i].text);
}

/* One row of so many seats. */
static char *
long_row(size_t n, bool own_guids)
{
	char *row = talloc_size(ctx, n * 80 + 80), *p = row;

	p += sprintf(p, "{'row_number':'A','seats':[");
	for (size_t i = 0; i < n; i++)
		p += sprintf(p, "%s{'seat_number':%zu,'seat_guid':'g%zu','category':'G'}",
		             i == 0 ? "" : ",", i + 1, own_guids ? i : i / 2);
	strcpy(p, "]}");
	return row;
}

static void
test_pretix_most_seats(void **state)
{
	(void)state;
	read_good(pretix(long_row(PLAN_MAX_SEATS, true)));
	assert_int_equal(plan->n_seats, PLAN_MAX_SEATS);
	assert_int_equal(plan->seats[PLAN_MAX_SEATS - 1].col, PLAN_MAX_SEATS);
	plan = NULL;
	refused_at("zones", pretix(long_row(PLAN_MAX_SEATS + 1, true)));
}

static void
test_pretix_first_faults_are_kept_and_all_counted(void **state)
{
	(void)state;
	assert_int_equal(read_quoted(pretix(long_row(3000, false))), ERR_VALIDATION_ERROR);
	assert_int_equal(faults.total, 1500);
	assert_int_equal(faults.n, PLAN_MAX_FAULTS);
	assert_string_equal(faults.fault[0].path, IN_ROW ".seats[1].seat_guid");
	assert_string_equal(faults.fault[9].path, IN_ROW ".seats[19].seat_guid");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_pretix_seat_has_what_its_category_says),
		TEST(test_pretix_section_takes_price_on_which_seats_agree),
		TEST(test_pretix_coordinates_add_up),
		TEST(test_pretix_row_order_and_aisles),
		TEST(test_pretix_rows_count_on_from_one_in_each_zone),
		TEST(test_pretix_one_seat_without_position_leaves_plan_without),
		TEST(test_pretix_fault_is_named),
		TEST(test_pretix_duplicate_names_the_first),
		TEST(test_pretix_outer_fault_is_named),
		TEST(test_pretix_most_seats),
		TEST(test_pretix_first_faults_are_kept_and_all_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
