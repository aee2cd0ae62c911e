#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "ctx_case.h"

#include "base/config.h"

/* Reads the settings from a file of this text; what is wrong with it, or NULL. */
static const char *
load(const char *text, const struct config **out)
{
	const char *why = NULL;
	int fd = memfd_create("rowlock.conf", MFD_CLOEXEC);
	enum err e;

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	setenv(CONFIG_FILE_KEY, talloc_asprintf(ctx, "/proc/self/fd/%d", fd), 1);
	e = config_load(ctx, out, &why);
	close(fd);
	assert_true((e == ERR_OK) == (why == NULL));
	return why;
}

static void
test_config_load_takes_lines_as_systemd_does(void **state)
{
	const struct config *c;

	(void)state;
	assert_null(load("# a comment\n; another\n\n  KAFKA_TOPIC_PREFIX= \"a b\" \r\n"
	                 "DATABASE_HOST='it''s'\nMAX_SEATS_PER_BOOKING=7",
	                 &c));
	assert_string_equal(c->kafka_prefix, "a b");
	assert_string_equal(c->database_host, "it''s");
	assert_int_equal(c->max_seats, 7);
	assert_int_equal(c->max_pending, 3);
}

static void
test_config_load_names_the_key_and_the_line(void **state)
{
	const struct config *c;

	(void)state;
	assert_non_null(strstr(load("\nDATABASE_ULR=x\n", &c), ":2: unknown key DATABASE_ULR"));
	assert_non_null(strstr(load("ROWLOCK_THREADS=0", &c), "ROWLOCK_THREADS"));
	assert_non_null(strstr(load("JWT_SECRET=short", &c), "JWT_SECRET"));
}

static void
test_config_load_quotes_nothing_that_may_be_secret(void **state)
{
	static const char *const lines[] = {
		"DATABASE_URL: postgresql://u:PassWord@h/db?sslmode=require\n",
		"DATABASE_URL postgresql://u:PassWord@h/db?sslmode=require\n",
		"export JWT_SECRET=PassWordPassWordPassWordPassWord\n",
		"PassWord\n",
		"PassWord=\n",
		"=PassWord\n",
		"JWT_SECRET=PassWord\n",
		"ROWLOCK_THREADS=PassWord\n",
	};
	const struct config *c;

	(void)state;
	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_null(strstr(load(lines[i], &c), "PassWord"));
}

static void
test_config_load_refuses_too_long_a_line(void **state)
{
	char *longest = talloc_asprintf(ctx, "KAFKA_BROKER=%0*d\nMAX_SEATS_PER_BOOKING=7\n",
	                                4094 - (int)strlen("KAFKA_BROKER="), 1);
	char *hidden = talloc_asprintf(ctx, "\n# %0*d%s\n", 4095 - 2, 1, "MAX_SEATS_PER_BOOKING=9");
	const struct config *c;

	(void)state;
	assert_null(load(longest, &c));
	assert_int_equal(strlen(c->kafka_broker), 4094 - strlen("KAFKA_BROKER="));
	assert_int_equal(c->max_seats, 7);
	assert_non_null(strstr(load(hidden, &c), ":2: longer than 4094 bytes"));
}

static void
test_config_load_refuses_what_cannot_be_read(void **state)
{
	const struct config *c;
	const char *why;

	(void)state;
	setenv(CONFIG_FILE_KEY, "/", 1);
	assert_int_equal(config_load(ctx, &c, &why), ERR_VALIDATION_ERROR);
	setenv(CONFIG_FILE_KEY, "/nonexistent", 1);
	assert_int_equal(config_load(ctx, &c, &why), ERR_VALIDATION_ERROR);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_config_load_takes_lines_as_systemd_does, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_config_load_names_the_key_and_the_line, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_config_load_quotes_nothing_that_may_be_secret,
		                                setup, teardown),
		cmocka_unit_test_setup_teardown(test_config_load_refuses_too_long_a_line, setup,
		                                teardown),
		cmocka_unit_test_setup_teardown(test_config_load_refuses_what_cannot_be_read, setup,
		                                teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
