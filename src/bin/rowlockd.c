/*
 * rowlockd: the work that goes on behind the web, one role a process. Here is the table of roles;
 * what they do is in src/daemon/ and src/relay/.
 */

#include <stdio.h>
#include <string.h>

#include "base/log.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "base/stop.h"
#include "bin/program.h"
#include "daemon/archive.h"
#include "daemon/payments.h"
#include "daemon/reserve.h"
#include "daemon/sweep.h"
#include "relay/relay.h"

/* Every role: runs in the foreground until stop_wait says so, and returns the exit status. */
static const struct {
	const char *name;
	int (*run)(TALLOC_CTX *ctx, const struct config *config, const char *database);
	const char *help;
} roles[] = {
	{ "archive", daemon_archive_run,
	  "move events that are long over into the archive, daily at 03:00" },
	{ "relay", relay_run, "tell Redis and Kafka what the journal says" },
	{ "reserve", daemon_reserve_run,
	  "give seats to bookings that were accepted through /api/booking" },
	{ "payments", daemon_payments_run,
	  "settle payments that Kafka tells of, and have refunds paid" },
	{ "sweep", daemon_sweep_run,
	  "end what time has ended, and the bookings of cancelled events" },
};
#define N_ROLES (sizeof(roles) / sizeof(roles[0]))

static void
usage(FILE *out)
{
	fputs("usage: rowlockd ROLE\n\n", out);
	for (size_t i = 0; i < N_ROLES; i++)
		fprintf(out, "  %-10s %s\n", roles[i].name, roles[i].help);
	fputs("\nRuns in the foreground until SIGTERM or SIGINT. Settings come from the "
	      "environment or\n"
	      "rowlock.conf; see rowlockd(8) and `rowlockctl config`.\n",
	      out);
}

/* Does the work of a role until it is told to stop; the exit status of the process. */
static int
run(size_t role)
{
	struct program p = { .usage = usage };
	int status = PROGRAM_MISUSED;

	if (program_load(&p)) {
		stop_watch();
		shared_open(p.config->shm_file, p.config->map_dir);
		metrics_init();
		log_line(LOG_INFO, "starting", "role", roles[role].name, NULL);
		status = roles[role].run(p.ctx, p.config, p.database);
		log_line(LOG_INFO, "ended", "role", roles[role].name, "status", log_int(status),
		         NULL);
	}
	talloc_free(p.ctx);
	return status;
}

int
main(int argc, char **argv)
{
	for (size_t i = 0; argc == 2 && i < N_ROLES; i++) {
		if (strcmp(roles[i].name, argv[1]) == 0)
			return run(i);
	}
	return program_help(usage, argc == 2 && strcmp(argv[1], "--help") == 0);
}
