#ifndef ROWLOCK_FAKE_GATEWAY_PAGE_H
#define ROWLOCK_FAKE_GATEWAY_PAGE_H

#include <talloc.h>

#include "fake_gateway/ledger.h"

/*
 * The pages that a buyer is shown: whole HTML documents on ctx. They load nothing, so that the
 * policy of page_policy can forbid everything but their style and their form.
 */

/* What is to be paid, until when, and the three ways to end it; for a session that is open. */
char *page_pay(TALLOC_CTX *ctx, const struct ledger_session *s);

/* What has become of a session that is over. */
char *page_over(TALLOC_CTX *ctx, const struct ledger_session *s);

/* An error, in words; text ends without a full stop. */
char *page_error(TALLOC_CTX *ctx, const char *text);

/* The Content-Security-Policy that allows exactly that style and that form, on ctx. */
char *page_policy(TALLOC_CTX *ctx);

#endif
