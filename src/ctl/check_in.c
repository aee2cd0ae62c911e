/* rowlockctl check-in: what a desk at the entrance does with a ticket, without the web. */

#include "base/clock.h"
#include "core/ticket/ticket.h"
#include "ctl/commands.h"

#define BY_DEFAULT "rowlockctl" /* on whose behalf, in the journal */

/* A line per ticket: of the one that was named, or of all those of a booking. */
static void
print_tickets(const struct check_in *in, const char *what)
{
	char at[CLOCK_TEXT];

	for (size_t i = 0; i < in->n; i++) {
		const struct ticket *t = &in->tickets[i];

		printf("%s  %s  %s  %s, row %s, seat %s  %s\n", t->reference, what,
		       clock_text(t->checked_in_us, at), t->seat->section, t->seat->row,
		       t->seat->label, in->booking.event.title);
	}
}

/* A ticket opens the door once: later it fails with the first time, for it may be a copy. */
int
ctl_check_in(struct ctl *c)
{
	struct actor who = { .user_id = BY_DEFAULT, .staff = true };
	const struct ctl_option options[] = { { "by", &who.user_id, NULL }, { 0 } };
	struct check_in in;
	struct pool *pool;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (c->argc != 2 || *who.user_id == '\0') {
		ctl_fail("check-in: name one ticket by its reference, and with --by who lets in");
		return CTL_USAGE;
	}
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	e = ticket_check_in(pool, c->ctx, c->argv[1], &who, &in);
	if (e == ERR_ALREADY_CHECKED_IN) {
		print_tickets(&in, "ALREADY CHECKED IN at");
		return CTL_FAILED;
	}
	if (e == ERR_INVALID_STATE)
		return ctl_fail("%s: not valid any more, its booking is %s", c->argv[1],
		                in.booking.user_id == NULL
		                    ? "in the archive"
		                    : booking_status_name(in.booking.status));
	if (e != ERR_OK)
		return ctl_fail("%s: %s", c->argv[1], err_text(e));
	print_tickets(&in, "checked in at");
	return CTL_OK;
}
