/* Figures as /metrics shows them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/metrics.h"

static void
test_metrics_show_what_was_counted(void **state)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	char *text;

	(void)state;
	metrics_init();
	metrics_name_route(0, "GET /x");
	metrics_status(201);
	metrics_status(418);
	metrics_observe(METRIC_REQUEST_TIME, 0, 3);
	metrics_add(METRIC_RELAY_ROWS, SINK_KAFKA, 7);
	metrics_set(METRIC_JOURNAL_LAG, SINK_REDIS, 5);
	metrics_set(METRIC_JOURNAL_LAG, SINK_REDIS, -2);
	text = metrics_text(ctx);
	assert_non_null(strstr(text, "rowlock_requests_total{status=\"201\"} 1\n"));
	assert_non_null(strstr(text, "rowlock_requests_total{status=\"other\"} 1\n"));
	assert_non_null(
	    strstr(text, "rowlock_request_seconds_bucket{route=\"GET /x\",le=\"2e-06\"} 0\n"));
	assert_non_null(
	    strstr(text, "rowlock_request_seconds_bucket{route=\"GET /x\",le=\"4e-06\"} 1\n"));
	assert_non_null(strstr(text, "rowlock_relay_rows_total{sink=\"kafka\"} 7\n"));
	assert_non_null(strstr(text, "# TYPE rowlock_journal_lag_milliseconds gauge\n"));
	assert_non_null(strstr(text, "rowlock_journal_lag_milliseconds{sink=\"redis\"} -2\n"));
	assert_non_null(strstr(text, "rowlock_request_seconds_count{route=\"GET /x\"} 1\n"));
	talloc_free(ctx);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_metrics_show_what_was_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
