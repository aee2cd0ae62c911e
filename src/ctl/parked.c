/* rowlockctl parked: the gateway's call-backs that could not be settled, and settling one again. */

#include "base/clock.h"
#include "core/payment/parked.h"
#include "ctl/commands.h"

/* With --body, each message follows its line as the gateway sent it. */
int
ctl_parked_list(struct ctl *c)
{
	bool bodies = false;
	const struct ctl_option options[] = { { "body", NULL, &bodies }, { 0 } };
	struct parked *parked;
	char at[CLOCK_TEXT];
	struct pool *pool;
	size_t n;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (c->argc != 1) {
		ctl_fail("parked list: takes nothing but --body");
		return CTL_USAGE;
	}
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	if ((e = parked_list(pool, c->ctx, bodies, &parked, &n)) != ERR_OK)
		return ctl_fail("%s", err_text(e));
	for (size_t i = 0; i < n; i++) {
		printf("%s  %s  %s\n", parked[i].id, clock_text(parked[i].at_us, at),
		       parked[i].reason);
		if (bodies)
			printf("%s\n\n", parked[i].body);
	}
	return CTL_OK;
}

/*
 * Why a message is kept, for people: in the words of payments, where the default text of an error
 * speaks of requests.
 */
static const char *
reason_of(enum err e, const char *why)
{
	if (why != NULL)
		return why;
	if (e == ERR_PAYMENT_NOT_FOUND)
		return "its session or its refund is another booking's";
	if (e == ERR_INVALID_STATE)
		return "a refund of ours, but of another amount; see rowlockctl refund list";
	return e == ERR_VALIDATION_ERROR ? "its amount is finer than its currency, or too large"
	                                 : err_text(e);
}

/*
 * Settles as if the gateway had sent the message now, for when its booking has been restored or the
 * reason has gone in another way; a message that still fits nothing stays parked.
 */
int
ctl_parked_settle(struct ctl *c)
{
	const struct ctl_option options[] = { { 0 } };
	struct policy policy;
	struct pool *pool;
	const char *why;
	enum err e;

	if (!ctl_options(c, options))
		return CTL_USAGE;
	if (c->argc != 2) {
		ctl_fail("name one message by its id; see rowlockctl parked list");
		return CTL_USAGE;
	}
	if (policy_read(c->config, &policy) != ERR_OK)
		return ctl_fail("REFUND_TIERS cannot be read");
	if ((pool = ctl_pool(c)) == NULL)
		return CTL_FAILED;
	e = parked_settle(pool, c->ctx, &policy, c->argv[1], &why);
	if (e == ERR_NOT_FOUND)
		return ctl_fail("%s: no such message is kept", c->argv[1]);
	if (e != ERR_OK)
		return ctl_fail("%s: it is kept: %s", c->argv[1], reason_of(e, why));
	printf("%s is settled\n", c->argv[1]);
	return CTL_OK;
}
