/* rowlockctl: everything an operator does at the keyboard. */

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "ctl/ctl.h"
#include "bin/program.h"

#define COMMAND_WORDS 2

/* Every command; longer names first where one begins another. */
static const struct {
	const char *name;
	int (*run)(struct ctl *c);
	bool needs_config; /* works only with settings that are right */
	const char *args, *help;
} commands[] = {
	{ "migrate", ctl_migrate, true, "[--dir DIR] [--worker ROLE] [--status]",
	  "bring the database's schema up to date, and grant the workers' role" },
	{ "plan import", ctl_plan_import, true, "FILE [--owner NAME]",
	  "import a seating plan (pretix form or grid form); - reads standard input" },
	{ "plan list", ctl_plan_list, true, "[--owner NAME]", "list the plans" },
	{ "event create", ctl_event_create, true,
	  "--plan ID --title T [--venue V] [--starts TIME] [--timezone Z] [--currency C] "
	  "[--price NAME=AMOUNT]… [--seller NAME] [--on-sale]",
	  "make an event with its seats from a plan" },
	{ "event list", ctl_event_list, true, "[--status S]", "list the events with their counts" },
	{ "event open", ctl_event_open, true, "NUMBER", "put an event on sale" },
	{ "event close", ctl_event_close, true, "NUMBER", "close the sale of an event" },
	{ "event cancel", ctl_event_cancel, true, "NUMBER [--no-wait]",
	  "cancel an event: nobody can book any more, and all who have paid get their money back" },
	{ "check-in", ctl_check_in, true, "REFERENCE [--by NAME]",
	  "let in whoever shows a ticket, once" },
	{ "refund list", ctl_refund_list, true, "[--failed]",
	  "list the refunds that are not done, or those alone that were refused for good" },
	{ "refund retry", ctl_refund_retry, true, "ID",
	  "ask once more for a refund that was refused for good" },
	{ "refund done", ctl_refund_done, true, "ID [--ref TEXT]",
	  "note that the money of a refund was given back by hand" },
	{ "parked list", ctl_parked_list, true, "[--body]",
	  "list the gateway's call-backs that could not be settled; --body: with what they say" },
	{ "parked settle", ctl_parked_settle, true, "ID", "try to settle such a call-back again" },
	{ "job", ctl_job, true, "NAME --once", "do one round of what a role of rowlockd does:" },
	{ "dlq list", ctl_dlq_list, true, "[TOPIC] [--all]",
	  "list the dead letters of a topic, or of all; --all: those that were replayed, too" },
	{ "dlq show", ctl_dlq_show, true, "TOPIC PARTITION OFFSET [--value]",
	  "print a dead letter; --value: its value alone" },
	{ "dlq replay", ctl_dlq_replay, true, "TOPIC PARTITION OFFSET [--value FILE] | TOPIC --all",
	  "send a dead letter once more, with another value if it is mended; or all that were "
	  "not" },
	{ "token", ctl_token, true, "--sub USER [--role ROLE] [--name NAME] [--ttl SECONDS]",
	  "make a token that the workers accept" },
	{ "config", ctl_config, true, "", "print the settings and where each comes from" },
	{ "doctor", ctl_doctor, false, "", "check the installation, and say how to mend it" },
	{ "audit", ctl_audit, true, "[--event NUMBER] [--limit N] [FILE…]",
	  "check bookings, seats, journal and money; FILE has ids of bookings that must exist" },
};
#define N_COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void
usage(FILE *out)
{
	fputs("usage: rowlockctl COMMAND [ARGUMENT…]\n\n", out);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		fprintf(out, "  %-13s %s\n                %s\n", commands[i].name, commands[i].args,
		        commands[i].help);
		if (commands[i].run == ctl_job)
			ctl_job_list(out);
	}
	fputs("\nSettings come from the environment or rowlock.conf; see rowlockctl(8).\n", out);
}

int
ctl_fail(const char *format, ...)
{
	va_list ap;

	fputs("rowlockctl: ", stderr);
	va_start(ap, format);
	vfprintf(stderr, format, ap);
	va_end(ap);
	fputc('\n', stderr);
	return CTL_FAILED;
}

const char *
ctl_database(struct ctl *c)
{
	const char *database = config_database(c->ctx, c->config);

	if (database == NULL)
		ctl_fail("DATABASE_URL is not set");
	return database;
}

struct pool *
ctl_pool(struct ctl *c)
{
	const char *database = ctl_database(c);

	return database == NULL ? NULL : pool_new(c->ctx, database, 1);
}

/* Takes argument i as an option, if it is one; moves *i over its value. */
static bool
take_option(struct ctl *c, const struct ctl_option *table, int *i)
{
	const char *arg = c->argv[*i] + 2, *eq = strchr(arg, '=');
	size_t n = eq == NULL ? strlen(arg) : (size_t)(eq - arg);

	while (table->name != NULL &&
	       (strlen(table->name) != n || strncmp(table->name, arg, n) != 0))
		table++;
	if (table->name == NULL || (table->flag != NULL && eq != NULL)) {
		ctl_fail("%s: no such option; see rowlockctl --help", c->argv[*i]);
		return false;
	}
	if (table->flag != NULL) {
		*table->flag = true;
		return true;
	}
	if (eq == NULL && *i + 1 >= c->argc) {
		ctl_fail("--%s needs a value", table->name);
		return false;
	}
	*table->value = eq != NULL ? eq + 1 : c->argv[++*i];
	return true;
}

bool
ctl_options(struct ctl *c, const struct ctl_option *table)
{
	int kept = 1;

	for (int i = 1; i < c->argc; i++) {
		if (strncmp(c->argv[i], "--", 2) != 0)
			c->argv[kept++] = c->argv[i];
		else if (!take_option(c, table, &i))
			return false;
	}
	c->argc = kept;
	return true;
}

bool
ctl_number(const char *name, const char *text, long long least, long long most, long long *out)
{
	char *end;

	errno = 0;
	*out = strtoll(text, &end, 10);
	if (errno == 0 && end != text && *end == '\0' && *out >= least && *out <= most)
		return true;
	ctl_fail("%s must be a whole number from %lld to %lld", name, least, most);
	return false;
}

char *
ctl_read(struct ctl *c, const char *path, size_t most, size_t *n)
{
	FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	char *text = talloc_size(c->ctx, most + 1);
	bool good;

	if (f == NULL) {
		ctl_fail("%s: cannot be opened", path);
		return NULL;
	}
	*n = fread(text, 1, most + 1, f);
	good = ferror(f) == 0;
	if (f != stdin)
		fclose(f);
	if (!good || *n > most) {
		ctl_fail(good ? "%s: is larger than %zu bytes" : "%s: cannot be read", path, most);
		return NULL;
	}
	text[*n] = '\0';
	return text;
}

/* Whether the command line begins with a command's words; says how many they are. */
static int
matches(const char *name, int argc, char **argv)
{
	const char *space = strchr(name, ' ');

	if (space == NULL)
		return strcmp(name, argv[0]) == 0 ? 1 : 0;
	return argc >= COMMAND_WORDS && strlen(argv[0]) == (size_t)(space - name) &&
	               strncmp(name, argv[0], (size_t)(space - name)) == 0 &&
	               strcmp(space + 1, argv[1]) == 0
	           ? COMMAND_WORDS
	           : 0;
}

/* Reads the settings; what is wrong with them, or NULL. */
static const char *
read_settings(struct ctl *c)
{
	const char *why;

	if (config_load(c->ctx, &c->config, &why) != ERR_OK) {
		c->config = NULL;
		return why;
	}
	shared_join(
	    c->config->shm_file); /* what a command changes shows in the workers' seat maps */
	metrics_init();
	why = program_fault(c->config);
	log_set_level("error"); /* commands speak for themselves */
	return why;
}

static int
run(size_t command, int argc, char **argv)
{
	struct ctl c = { .ctx = talloc_new(NULL), .argc = argc, .argv = argv };
	int status = CTL_USAGE;

	c.fault = read_settings(&c);
	if (c.fault != NULL && commands[command].needs_config)
		ctl_fail("%s", c.fault);
	else
		status = commands[command].run(&c);
	talloc_free(c.ctx);
	return status;
}

int
main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
		usage(argc < 2 ? stderr : stdout);
		return argc < 2 ? CTL_USAGE : CTL_OK;
	}
	for (size_t i = 0; i < N_COMMANDS; i++) {
		int words = matches(commands[i].name, argc - 1, argv + 1);

		if (words == 0)
			continue;
		if (argc > words + 1 && strcmp(argv[words + 1], "--help") == 0) {
			printf("usage: rowlockctl %s %s\n%s\n", commands[i].name, commands[i].args,
			       commands[i].help);
			if (commands[i].run == ctl_job)
				ctl_job_list(stdout);
			return CTL_OK;
		}
		return run(i, argc - words, argv + words);
	}
	ctl_fail("%s: no such command", argv[1]);
	usage(stderr);
	return CTL_USAGE;
}
