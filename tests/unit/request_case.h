#ifndef ROWLOCK_REQUEST_CASE_H
#define ROWLOCK_REQUEST_CASE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "http/request.h"

/* An empty request, new for each test. */
static struct request rq;

static int
setup(void **state)
{
	(void)state;
	rq = (struct request){ .ctx = talloc_new(NULL), .method = GET };
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	talloc_free(rq.ctx);
	return 0;
}

#endif
