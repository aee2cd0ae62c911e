#ifndef ROWLOCK_FAKE_GATEWAY_PAGE_H
#define ROWLOCK_FAKE_GATEWAY_PAGE_H

#include <talloc.h>

#include "fake_gateway/ledger.h"

/* The pages that a buyer is shown: HTML, whole, on ctx. Nothing in them comes from elsewhere. */

/* What is to be paid, until when, and the three ways to end it. */
char *page_pay(TALLOC_CTX *ctx, const struct session *s);

/* What has become of a session that is over. */
char *page_over(TALLOC_CTX *ctx, const struct session *s);

/* An error, in words. */
char *page_error(TALLOC_CTX *ctx, const char *text);

/* The Content-Security-Policy under which they look as they should, on ctx. */
char *page_policy(TALLOC_CTX *ctx);

#endif
