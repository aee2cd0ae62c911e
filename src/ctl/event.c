/* rowlockctl event: makes, lists, opens, closes and cancels events. */

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/clock.h"
#include "base/money.h"
#include "base/stop.h"
#include "core/event/event.h"
#include "core/event/event_create.h"
#include "core/event/event_cancel.h"
#include "ctl/commands.h"

#define DEFAULT_SELLER "admin"
#define EVENTS_A_PAGE  100
#define BAR            40 /* characters of the progress bar */
#define A_WEEK_US      (7 * 24 * 3600 * US_PER_S)

/* The options of event create, as text. */
struct create_options {
	const char *plan, *title, *venue, *starts, *timezone, *currency, *seller;
	bool on_sale;
};

/*
 * Adds the price that NAME=AMOUNT says; text is NULL when the option had no value. The last =
 * splits it, for a name may have one. The amount is checked against the currency when the event is
 * made.
 */
static bool
add_price(struct event_draft *draft, char *text)
{
	char *eq = text == NULL ? NULL : strrchr(text, '='), *end;

	if (eq == NULL || eq[1] == '\0') {
		ctl_fail("--price needs NAME=AMOUNT");
		return false;
	}
	assert(draft->n_prices < talloc_array_length(draft->prices));
	*eq = '\0';
	draft->prices[draft->n_prices++] = (struct event_price){ text, strtod(eq + 1, &end) };
	if (*end != '\0')
		ctl_fail("--price %s: not an amount", text);
	return *end == '\0';
}

/*
 * Takes the --price options out of argv: they may come several times, which ctl_options does not
 * know of, so this is called before it. False after saying what is wrong.
 */
static bool
take_prices(struct ctl *c, struct event_draft *draft)
{
	static const char option[] = "--price";
	const size_t n = sizeof(option) - 1;
	int kept = 1;

	/* As many as there can be: each takes an argument at the least. */
	draft->prices = talloc_array(c->ctx, struct event_price, (unsigned)c->argc);
	for (int i = 1; i < c->argc; i++) {
		char *arg = c->argv[i];

		if (strncmp(arg, option, n) != 0 || (arg[n] != '\0' && arg[n] != '='))
			c->argv[kept++] = arg;
		else if (!add_price(draft, arg[n] == '='     ? arg + n + 1
		                           : i + 1 < c->argc ? c->argv[++i]
		                                             : NULL))
			return false;
	}
	c->argc = kept;
	return true;
}

/* Turns the texts into a draft; false after saying what is wrong. */
static bool
make_draft(const struct create_options *o, struct event_draft *d)
{
	assert(o->timezone != NULL && o->currency != NULL && o->seller != NULL);
	d->seller = o->seller;
	d->title = o->title;
	d->venue_name = o->venue == NULL ? o->title : o->venue;
	d->timezone = o->timezone;
	d->currency = o->currency;
	d->policy = "{}";
	d->metadata = "{}";
	d->starts_us = clock_now_us() + A_WEEK_US;
	if (o->plan == NULL || !uuid_parse(o->plan, &d->plan_id))
		ctl_fail("--plan: name a plan by its id; see rowlockctl plan list");
	else if (o->title == NULL || *o->title == '\0')
		ctl_fail("--title is needed");
	else if (o->starts != NULL && !clock_parse(o->starts, &d->starts_us))
		ctl_fail("--starts: must be an RFC 3339 time such as 2026-01-31T19:30:00Z");
	else if (!money_is_currency(d->currency))
		ctl_fail("--currency: must be an ISO 4217 code such as EUR");
	else
		return true;
	return false;
}

/* Changes nothing but the status; as an admin, so of any seller's event. */
static enum err
change_status(struct pool *pool, TALLOC_CTX *ctx, int32_t id, enum event_status status)
{
	const struct event_patch patch = { .starts_us = -1, .status = status };

	return event_change(pool, ctx, id, "rowlockctl", true, NULL, &patch);
}

/* Prints the number alone on standard output, for a script that goes on with the event. */
int
ctl_event_create(struct ctl *c)
{
	struct create_options o = { .timezone = "UTC",
		                    .currency = "EUR",
		                    .seller = DEFAULT_SELLER };
	const struct ctl_option options[] = {
		{ "plan", &o.plan, NULL },
		{ "title", &o.title, NULL },
		{ "venue", &o.venue, NULL },
		{ "starts", &o.starts, NULL },
		{ "timezone", &o.timezone, NULL },
		{ "currency", &o.currency, NULL },
		{ "seller", &o.seller, NULL },
		{ "on-sale", NULL, &o.on_sale },
		{ 0 },
	};
	struct event_draft draft = { 0 };
	const char *field, *why;
	struct event event;
	struct pool *pool;
	enum err e;

	if (!take_prices(c, &draft) || !ctl_options(c, options) || !make_draft(&o, &draft))
		return CTL_USAGE;
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	e = event_create(pool, c->ctx, &draft, NULL, &event, &field, &why);
	if (e == ERR_VALIDATION_ERROR)
		return ctl_fail("%s %s", field, why);
	if (e == ERR_OK && o.on_sale)
		e = change_status(pool, c->ctx, event.id, EVENT_ON_SALE);
	if (e != ERR_OK)
		return ctl_fail("%s", err_text(e));
	printf("%d\n", event.id);
	return CTL_OK;
}

/* A line of the list: number, status, start, seats by state, prices, title. */
static void
print_event(const struct event *e)
{
	char starts[CLOCK_TEXT], least[MONEY_TEXT], most[MONEY_TEXT];

	printf("%6d  %-9s  %s  %6d seats: %lld free, %lld reserved, %lld sold  %s–%s %s  %s\n",
	       e->id, event_status_name(e->status), clock_text(e->starts_us, starts), e->n_seats,
	       (long long)e->counts.n[SEAT_FREE], (long long)e->counts.n[SEAT_RESERVED],
	       (long long)e->counts.n[SEAT_SOLD],
	       money_text(e->price_min_minor, e->currency, least),
	       money_text(e->price_max_minor, e->currency, most), e->currency, e->title);
}

/* All pages, one after another. */
int
ctl_event_list(struct ctl *c)
{
	const char *status = NULL;
	const struct ctl_option options[] = { { "status", &status, NULL }, { 0 } };
	struct event_page page = { .status = EVENT__MAX, .page = 1, .limit = EVENTS_A_PAGE };
	struct pool *pool;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (status != NULL && (page.status = event_status_parse(status)) == EVENT__MAX) {
		ctl_fail("--status: must be draft, on_sale, closed or cancelled");
		return CTL_USAGE;
	}
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	do {
		if ((e = event_list(pool, c->ctx, &page)) != ERR_OK)
			return ctl_fail("%s", err_text(e));
		for (size_t i = 0; i < page.n; i++)
			print_event(&page.events[i]);
	} while ((int64_t)page.page++ * page.limit < page.total);
	return CTL_OK;
}

/*
 * Takes the options, and the number of the one event that is meant; false after saying what is
 * wrong.
 */
static bool
take_event(struct ctl *c, const struct ctl_option *options, long long *id)
{
	if (!ctl_options(c, options))
		return false;
	if (c->argc == 2)
		return ctl_number("the event's number", c->argv[1], 1, INT32_MAX, id);
	ctl_fail("name one event by its number");
	return false;
}

/* Opens or closes the sale of the one event that is named. */
static int
set_status(struct ctl *c, enum event_status status)
{
	const struct ctl_option options[] = { { 0 } };
	struct pool *pool;
	long long id;
	enum err e;

	assert(status == EVENT_ON_SALE || status == EVENT_CLOSED); /* as it is worded below */
	if (!take_event(c, options, &id))
		return CTL_USAGE;
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	e = change_status(pool, c->ctx, (int32_t)id, status);
	if (e == ERR_INVALID_STATE)
		return ctl_fail("event %lld: its status does not allow this", id);
	if (e != ERR_OK)
		return ctl_fail("%s", err_text(e));
	printf("event %lld is %s\n", id, status == EVENT_ON_SALE ? "on sale" : "closed");
	return CTL_OK;
}

int
ctl_event_open(struct ctl *c)
{
	return set_status(c, EVENT_ON_SALE);
}

int
ctl_event_close(struct ctl *c)
{
	return set_status(c, EVENT_CLOSED);
}

/* One line that is written over and over; on a terminal only. */
static void
show_progress(const struct event_cancellation *c)
{
	const int done = c->cancelled + c->refunded;
	const int filled = c->total > 0 ? (int)((int64_t)done * BAR / c->total) : BAR;

	if (!isatty(STDERR_FILENO) || c->total < 0)
		return;
	fprintf(stderr, "\r[%.*s%*s] %d of %d bookings", filled < BAR ? filled : BAR,
	        "########################################", filled < BAR ? BAR - filled : 0, "",
	        done, c->total);
	fflush(stderr);
}

/*
 * Ends the bookings of a cancelled event here and now, with its progress on a terminal. A sweeper
 * may be at the same event: they share the work, for each booking is ended in one of their
 * transactions.
 */
static int
finish_cancellation(struct ctl *c, struct pool *pool, int32_t id)
{
	struct event_cancellation progress;
	struct uuid after = { 0 };
	enum cancel_state state = CANCEL_GOES_ON;
	enum err e = ERR_OK;

	while (e == ERR_OK && state != CANCEL_FINISHED) {
		stop_wait(state == CANCEL_WAITS ? CANCEL_WAIT_MS : 0);
		e = event_cancel_step(pool, id, &after, &state);
		if (e == ERR_OK &&
		    (e = event_cancel_progress(pool, c->ctx, id, &progress)) == ERR_OK)
			show_progress(&progress);
	}
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	if (e != ERR_OK)
		return ctl_fail(
		    "%s; the event is cancelled, `rowlockd sweep` or this command once more "
		    "ends the rest of its bookings",
		    err_text(e));
	printf("event %d is cancelled: %d bookings cancelled, %d refunded", id, progress.cancelled,
	       progress.refunded);
	if (progress.refunds_pending > 0)
		printf(" (%lld refunds are on their way)", (long long)progress.refunds_pending);
	if (progress.refunds_failed > 0)
		printf(" (%lld refunds were refused: see rowlockctl refund list --failed)",
		       (long long)progress.refunds_failed);
	putchar('\n');
	return CTL_OK;
}

/*
 * Cancels at once, so that nothing is sold any more; the bookings are ended afterwards, by this
 * command or by the sweeper (R-46).
 */
int
ctl_event_cancel(struct ctl *c)
{
	bool no_wait = false;
	const struct ctl_option options[] = { { "no-wait", NULL, &no_wait }, { 0 } };
	struct pool *pool;
	long long id;
	enum err e;

	if (!take_event(c, options, &id))
		return CTL_USAGE;
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	if ((e = event_cancel(pool, c->ctx, (int32_t)id, "rowlockctl", true, NULL)) != ERR_OK)
		return ctl_fail("%s", err_text(e));
	if (!no_wait)
		return finish_cancellation(c, pool, (int32_t)id);
	printf("event %lld is cancelled; `rowlockd sweep` ends its bookings\n", id);
	return CTL_OK;
}
