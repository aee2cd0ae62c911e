/*
 * rowlockctl: everything that an operator does at the keyboard. Runs the command that is meant;
 * commands.c in src/ctl/ has their table, the other files there what they do.
 */

#include <assert.h>
#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "bin/program.h"
#include "ctl/commands.h"

_Static_assert((int)CTL_USAGE == PROGRAM_MISUSED, "one exit status for wrong arguments");

/* Lists the commands. */
static void
usage(FILE *out)
{
	fputs("usage: rowlockctl COMMAND [ARGUMENT…]\n\n", out);
	commands_list(out);
	fputs("\nSettings come from the environment or rowlock.conf; see rowlockctl(8).\n", out);
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

int
main(int argc, char **argv)
{
	const struct command *command;
	int words;

	if (argc < 2 || strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0)
		return program_help(usage, argc >= 2);
	if ((command = commands_find(argc - 1, argv + 1, &words)) == NULL) {
		ctl_fail("%s: no such command", argv[1]);
		return program_help(usage, false);
	}
	if (argc > words + 1 && strcmp(argv[words + 1], "--help") == 0) {
		commands_help(command);
		return CTL_OK;
	}
	return run(command, argc - words, argv + words);
}
