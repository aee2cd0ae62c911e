/* The figures of /metrics: counters in the memory that all workers of a host share. */
#include "base/metrics.h"

#include <assert.h>
#include <stdio.h>

#include "base/shared.h"

enum unit { NONE, SECONDS, COUNT };
enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };

/* The names of the kinds in the output. */
static const char *const kind_names[] = { "counter", "gauge", "histogram" };

static const struct {
	const char *name, *label, *help;
	unsigned values;
	enum kind kind;
	enum unit unit;
} table[METRIC__MAX] = {
#define COUNTER(id, name, label, values, help) { name, label, help, values, KIND_COUNTER, NONE },
#define GAUGE(id, name, label, values, help)   { name, label, help, values, KIND_GAUGE, NONE },
#define HISTOGRAM(id, name, label, values, unit, help)                                             \
	{ name, label, help, values, KIND_HISTOGRAM, unit },
#include "base/metrics.def"
#undef COUNTER
#undef GAUGE
#undef HISTOGRAM
};

/* The HTTP statuses that are answered; the last stands for any other. */
static const int statuses[METRICS_STATUSES] = { 200, 201, 202, 204, 304, 400, 401, 403, 404, 405,
	                                        408, 409, 413, 415, 422, 429, 500, 503, 0 };

static unsigned first_slot[METRIC__MAX]; /* set by metrics_init, read-only afterwards */
static const char *route_names[METRICS_ROUTES];

/* Slots of one value: a histogram has its buckets and the sum, all else has one. */
static unsigned
width(enum metric m)
{
	return table[m].kind == KIND_HISTOGRAM ? METRICS_BUCKETS + 1 : 1;
}

void
metrics_init(void)
{
	unsigned at = 0;

	for (enum metric m = 0; m < METRIC__MAX; m++) {
		first_slot[m] = at;
		at += table[m].values * width(m);
	}
	assert(at <= SHARED_SLOTS);
}

void
metrics_name_route(unsigned i, const char *name)
{
	if (i < METRICS_ROUTES)
		route_names[i] = name;
}

/* The slots of a metric's value; a label beyond the last counts as the last. */
static _Atomic uint64_t *
slots_of(enum metric m, unsigned label)
{
	assert(m < METRIC__MAX);
	if (label >= table[m].values)
		label = table[m].values - 1;
	return shared_get()->slot + first_slot[m] + label * width(m);
}

static void
add(_Atomic uint64_t *slot, uint64_t n)
{
	atomic_fetch_add_explicit(slot, n, memory_order_relaxed);
}

static uint64_t
get(_Atomic uint64_t *slot)
{
	return atomic_load_explicit(slot, memory_order_relaxed);
}

static const char *const sink_names[SINKS] = { [SINK_REDIS] = "redis", [SINK_KAFKA] = "kafka" };

const char *
sink_name(enum sink_id s)
{
	assert(s < SINKS);
	return sink_names[s];
}

void
metrics_count(enum metric m, unsigned label)
{
	assert(table[m].kind == KIND_COUNTER);
	add(slots_of(m, label), 1);
}

void
metrics_add(enum metric m, unsigned label, uint64_t n)
{
	add(slots_of(m, label), n);
}

void
metrics_set(enum metric m, unsigned label, int64_t value)
{
	assert(table[m].kind == KIND_GAUGE);
	atomic_store_explicit(slots_of(m, label), (uint64_t)value, memory_order_relaxed);
}

void
metrics_status(int status)
{
	unsigned i = 0;

	while (statuses[i] != 0 && statuses[i] != status)
		i++;
	metrics_count(METRIC_REQUESTS, i);
}

void
metrics_job(enum job_id job, int64_t took_us, bool failed)
{
	metrics_observe(METRIC_JOB_TIME, job, took_us);
	if (failed)
		metrics_count(METRIC_JOB_FAILURES, job);
}

void
metrics_observe(enum metric m, unsigned label, int64_t value)
{
	_Atomic uint64_t *slot = slots_of(m, label);
	unsigned bucket = 0;

	assert(table[m].kind == KIND_HISTOGRAM);
	if (value < 0)
		value = 0;
	while (bucket < METRICS_BUCKETS - 1 && value > INT64_C(1) << bucket)
		bucket++;
	add(slot + bucket, 1);
	add(slot + METRICS_BUCKETS, (uint64_t)value);
}

/* The values of labels that are words. */
static const char *const connect_results[] = { "ok", "failed" };
static const char *const payment_results[] = { "settled", "known" };
static const char *const taker_names[TAKERS] = {
	[TAKER_RESERVE] = "reserve", [TAKER_PAYMENTS] = "payments"
};
static const char *const job_names[JOBS] = { [JOB_SWEEP] = "sweep", [JOB_ARCHIVE] = "archive" };
/* As enum follow numbers the kinds of streams (live/follower.h). */
static const char *const stream_kinds[METRICS_STREAMS] = { "own", "booking", "seats" };
/* In the order in which daemon/archive.c counts the tables. */
static const char *const archived_tables[METRICS_TABLES] = { "booking", "payment", "refund",
	                                                     "journal", "seat" };

/* Of which label; those of errors, statuses and routes are not here. */
static const char *const *const label_names[METRIC__MAX] = {
	[METRIC_DB_CONNECTS] = connect_results, [METRIC_RELAY_ROWS] = sink_names,
	[METRIC_JOURNAL_LAG] = sink_names,      [METRIC_PAYMENT_MESSAGES] = payment_results,
	[METRIC_DEAD_LETTERS] = taker_names,    [METRIC_JOB_TIME] = job_names,
	[METRIC_JOB_FAILURES] = job_names,      [METRIC_ARCHIVED] = archived_tables,
	[METRIC_STREAMS_OPEN] = stream_kinds,   [METRIC_STREAMS_OPENED] = stream_kinds,
	[METRIC_STREAM_EVENTS] = stream_kinds,
};

/* What a label says for value i; NULL leaves the value out. */
static const char *
label_value(enum metric m, unsigned i, char *room, size_t size)
{
	assert(i < table[m].values);
	if (m == METRIC_REQUEST_TIME)
		return route_names[i];
	if (m == METRIC_REQUESTS) {
		snprintf(room, size, statuses[i] == 0 ? "other" : "%d", statuses[i]);
		return room;
	}
	if (label_names[m] != NULL)
		return label_names[m][i];
	return table[m].values == ERR__MAX ? err_name((enum err)i) : "";
}

static double
scaled(enum metric m, uint64_t n)
{
	return table[m].unit == SECONDS ? (double)n / 1e6 : (double)n;
}

static char *
append_histogram(char *out, enum metric m, const char *tag, _Atomic uint64_t *slot)
{
	const char *comma = *tag == '\0' ? "" : ",";
	uint64_t sum = 0;

	for (unsigned b = 0; b < METRICS_BUCKETS; b++) {
		sum += get(slot + b);
		if (b == METRICS_BUCKETS - 1)
			out = talloc_asprintf_append_buffer(out,
			                                    "%s_bucket{%s%sle=\"+Inf\"} %llu\n",
			                                    table[m].name, tag, comma,
			                                    (unsigned long long)sum);
		else
			out = talloc_asprintf_append_buffer(out,
			                                    "%s_bucket{%s%sle=\"%.9g\"} %llu\n",
			                                    table[m].name, tag, comma,
			                                    scaled(m, UINT64_C(1) << b),
			                                    (unsigned long long)sum);
	}
	out = talloc_asprintf_append_buffer(out, "%s_sum{%s} %.9g\n", table[m].name, tag,
	                                    scaled(m, get(slot + METRICS_BUCKETS)));
	return talloc_asprintf_append_buffer(out, "%s_count{%s} %llu\n", table[m].name, tag,
	                                     (unsigned long long)sum);
}

char *
metrics_text(TALLOC_CTX *ctx)
{
	char *out = talloc_strdup(ctx, "");
	char room[16], tag[160];

	for (enum metric m = 0; m < METRIC__MAX; m++) {
		out = talloc_asprintf_append_buffer(out, "# HELP %s %s\n# TYPE %s %s\n",
		                                    table[m].name, table[m].help, table[m].name,
		                                    kind_names[table[m].kind]);
		for (unsigned i = 0; i < table[m].values; i++) {
			const char *value = label_value(m, i, room, sizeof(room));

			if (value == NULL ||
			    (m == METRIC_REQUESTS && i > 0 && statuses[i - 1] == 0))
				continue;
			tag[0] = '\0';
			if (*table[m].label != '\0')
				snprintf(tag, sizeof(tag), "%s=\"%s\"", table[m].label, value);
			if (table[m].kind == KIND_HISTOGRAM)
				out = append_histogram(out, m, tag, slots_of(m, i));
			else
				out = talloc_asprintf_append_buffer(out, "%s{%s} %lld\n",
				                                    table[m].name, tag,
				                                    (long long)get(slots_of(m, i)));
		}
	}
	return out;
}
