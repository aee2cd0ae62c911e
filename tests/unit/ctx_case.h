#ifndef ROWLOCK_CTX_CASE_H
#define ROWLOCK_CTX_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <talloc.h>

/* For a test's own use, and freed with all that hangs on it: what does not shows as a leak. */
static TALLOC_CTX *ctx;

static int
setup(void **state)
{
	(void)state;
	ctx = talloc_new(NULL);
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	talloc_free(ctx);
	return 0;
}

#endif
