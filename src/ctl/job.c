/* rowlockctl job: one round of a role of rowlockd, for cron where no daemon may run. */

#include <string.h>

#include "base/stop.h"
#include "ctl/commands.h"
#include "daemon/archive.h"
#include "daemon/payments.h"
#include "daemon/reserve.h"
#include "daemon/sweep.h"

/* The exit status of a job: what it has done it has printed before. */
static int
outcome(enum err e)
{
	return e == ERR_OK ? CTL_OK : ctl_fail("%s", err_text(e));
}

/* Archives the events that began ARCHIVE_AFTER_DAYS ago or earlier. */
static int
job_archive(struct ctl *c)
{
	struct pool *pool = ctl_pool(c);
	struct archive_tally t;
	enum err e;

	if (pool == NULL)
		return CTL_FAILED;
	e = daemon_archive_once(pool, (int)c->config->archive_days, &t);
	printf("%lld events archived, %lld wait, %lld bookings ended; moved %lld bookings, %lld "
	       "payments, "
	       "%lld refunds, %lld journal rows, %lld seats in %.3f s\n",
	       (long long)t.events, (long long)t.waiting, (long long)t.ended, (long long)t.bookings,
	       (long long)t.payments, (long long)t.refunds, (long long)t.journal_rows,
	       (long long)t.seats, (double)t.took_us / 1e6);
	return outcome(e);
}

/* Ends what time has ended. Has as many connections as rowlockd sweep, whose threads it uses. */
static int
job_sweep(struct ctl *c)
{
	const char *database = ctl_database(c);
	struct policy policy;
	struct swept swept;
	enum err e;

	if (database == NULL)
		return CTL_FAILED;
	if (policy_read(c->config, &policy) != ERR_OK)
		return CTL_FAILED;
	e = daemon_sweep_once(pool_new(c->ctx, database, SWEEP_THREADS), &policy, &swept);
	printf("%zu bookings and %zu holds ended, %zu cancelled events finished; dropped %zu keys, "
	       "%zu kept "
	       "messages and %zu notes of others\n",
	       swept.bookings, swept.holds, swept.events, swept.keys, swept.parked,
	       swept.processed);
	return outcome(e);
}

/* Gives seats to accepted bookings without Kafka: it reads those that wait from the database. */
static int
job_reserve(struct ctl *c)
{
	const char *database = ctl_database(c);
	size_t seated = 0;
	enum err e;

	if (database == NULL)
		return CTL_FAILED;
	e = daemon_reserve_once(c->ctx, c->config, database, &seated);
	printf("%zu bookings wait for seats no longer\n", seated);
	return outcome(e);
}

/* Asks for refunds that are due; call-backs of payments need no job, they come through the API. */
static int
job_payments(struct ctl *c)
{
	const char *database = ctl_database(c);
	size_t refunds = 0;
	enum err e;

	if (database == NULL)
		return CTL_FAILED;
	e = daemon_payments_refund_due(c->ctx, c->config, database, &refunds);
	printf("%zu refunds asked for\n", refunds);
	return outcome(e);
}

/*
 * The jobs: one round of what a role of rowlockd does; run returns the exit status. A round that is
 * interrupted, or runs beside the daemon, does no harm: each step is a transaction of its own.
 */
static const struct {
	const char *name;
	int (*run)(struct ctl *c);
	const char *help;
} jobs[] = {
	{ "archive", job_archive, "move events that are long over into the archive" },
	{ "payments", job_payments, "ask providers for the refunds that are due" },
	{ "reserve", job_reserve,
	  "give seats to bookings that were accepted through /api/booking" },
	{ "sweep", job_sweep, "end what time has ended, and the bookings of cancelled events" },
};
#define N_JOBS (sizeof(jobs) / sizeof(jobs[0]))

void
ctl_job_list(FILE *out)
{
	for (size_t i = 0; i < N_JOBS; i++)
		fprintf(out, "                  %-10s %s\n", jobs[i].name, jobs[i].help);
}

/* --once is asked for, so that a job in a crontab says that it ends. */
int
ctl_job(struct ctl *c)
{
	bool once = false;
	const struct ctl_option options[] = { { "once", NULL, &once }, { 0 } };

	if (!ctl_options(c, options))
		return CTL_USAGE;
	stop_watch();
	for (size_t i = 0; once && c->argc == 2 && i < N_JOBS; i++) {
		if (strcmp(jobs[i].name, c->argv[1]) == 0)
			return jobs[i].run(c);
	}
	if (c->argc == 2 && once)
		ctl_fail("%s: no such job; there are", c->argv[1]);
	else
		ctl_fail("name one job, and --once (for ever is what rowlockd does); there are");
	ctl_job_list(stderr);
	return CTL_USAGE;
}
