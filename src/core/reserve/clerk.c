#include "core/reserve/clerk.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/reserve/batch.h"
#include "core/booking/booking_change.h"
#include "store/combiner.h"

#define ATTEMPTS         6 /* of a batch, and then of a single ask before it is told to come back */
#define PATIENCE_US      (10 * US_PER_S) /* how long an ask may be tried over and over */
#define RESOLVE_US       (4 * US_PER_S)  /* how long the fate of a lost COMMIT is looked for */
#define RESOLVE_PAUSE_MS 50

/* An ask at the window, and its answer. */
struct queued_request {
	struct seat_request *request;
	struct answer *answer;
	int64_t since_us; /* monotonic */
};

struct clerk {
	struct combiner *queue;
	struct policy policy;
	struct inventory_cache *inventories;
};

static void
pause_ms(int ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	nanosleep(&t, NULL);
}

/* Looks for the fate of a batch whose COMMIT was cut off, until the database is back. */
static enum err
find_out(struct db *db, TALLOC_CTX *ctx, struct batch_state *state)
{
	int64_t until = clock_mono_us() + RESOLVE_US;
	enum err e;

	do {
		e = db_ready(db);
		if (e == ERR_OK)
			e = batch_resolve(db, ctx, state);
		if (e == ERR_OK || e == ERR_TX_RETRY)
			return e;
		pause_ms(RESOLVE_PAUSE_MS);
	} while (clock_mono_us() < until);
	log_line(LOG_ERROR, "the fate of a COMMIT is not known, the database stays away", NULL);
	batch_abandon(state);
	return ERR_DB_UNKNOWN;
}

static void
answer_everyone(struct queued_request *const *queued, size_t n, enum err e)
{
	for (size_t i = 0; i < n; i++) {
		memset(queued[i]->answer, 0, sizeof(*queued[i]->answer));
		queued[i]->answer->err = e;
	}
}

/* While the COMMIT of this batch waits for the disk, the next may begin. */
static void
on_before_commit(void *turn)
{
	combiner_pass_on(turn);
}

/*
 * One transaction for n queued. ERR_OK: all have an answer, except those whose answer says
 * TX_RETRY (their seats' former owners have been expired since).
 */
static enum err
settle_once(struct combiner_batch *t, struct queued_request *const *queued, size_t n, int tries)
{
	struct clerk *c = t->arg;
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct seat_request *requests[BATCH_MAX];
	struct answer *answers[BATCH_MAX];
	struct batch batch = { requests, answers, n, tries, on_before_commit, t, NULL, 0, NULL };
	enum err e;

	for (size_t i = 0; i < n; i++) {
		requests[i] = queued[i]->request;
		answers[i] = queued[i]->answer;
	}
	e = db_ready(t->db);
	if (e == ERR_OK) {
		e = batch_settle(t->db, ctx, &c->policy, c->inventories, &batch);
		if (e == ERR_DB_UNKNOWN) {
			combiner_pass_on(
			    t); /* this may take a while, and only these need the answer */
			e = find_out(t->db, ctx, batch.state);
		}
	}
	if (e == ERR_OK && batch.n_lapsed > 0 && db_ready(t->db) == ERR_OK &&
	    booking_expire(t->db, ctx, batch.lapsed, batch.n_lapsed, c->policy.paying_min) !=
	        ERR_OK)
		log_line(LOG_WARN, "lapsed bookings were not expired, their seats are tried again",
		         NULL);
	talloc_free(ctx);
	return e;
}

/* Keeps those whose answer says "again" at the front; returns how many. */
static size_t
keep_unsettled(struct queued_request **queued, size_t n)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (queued[i]->answer->err == ERR_TX_RETRY)
			queued[kept++] = queued[i];
	}
	return kept;
}

/*
 * Settles n queued together, again and again while only lapsed seats, others who were quicker
 * or a retry stand in the way.
 */
static enum err
settle_together(struct combiner_batch *t, struct queued_request **queued, size_t *n)
{
	enum err e = ERR_OK;

	for (int i = 0; i<ATTEMPTS && * n> 0; i++) {
		if (i > 0)
			metrics_count(METRIC_CLERK_RETRIES, 0);
		e = settle_once(t, queued, *n, i);
		if (e == ERR_OK)
			*n = keep_unsettled(queued, *n);
		else if (e != ERR_TX_RETRY && e != ERR_DB_LOST)
			return e;
		if (*n > 0 && i > 0)
			pause_ms(1 << i);
	}
	return e;
}

/* An error as the asker should see it once there is no further try. */
static enum err
last_word(enum err e)
{
	return e == ERR_INTERNAL ? ERR_INTERNAL : ERR_UNAVAILABLE;
}

/*
 * Settles a batch. One that fails as a whole (a deadlock with foreign SQL, a seat somebody
 * sits on, one bad ask) is settled one by one, so that no one suffers for a neighbour.
 */
static void
settle(struct combiner_batch *t)
{
	struct queued_request **queued = (struct queued_request **)t->items;
	size_t n = t->n;
	enum err e = settle_together(t, queued, &n);

	if (n == 0)
		return;
	if (e == ERR_DB_UNKNOWN || (e == ERR_UNAVAILABLE && db_ready(t->db) != ERR_OK)) {
		answer_everyone(queued, n, ERR_UNAVAILABLE);
		return;
	}
	for (size_t i = 0; i < n; i++) {
		struct queued_request *one = queued[i];
		size_t left = 1;

		e = ERR_UNAVAILABLE;
		if (clock_mono_us() - one->since_us < PATIENCE_US)
			e = settle_together(t, &one, &left);
		if (left > 0 && e == ERR_OK && !one->request->best &&
		    (one->request->kind == REQUEST_BOOK || one->request->kind == REQUEST_HOLD))
			one->answer->err =
			    ERR_SEAT_ALREADY_RESERVED; /* lapsed, yet somebody is at it */
		else if (left > 0)
			answer_everyone(&one, 1, last_word(e));
	}
}

struct clerk *
clerk_new(TALLOC_CTX *ctx, const char *conninfo, const struct policy *policy,
          struct inventory_cache *inventories)
{
	struct clerk *c = talloc_zero(ctx, struct clerk);

	c->policy = *policy;
	c->inventories = inventories;
	c->queue = combiner_new(c, conninfo, CLERK_CONNECTIONS, settle, c);
	return c;
}

enum err
clerk_book(struct clerk *c, struct seat_request *request, struct answer *out)
{
	struct queued_request self = { .request = request,
		                       .answer = out,
		                       .since_us = clock_mono_us() };

	memset(out, 0, sizeof(*out));
	out->err = ERR_UNAVAILABLE; /* until somebody says otherwise */
	combiner_submit(c->queue, &self);
	metrics_count(request->kind == REQUEST_HOLD ? METRIC_HOLDS : METRIC_BOOKINGS, out->err);
	return out->err;
}

void
clerk_seat(struct clerk *c, struct db *db, struct seat_request *requests, struct answer *answers,
           size_t n)
{
	struct queued_request all[BATCH_MAX];
	void *items[BATCH_MAX];
	struct combiner_batch turn = {
		.db = db, .arg = c, .items = items, .n = n, .passed_on = true
	};

	assert(n <= BATCH_MAX);
	for (size_t i = 0; i < n; i++) {
		all[i] = (struct queued_request){ &requests[i], &answers[i], clock_mono_us() };
		memset(&answers[i], 0, sizeof(answers[i]));
		items[i] = &all[i];
	}
	settle(&turn);
	for (size_t i = 0; i < n; i++)
		metrics_count(METRIC_SEATINGS, answers[i].err);
}
