/* Whose bookings one may see, and for whom one may book. */
#include "request_case.h"

#include "api/request/principal.h"

static struct principal
caller(const char *sub, enum role role)
{
	return (struct principal){ .sub = sub, .name = "Name", .role = role };
}

static void
test_R51_R52_who_may_see_a_booking(void **state)
{
	const struct principal buyer = caller("ann", ROLE_BUYER), other = caller("bob", ROLE_BUYER),
			       seller = caller("sue", ROLE_SELLER),
			       admin = caller("adm", ROLE_ADMIN),
			       service = caller("svc", ROLE_SERVICE),
			       namesake = caller("sue", ROLE_BUYER);

	(void)state;
	assert_true(principal_may_see(&buyer, "ann", "sue"));
	assert_false(principal_may_see(&other, "ann", "sue"));
	assert_true(principal_may_see(&seller, "ann", "sue"));
	assert_false(principal_may_see(&seller, "ann", "sam"));
	assert_false(principal_may_see(&namesake, "ann", "sue"));
	assert_true(principal_may_see(&admin, "ann", "sue"));
	assert_true(principal_may_see(&service, "ann", "sue"));
}

static void
test_R51_only_staff_books_for_another(void **state)
{
	struct api a = { .rq = &rq, .who = caller("ann", ROLE_BUYER) };
	const char *user = NULL, *name = NULL;

	(void)state;
	assert_int_equal(principal_choose_user(&a, NULL, &user, &name), ERR_OK);
	assert_string_equal(user, "ann");
	assert_string_equal(name, "Name");
	assert_int_equal(principal_choose_user(&a, "ann", &user, &name), ERR_OK);
	assert_int_equal(principal_choose_user(&a, "bob", &user, &name), ERR_FORBIDDEN);
	a.who.role = ROLE_SELLER;
	assert_int_equal(principal_choose_user(&a, "bob", &user, &name), ERR_FORBIDDEN);
	assert_string_equal(user, "ann");
	a.who.role = ROLE_SERVICE;
	assert_int_equal(principal_choose_user(&a, "bob", &user, &name), ERR_OK);
	assert_string_equal(user, "bob");
	assert_null(name);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_R51_R52_who_may_see_a_booking),
		TEST(test_R51_only_staff_books_for_another),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
