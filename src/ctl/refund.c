/* rowlockctl refund: the refunds that are not done, and what an operator does about one. */

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/money.h"
#include "core/payment/refund_admin.h"
#include "ctl/commands.h"
#include "pay/message_reader.h"

/* A line of the list; "due": when it is tried again, "since": how long it has been refused. */
static void
print_refund(const struct open_refund *o)
{
	char id[UUID_TEXT], booking[UUID_TEXT], at[CLOCK_TEXT], amount[MONEY_TEXT];
	const struct refund *r = &o->refund;

	printf("%s  %s  booking %s  %s %s  %s  refused %d times  %s %s\n", uuid_text(&r->id, id),
	       refund_status_name(r->status), uuid_text(&o->booking_id, booking),
	       money_text(r->amount_minor, r->currency, amount), r->currency, r->reason,
	       (int)r->attempts, o->due_us < 0 ? "since" : "due",
	       clock_text(o->due_us < 0 ? r->updated_us : o->due_us, at));
}

/* Pages end with a page that is not full; each goes on after the last refund's number. */
int
ctl_refund_list(struct ctl *c)
{
	bool failed = false;
	const struct ctl_option options[] = { { "failed", NULL, &failed }, { 0 } };
	struct open_refund *page;
	struct pool *pool;
	size_t n = REFUND_ADMIN_MOST;
	int64_t after = 0;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (c->argc != 1) {
		ctl_fail("refund list: takes nothing but --failed");
		return CTL_USAGE;
	}
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	while (n == REFUND_ADMIN_MOST) {
		if ((e = refund_admin_list(pool, c->ctx, failed, after, &page, &n)) != ERR_OK)
			return ctl_fail("%s", err_text(e));
		for (size_t i = 0; i < n; i++)
			print_refund(&page[i]);
		after = n == 0 ? after : page[n - 1].refund.number;
	}
	return CTL_OK;
}

/* The options, and the one refund that a command is for; false after saying what is wrong. */
static bool
take_refund(struct ctl *c, const struct ctl_option *options, struct uuid *id)
{
	if (!ctl_options(c, options))
		return false;
	if (c->argc == 2 && uuid_parse(c->argv[1], id))
		return true;
	ctl_fail("name one refund by its id; see rowlockctl refund list");
	return false;
}

/*
 * Says what has come of it; returns the exit status.
 *
 * done		behind the id, when it worked
 * wrong	behind the id, when the refund's state does not allow it
 */
static int
tell(struct ctl *c, enum err e, const char *done, const char *wrong)
{
	assert(c->argc == 2); /* take_refund has seen to it */
	if (e == ERR_NOT_FOUND)
		return ctl_fail("%s: there is no such refund, or it is in the archive", c->argv[1]);
	if (e == ERR_INVALID_STATE)
		return ctl_fail("%s: %s", c->argv[1], wrong);
	if (e == ERR_NOTHING_TO_REFUND)
		return ctl_fail(
		    "%s: not so much of its payment is left, it was given back in another way",
		    c->argv[1]);
	if (e != ERR_OK)
		return ctl_fail("%s", err_text(e));
	printf("%s %s\n", c->argv[1], done);
	return CTL_OK;
}

/* For a refund that the gateway refused for good, once the reason has gone. */
int
ctl_refund_retry(struct ctl *c)
{
	const struct ctl_option options[] = { { 0 } };
	struct pool *pool;
	struct uuid id;

	if (!take_refund(c, options, &id))
		return CTL_USAGE;
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	return tell(c, refund_admin_retry(pool, c->ctx, &id), "is asked for again",
	            "it has not failed");
}

/* For money that was given back outside of the gateway; --ref says where that is on record. */
int
ctl_refund_done(struct ctl *c)
{
	const char *reference = NULL;
	const struct ctl_option options[] = { { "ref", &reference, NULL }, { 0 } };
	struct pool *pool;
	struct uuid id;

	if (!take_refund(c, options, &id))
		return CTL_USAGE;
	if (reference != NULL && (*reference == '\0' || strlen(reference) > MESSAGE_ID_MOST)) {
		ctl_fail("--ref: must be 1 to %d bytes", MESSAGE_ID_MOST);
		return CTL_USAGE;
	}
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	return tell(c, refund_admin_close(pool, c->ctx, &id, reference), "is done",
	            "it is done already");
}
