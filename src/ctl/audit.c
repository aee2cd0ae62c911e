/*
 * rowlockctl audit: checks bookings, seats, journal and money, and that acknowledged bookings
 * exist.
 */

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/money.h"
#include "ctl/commands.h"
#include "ops/audit.h"

#define FINDINGS_MOST "1000"

/* Exit statuses of the audit: nothing is wrong; something is; it could not look. */
enum { AUDIT_CLEAN = 0, AUDIT_FINDINGS = 1, AUDIT_BLIND = 2 };

/* Ids of bookings that must exist, as they are read. */
struct ids {
	struct uuid *all; /* a talloc array */
	size_t n;
};

/* Appends one; the array doubles, for a load test acknowledges a great many. */
static void
add_id(struct ids *ids, const struct uuid *id)
{
	assert(ids->n <= talloc_array_length(ids->all));
	if (ids->n == talloc_array_length(ids->all))
		ids->all = talloc_realloc(NULL, ids->all, struct uuid, (unsigned)(2 * ids->n));
	ids->all[ids->n++] = *id;
}

/* One id a line, with blanks around it or nothing; false after saying which line is none. */
static bool
read_lines(FILE *f, const char *path, struct ids *ids)
{
	static const char blanks[] = " \t\r\n";
	char *line = NULL;
	size_t room = 0, number = 0;
	bool good = true;

	while (good && getline(&line, &room, f) >= 0) {
		char *text = line + strspn(line, blanks);
		struct uuid id;

		number++;
		text[strcspn(text, blanks)] = '\0';
		if (*text == '\0')
			continue;
		if ((good = uuid_parse(text, &id)))
			add_id(ids, &id);
		else
			ctl_fail("%s: line %zu is not the id of a booking", path, number);
	}
	if (good && ferror(f)) {
		good = false;
		ctl_fail("%s: cannot be read", path);
	}
	free(line);
	return good;
}

/*
 * Reads the files that the arguments name, - for standard input; false after saying what is wrong.
 */
static bool
read_ids(struct ctl *c, struct ids *ids)
{
	bool good = true;

	ids->all = talloc_array(c->ctx, struct uuid, 1024);
	for (int i = 1; good && i < c->argc; i++) {
		const char *path = c->argv[i];
		FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");

		if (f == NULL) {
			ctl_fail("%s: cannot be opened", path);
			return false;
		}
		good = read_lines(f, path, ids);
		if (f != stdin)
			fclose(f);
	}
	return good;
}

/* --- what is printed --- */

/*
 * Takes the line about the progress off the terminal, so that a finding does not stand behind it.
 */
static void
wipe_line(void)
{
	if (isatty(STDERR_FILENO))
		fputs("\r\033[K", stderr);
}

/* One finding, as soon as it is known: an audit of much data takes minutes. */
static void
tell(void *arg, const char *finding)
{
	(void)arg;
	wipe_line();
	puts(finding);
	fflush(stdout);
}

/* One line that is written over and over. */
static void
show_progress(void *arg, size_t done, size_t rules)
{
	(void)arg;
	fprintf(stderr, "\r\033[K%zu of %zu rules", done, rules);
	fflush(stderr);
}

/* The money of one currency: what came in, what went back, and what bookings account for. */
static void
print_sum(const struct audit_sum *s)
{
	char captured[MONEY_TEXT], refunded[MONEY_TEXT], pending[MONEY_TEXT], owed[MONEY_TEXT],
	    kept[MONEY_TEXT], confirmed[MONEY_TEXT];

	printf("%s: captured %s, refunded %s, refunds pending %s, refunds refused %s, kept %s,"
	       " confirmed %s\n",
	       s->currency, money_text(s->captured, s->currency, captured),
	       money_text(s->refunded, s->currency, refunded),
	       money_text(s->pending, s->currency, pending), money_text(s->owed, s->currency, owed),
	       money_text(s->kept, s->currency, kept),
	       money_text(s->confirmed, s->currency, confirmed));
}

/* A number with what is counted, in the plural unless it is one; end stands behind it. */
static void
print_count(int64_t n, const char *what, const char *end)
{
	printf("%" PRId64 " %s%s%s", n, what, n == 1 ? "" : "s", end);
}

/* The sums at the end; returns the exit status. most: findings that were printed at the most */
static int
print_report(const struct audit_report *r, int64_t most)
{
	wipe_line();
	if (r->findings > most)
		printf("… and %" PRId64 " more\n", r->findings - most);
	for (size_t i = 0; i < r->n_sums; i++)
		print_sum(&r->sums[i]);
	print_count(r->bookings, "booking", ", ");
	print_count(r->seats, "seat", ", ");
	print_count(r->journal_rows, "journal row", ", ");
	print_count(r->payments, "payment", ": ");
	if (r->findings == 0)
		puts("clean");
	else
		print_count(r->findings, "finding", "\n");
	return r->findings == 0 ? AUDIT_CLEAN : AUDIT_FINDINGS;
}

/*
 * The exit status tells "nothing was found" from "could not look": a script that waits for a clean
 * audit must not take a database that is away for one.
 */
int
ctl_audit(struct ctl *c)
{
	const char *event = NULL, *limit = FINDINGS_MOST;
	const struct ctl_option options[] = { { "event", &event, NULL },
		                              { "limit", &limit, NULL },
		                              { 0 } };
	struct audit_ask ask = { .tell = tell,
		                 .progress = isatty(STDERR_FILENO) ? show_progress : NULL };
	long long number = 0, most;
	struct audit_report report;
	struct ids ids = { 0 };
	struct pool *pool;
	enum err e;

	if (!ctl_options(c, options) || !ctl_number("--limit", limit, 0, INT32_MAX, &most) ||
	    (event != NULL && !ctl_number("--event", event, 1, INT32_MAX, &number)) ||
	    !read_ids(c, &ids) || (pool = ctl_pool(c)) == NULL)
		return AUDIT_BLIND;
	ask.event_id = (int32_t)number;
	ask.most = most;
	ask.acknowledged = ids.all;
	ask.n_acknowledged = ids.n;
	if ((e = audit_run(pool, c->ctx, &ask, &report)) != ERR_OK) {
		wipe_line();
		ctl_fail("could not look: %s", err_text(e));
		return AUDIT_BLIND;
	}
	return print_report(&report, most);
}
