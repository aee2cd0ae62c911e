/* How many seats of events stand how, kept for a moment: lists of events are asked for often. */
#include "core/inventory/seat_counts.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "base/shared.h"
#include "store/param.h"
#include "store/transact.h"

#define COUNTS_GOOD_US 500000
#define SLOTS          1024 /* events whose counts are kept; one that shares a slot takes it over */

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER; /* guards kept */
static struct {
	int32_t event_id;
	uint64_t shared;  /* shared_event_version before it was counted */
	int64_t until_us; /* monotonic */
	struct seat_counts counts;
} kept[SLOTS];

/* Whether the counts of an event are still known. */
static bool
recall(int32_t event_id, struct seat_counts *out)
{
	size_t i = (uint32_t)event_id % SLOTS;
	bool good;

	pthread_mutex_lock(&mutex);
	good = kept[i].event_id == event_id && clock_mono_us() < kept[i].until_us &&
	       kept[i].shared == shared_event_version(event_id);
	if (good)
		*out = kept[i].counts;
	pthread_mutex_unlock(&mutex);
	return good;
}

/* Keeps the counts of an event. */
static void
keep(int32_t event_id, uint64_t shared, const struct seat_counts *counts)
{
	size_t i = (uint32_t)event_id % SLOTS;

	pthread_mutex_lock(&mutex);
	kept[i].event_id = event_id;
	kept[i].shared = shared;
	kept[i].until_us = clock_mono_us() + COUNTS_GOOD_US;
	kept[i].counts = *counts;
	pthread_mutex_unlock(&mutex);
}

/* Takes the counts of an event out of the rows of COUNT_SEATS. */
static void
take_counts(const struct rows *rows, int32_t event_id, struct seat_counts *out)
{
	for (int r = 0; r < rows_count(rows); r++) {
		enum seat_status status;

		if (row_i32(rows, r, COUNT_SEATS_EVENT) != event_id)
			continue;
		status = seat_status_parse(row_text(rows, r, COUNT_SEATS_STATUS));
		assert(status < SEAT__MAX);
		out->n[status] = row_i64(rows, r, COUNT_SEATS_COUNT);
	}
}

enum err
seat_counts_read(struct pool *pool, TALLOC_CTX *ctx, const int32_t *events, size_t n,
                 struct seat_counts *out)
{
	uint64_t *shared = talloc_array(ctx, uint64_t, (unsigned)n);
	bool *missing = talloc_zero_array(ctx, bool, (unsigned)n);
	size_t n_missing = 0;
	struct array ids;
	struct rows *rows;
	enum err e;

	assert(n == 0 || (events != NULL && out != NULL));
	memset(out, 0, n * sizeof(*out));
	array_init(&ids, ctx);
	for (size_t i = 0; i < n; i++) {
		shared[i] = shared_event_version(events[i]);
		missing[i] = !recall(events[i], &out[i]);
		if (missing[i])
			array_int(&ids, events[i]);
		n_missing += missing[i];
	}
	if (n_missing == 0)
		return ERR_OK;
	const struct call call = { STMT_COUNT_SEATS, { array_done(&ids) } };
	if ((e = transact_read(pool, ctx, &call, 1, &rows)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++) {
		if (!missing[i])
			continue;
		take_counts(rows, events[i], &out[i]);
		keep(events[i], shared[i], &out[i]);
	}
	return ERR_OK;
}
