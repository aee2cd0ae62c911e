/* The table of commands: their names, their help, and which one a command line means. */

#include <assert.h>
#include <string.h>

#include "ctl/commands.h"

#define COMMAND_WORDS 2

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

const struct command *
commands_find(int argc, char **argv, int *words)
{
	assert(argc >= 1 && argv != NULL && words != NULL);
	for (size_t i = 0; i < N_COMMANDS; i++) {
		*words = matches(commands[i].name, argc, argv);
		if (*words > 0)
			return &commands[i];
	}
	return NULL;
}

void
commands_list(FILE *out)
{
	for (size_t i = 0; i < N_COMMANDS; i++) {
		fprintf(out, "  %-13s %s\n                %s\n", commands[i].name, commands[i].args,
		        commands[i].help);
		if (commands[i].run == ctl_job)
			ctl_job_list(out);
	}
}

void
commands_help(const struct command *command)
{
	assert(command != NULL);
	printf("usage: rowlockctl %s %s\n%s\n", command->name, command->args, command->help);
	if (command->run == ctl_job)
		ctl_job_list(stdout);
}
