/*
 * rowlockctl: everything that an operator does at the keyboard. Here is the table of commands and
 * how one is found; what they do is in src/ctl/, a file per group.
 */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "bin/program.h"
#include "ctl/commands.h"

#define COMMAND_WORDS 2

_Static_assert((int)CTL_USAGE == PROGRAM_MISUSED, "one exit status for wrong arguments");

/* A command: one word, or two. */
struct command {
	const char *name;
	int (*run)(struct ctl *c);
	bool needs_config; /* works only with settings that are right */
	const char *args, *help;
};

/* Every command, in the order of the help; a longer name first where one begins another. */
static const struct command commands[] = {
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
	{ "dlq list", ctl_dead_letters_list, true, "[TOPIC] [--all]",
	  "list the dead letters of a topic, or of all; --all: those that were replayed, too" },
	{ "dlq show", ctl_dead_letters_show, true, "TOPIC PARTITION OFFSET [--value]",
	  "print a dead letter; --value: its value alone" },
	{ "dlq replay", ctl_dead_letters_replay, true,
	  "TOPIC PARTITION OFFSET [--value FILE] | TOPIC --all",
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

/* Lists the commands, and the jobs below theirs. */
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

/* How many words of the command line are this command's name; 0: it begins with another. */
static int
matches(const char *name, int argc, char **argv)
{
	const char *space = strchr(name, ' ');

	assert(argc >= 1);
	if (space == NULL)
		return strcmp(name, argv[0]) == 0 ? 1 : 0;
	return argc >= COMMAND_WORDS && strlen(argv[0]) == (size_t)(space - name) &&
	               strncmp(name, argv[0], (size_t)(space - name)) == 0 &&
	               strcmp(space + 1, argv[1]) == 0
	           ? COMMAND_WORDS
	           : 0;
}

/* Reads the settings; returns what is wrong with them, or NULL. */
static const char *
read_settings(struct ctl *c)
{
	const char *why;

	if (config_load(c->ctx, &c->config, &why) != ERR_OK) {
		c->config = NULL;
		return why;
	}
	/* What a command changes has to show in the seat maps of the workers. */
	shared_join(c->config->shm_file);
	metrics_init();
	why = program_fault(c->config);
	log_set_level("error"); /* a command prints what it has to say */
	return why;
}

/* Runs a command with what follows its name; returns the exit status. */
static int
run(const struct command *command, int argc, char **argv)
{
	struct ctl c = { .ctx = talloc_new(NULL), .argc = argc, .argv = argv };
	int status = CTL_USAGE;

	assert(argc >= 1 && command->run != NULL);
	c.fault = read_settings(&c);
	if (c.fault != NULL && command->needs_config)
		ctl_fail("%s", c.fault);
	else
		status = command->run(&c);
	talloc_free(c.ctx);
	return status;
}

static int
help_command(const struct command *command)
{
	printf("usage: rowlockctl %s %s\n%s\n", command->name, command->args, command->help);
	if (command->run == ctl_job)
		ctl_job_list(stdout);
	return CTL_OK;
}

int
main(int argc, char **argv)
{
	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return program_help(usage, argc >= 2);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		int words = matches(commands[i].name, argc - 1, argv + 1);

		if (words == 0)
			continue;
		if (argc > words + 1 && strcmp(argv[words + 1], "--help") == 0)
			return help_command(&commands[i]);
		return run(&commands[i], argc - words, argv + words);
	}
	ctl_fail("%s: no such command", argv[1]);
	return program_help(usage, false);
}
