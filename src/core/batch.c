#include "core/batch.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "core/journal.h"

/* A batch whose verdicts are known and whose bookings are being written. */
struct pending_commit {
	struct ask *const *asks;
	struct answer *const *answers;
	size_t n;
	struct wants wants;
	struct locked facts;
	struct verdict *verdicts;
	struct booking_write *writes; /* of the asks that won, in order */
	size_t n_writes;
};

static int
compare_i64(const void *a, const void *b)
{
	const int64_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static int
compare_i32(const void *a, const void *b)
{
	const int32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

/* Sorts n elements and drops repeated ones; returns how many are left. */
static size_t
sort_distinct(void *base, size_t n, size_t size, int (*compare)(const void *, const void *))
{
	char *at = base;
	size_t kept = 0;

	qsort(base, n, size, compare);
	for (size_t i = 0; i < n; i++) {
		if (kept == 0 || compare(at + (kept - 1) * size, at + i * size) != 0)
			memmove(at + kept++ * size, at + i * size, size);
	}
	return kept;
}

void
wants_collect(TALLOC_CTX *ctx, struct ask *const *asks, size_t n, struct wants *out)
{
	size_t seats = 0;

	for (size_t i = 0; i < n; i++)
		seats += asks[i]->n_seats;
	out->lock_keys = talloc_array(ctx, int64_t, (unsigned)n);
	out->users = talloc_array(ctx, const char *, (unsigned)n);
	out->events = talloc_array(ctx, int32_t, (unsigned)n);
	out->seats = talloc_array(ctx, struct seat_key, (unsigned)seats);
	seats = 0;
	for (size_t i = 0; i < n; i++) {
		out->lock_keys[i] = (int64_t)hash_text(asks[i]->user_id);
		out->users[i] = asks[i]->user_id;
		out->events[i] = asks[i]->event_id;
		for (size_t k = 0; k < asks[i]->n_seats; k++)
			out->seats[seats++] = (struct seat_key){ asks[i]->event_id, asks[i]->seats[k] };
	}
	out->n_users = n;
	out->n_keys = sort_distinct(out->lock_keys, n, sizeof(int64_t), compare_i64);
	out->n_events = sort_distinct(out->events, n, sizeof(int32_t), compare_i32);
	out->n_seats = sort_distinct(out->seats, seats, sizeof(struct seat_key), seat_key_compare);
}

/* Turns the verdicts that are ERR_OK into what is to be written. */
static void
prepare_writes(TALLOC_CTX *ctx, struct pending_commit *p)
{
	p->writes = talloc_zero_array(ctx, struct booking_write, (unsigned)p->n);
	for (size_t i = 0; i < p->n; i++) {
		const struct verdict *v = &p->verdicts[i];
		const struct ask *a = p->asks[i];
		int64_t expires_us = v->window_min == 0
		                         ? -1
		                         : p->facts.now_us + v->window_min * 60 * US_PER_S;

		if (v->err != ERR_OK)
			continue;
		p->writes[p->n_writes++] = (struct booking_write){
			.id = a->id,
			.event_id = a->event_id,
			.user_id = a->user_id,
			.user_name = a->user_name,
			.correlation_id = a->correlation_id,
			.currency = v->event->currency,
			.seats = a->seats,
			.prices_minor = v->prices_minor,
			.n_seats = a->n_seats,
			.total_minor = v->total_minor,
			.window_min = v->window_min,
			.payload = journal_created(ctx, a->seats, v->prices_minor, a->n_seats, v->total_minor,
			                           v->event->currency, expires_us),
		};
	}
}

/* The owners of lapsed seats that were asked for. */
static void
collect_lapsed(TALLOC_CTX *ctx, const struct pending_commit *p, struct booking_key **out,
               size_t *n_out)
{
	*out = NULL;
	*n_out = 0;
	for (size_t i = 0; i < p->n; i++) {
		if (!p->verdicts[i].lapsed)
			continue;
		for (size_t k = 0; k < p->asks[i]->n_seats; k++) {
			const struct seat_facts *s = p->verdicts[i].seats[k];

			if (s->status != SEAT_RESERVED || !s->lapsed)
				continue;
			*out = talloc_realloc(ctx, *out, struct booking_key, (unsigned)*n_out + 1);
			(*out)[(*n_out)++] = (struct booking_key){ s->key.event_id, s->booking_id };
		}
	}
}

static void
answer_booked(const struct ask *ask, const struct verdict *v, const struct booking_write *w,
              int64_t created_us, struct answer *out)
{
	out->number = w->number;
	out->total_minor = v->total_minor;
	out->created_us = created_us;
	out->expires_us = v->window_min == 0 ? -1 : created_us + v->window_min * 60 * US_PER_S;
	memcpy(out->currency, v->event->currency, sizeof(out->currency));
	out->seats = talloc_array(ask->ctx, struct booked_seat, (unsigned)ask->n_seats);
	for (size_t i = 0; i < ask->n_seats; i++) {
		const struct seat_facts *s = v->seats[i];

		out->seats[i] = (struct booked_seat){ .no = s->key.no,
			                                  .subsection = s->subsection,
			                                  .price_minor = s->price_minor,
			                                  .section = talloc_strdup(ask->ctx, s->section),
			                                  .row = talloc_strdup(ask->ctx, s->row),
			                                  .label = talloc_strdup(ask->ctx, s->label),
			                                  .tier = talloc_strdup(ask->ctx, s->tier) };
	}
}

/* Answers everyone but those who wait for lapsed seats; the transaction has ended. */
static void
answer_all(struct pending_commit *p, int64_t created_us)
{
	const struct booking_write *w = p->writes;

	for (size_t i = 0; i < p->n_writes; i++)
		shared_event_changed(p->writes[i].event_id);
	for (size_t i = 0; i < p->n; i++) {
		const struct verdict *v = &p->verdicts[i];
		struct answer *out = p->answers[i];

		memset(out, 0, sizeof(*out));
		out->err = v->lapsed ? ERR_TX_RETRY : v->err;
		out->limit = v->limit;
		out->n_refused = v->n_refused;
		memcpy(out->refused, v->refused, v->n_refused * sizeof(out->refused[0]));
		if (v->err == ERR_OK)
			answer_booked(p->asks[i], v, w++, created_us, out);
	}
}

enum err
batch_settle(struct db *db, TALLOC_CTX *ctx, const struct policy *policy, struct batch *b)
{
	struct pending_commit *p = talloc_zero(ctx, struct pending_commit);
	int64_t began = clock_mono_us();
	struct wants *w = &p->wants;
	enum err e;

	b->pending = p;
	p->asks = b->asks;
	p->answers = b->answers;
	p->n = b->n;
	wants_collect(ctx, b->asks, b->n, w);
	e = reserve_lock(db, ctx, w->lock_keys, w->n_keys, w->users, w->n_users, w->events,
	                 w->n_events, w->seats, w->n_seats, &p->facts);
	if (e == ERR_OK) {
		p->verdicts = talloc_array(ctx, struct verdict, (unsigned)b->n);
		decide(ctx, policy, &p->facts, b->asks, b->n, p->verdicts);
		prepare_writes(ctx, p);
		collect_lapsed(ctx, p, &b->lapsed, &b->n_lapsed);
		if (p->n_writes > 0)
			e = reserve_write(db, ctx, p->writes, p->n_writes, b->written, b->arg);
	}
	db_rollback(db); /* nobody won, or an error: nothing to be flushed, the locks go at once */
	metrics_observe(METRIC_CLERK_BATCH, 0, (int64_t)b->n);
	metrics_observe(METRIC_CLERK_TIME, 0, clock_mono_us() - began);
	if (e == ERR_OK)
		answer_all(p, p->facts.now_us);
	return e;
}

enum err
batch_resolve(struct db *db, TALLOC_CTX *ctx, struct pending_commit *p)
{
	bool *found = talloc_array(ctx, bool, (unsigned)p->n_writes);
	int64_t created_us;
	enum err e;

	e = reserve_find(db, ctx, p->wants.lock_keys, p->wants.n_keys, p->writes, p->n_writes, found,
	                 &created_us);
	if (e != ERR_OK) {
		db_rollback(db);
		return e;
	}
	if (created_us < 0) /* one transaction: all of them, or none */
		return ERR_TX_RETRY;
	answer_all(p, created_us);
	return ERR_OK;
}
