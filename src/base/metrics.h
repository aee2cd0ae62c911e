#ifndef ROWLOCK_BASE_METRICS_H
#define ROWLOCK_BASE_METRICS_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"

#define METRICS_ROUTES   96 /* room for routes; a higher number counts as the last */
#define METRICS_STATUSES 24
#define METRICS_BUCKETS  24 /* powers of two: 1, 2, 4 … units, the last is +Inf */
#define METRICS_STREAMS  3  /* kinds of streams */

/* Where the relay sends what the journal says; the labels of its figures. */
enum sink_id { SINK_REDIS, SINK_KAFKA, SINKS };

/* The roles that take messages from Kafka. */
enum taker_id { TAKER_RESERVE, TAKER_PAYMENTS, TAKERS };

/* The roles that run by the clock. */
enum job_id { JOB_SWEEP, JOB_ARCHIVE, JOBS };

#define METRICS_TABLES 5 /* that have a counterpart in the archive */

enum metric {
#define COUNTER(id, name, label, values, help)         METRIC_##id,
#define GAUGE(id, name, label, values, help)           METRIC_##id,
#define HISTOGRAM(id, name, label, values, unit, help) METRIC_##id,
#include "base/metrics.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
	METRIC__MAX
};

/* Lays the figures out over the shared memory; call once, after shared_open, before threads. */
void metrics_init(void);

/* Names route number i in the output; the name must live for ever. */
void metrics_name_route(unsigned i, const char *name);

/* The name of a sink: "redis", "kafka". */
const char *sink_name(enum sink_id s);

/* Adds one to a counter's value number `label` (0 when it has only one). */
void metrics_count(enum metric m, unsigned label);

/* Adds n to a counter's value number `label`. */
void metrics_add(enum metric m, unsigned label, uint64_t n);

/* Sets a gauge's value number `label` (0 when it has only one). */
void metrics_set(enum metric m, unsigned label, int64_t value);

/* Adds one answer of an HTTP status, 100 to 599. */
void metrics_status(int status);

/* Adds one run of a job: how long it took, and whether it failed. */
void metrics_job(enum job_id job, int64_t took_us, bool failed);

/* Adds an observation to a histogram: µs, or a count. */
void metrics_observe(enum metric m, unsigned label, int64_t value);

/* Everything as Prometheus text (exposition format 0.0.4), over all processes; hangs on ctx. */
char *metrics_text(TALLOC_CTX *ctx);

#endif
