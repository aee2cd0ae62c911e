/*
 * Serves the queue of a process: settles a batch of requests, again and again as long as something
 * passing stands in the way, and at last one by one. What one try does is in batch.c.
 */
#include "core/reserve/clerk.h"

#include <assert.h>
#include <string.h>
#include <time.h>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "core/booking/booking_expire.h"
#include "core/reserve/batch.h"
#include "store/combiner.h"

#define TRIES            6 /* of a batch, and then of a single request before it is answered 503 */
#define PATIENCE_US      (10 * US_PER_S) /* a request that is older is not tried alone any more */
#define RESOLVE_US       (4 * US_PER_S)  /* how long the outcome of a lost COMMIT is looked for */
#define RESOLVE_PAUSE_MS 50

_Static_assert(COMBINER_MOST <= BATCH_MAX, "what the combiner takes at once is one batch");

/* A request in the queue, and its answer. On the stack of the thread that waits for it. */
struct queued_request {
	struct seat_request *request;
	struct answer *answer;
	int64_t since_us; /* monotonic */
};

struct clerk {
	struct combiner *queue; /* of struct queued_request */
	struct policy policy;
	struct inventory_cache *inventories;
};

static void
pause_ms(int ms)
{
	const struct timespec t = { .tv_nsec = ms * 1000000L };

	assert(ms >= 0 && ms < 1000);
	nanosleep(&t, NULL);
}

/*
 * Finds out what became of a batch whose COMMIT was cut off, as soon as the database is back. Not
 * by transact(): that gives up after a few tries, and here the question must not be left open
 * while the database restarts. Errors: TX_RETRY (nothing was booked), DB_UNKNOWN.
 */
static enum err
find_out(struct db *db, TALLOC_CTX *ctx, struct batch_state *state)
{
	int64_t until = clock_mono_us() + RESOLVE_US;
	enum err e;

	assert(state != NULL);
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

/* Gives the same error to n requests. */
static void
fail_all(struct queued_request *const *queued, size_t n, enum err e)
{
	assert(e != ERR_OK);
	for (size_t i = 0; i < n; i++) {
		memset(queued[i]->answer, 0, sizeof(*queued[i]->answer));
		queued[i]->answer->err = e;
	}
}

/* While the COMMIT of this batch waits for the disk, the next may begin. */
static void
on_before_commit(void *combined)
{
	combiner_pass_on(combined);
}

/*
 * One transaction for n requests. On ERR_OK all have an answer, except those whose answer says
 * TX_RETRY; the former owners of seats that have lapsed have been expired for these.
 */
static enum err
settle_once(struct combiner_batch *combined, struct queued_request *const *queued, size_t n,
            int tries)
{
	struct clerk *c = combined->arg;
	struct db *db = combined->db;
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct seat_request *requests[BATCH_MAX];
	struct answer *answers[BATCH_MAX];
	struct batch batch = { .requests = requests,
		               .answers = answers,
		               .n = n,
		               .tries = tries,
		               .on_before_commit = on_before_commit,
		               .arg = combined };
	enum err e;

	assert(n >= 1 && n <= BATCH_MAX);
	for (size_t i = 0; i < n; i++) {
		requests[i] = queued[i]->request;
		answers[i] = queued[i]->answer;
	}
	e = db_ready(db);
	if (e == ERR_OK)
		e = batch_settle(db, ctx, &c->policy, c->inventories, &batch);
	if (e == ERR_DB_UNKNOWN) {
		combiner_pass_on(combined); /* this may take a while, only these need the answer */
		e = find_out(db, ctx, batch.state);
	}
	if (e == ERR_OK && batch.n_lapsed > 0 && db_ready(db) == ERR_OK &&
	    booking_expire(db, ctx, batch.lapsed, batch.n_lapsed, c->policy.paying_min) != ERR_OK)
		log_line(LOG_WARN, "lapsed bookings were not expired, their seats are tried again",
		         NULL);
	talloc_free(ctx);
	return e;
}

/* Moves the requests that must be made again to the front; returns how many there are. */
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
 * Settles n requests together, again and again while only lapsed seats, seats that another request
 * took first or something passing stand in the way. *n: how many are left, at the front.
 */
static enum err
settle_together(struct combiner_batch *combined, struct queued_request **queued, size_t *n)
{
	size_t left = *n;
	enum err e = ERR_OK;

	for (int i = 0; i < TRIES && left > 0; i++) {
		if (i > 0)
			metrics_count(METRIC_CLERK_RETRIES, 0);
		e = settle_once(combined, queued, left, i);
		if (e == ERR_OK)
			left = keep_unsettled(queued, left);
		else if (e != ERR_TX_RETRY && e != ERR_DB_LOST)
			break;
		if (left > 0 && i > 0)
			pause_ms(1 << i);
	}
	*n = left;
	return e;
}

/* The error that a request is answered once there is no further try. */
static enum err
last_word(enum err e)
{
	return e == ERR_INTERNAL ? ERR_INTERNAL : ERR_UNAVAILABLE;
}

/* Settles a request alone that could not be settled with the others. */
static void
settle_alone(struct combiner_batch *combined, struct queued_request *one)
{
	enum err e = ERR_UNAVAILABLE;
	size_t left = 1;

	if (clock_mono_us() - one->since_us < PATIENCE_US)
		e = settle_together(combined, &one, &left);
	if (left > 0 && e == ERR_OK && !one->request->best &&
	    (one->request->kind == REQUEST_BOOK || one->request->kind == REQUEST_HOLD))
		one->answer->err = ERR_SEAT_ALREADY_RESERVED; /* lapsed, but not to be had */
	else if (left > 0)
		fail_all(&one, 1, last_word(e));
}

/*
 * Settles a batch. One that fails as a whole (a deadlock with foreign SQL, a seat whose lock is
 * not given up, one bad request) is settled one by one, so that no request fails for another.
 */
static void
settle(struct combiner_batch *combined)
{
	struct queued_request **queued = (struct queued_request **)combined->items;
	size_t n = combined->n;
	enum err e;

	assert(combined->db != NULL && combined->arg != NULL && n >= 1 && n <= BATCH_MAX);
	e = settle_together(combined, queued, &n);
	if (n == 0)
		return;
	if (e == ERR_DB_UNKNOWN || (e == ERR_UNAVAILABLE && db_ready(combined->db) != ERR_OK)) {
		fail_all(queued, n, ERR_UNAVAILABLE);
		return;
	}
	for (size_t i = 0; i < n; i++)
		settle_alone(combined, queued[i]);
}

struct clerk *
clerk_new(TALLOC_CTX *ctx, const char *conninfo, const struct policy *policy,
          struct inventory_cache *inventories)
{
	struct clerk *c = talloc_zero(ctx, struct clerk);

	assert(conninfo != NULL && policy != NULL && inventories != NULL);
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

	assert(request->kind != REQUEST_SEAT && request->user_id != NULL);
	assert(request->n_seats <= POLICY_SEATS_MOST);
	assert(!request->best || request->inventory != NULL);
	memset(out, 0, sizeof(*out));
	out->err = ERR_UNAVAILABLE; /* until it is settled */
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
	struct combiner_batch alone = {
		.db = db, .arg = c, .items = items, .n = n, .passed_on = true
	};

	assert(db != NULL && n >= 1 && n <= BATCH_MAX);
	for (size_t i = 0; i < n; i++) {
		assert(requests[i].kind == REQUEST_SEAT);
		all[i] = (struct queued_request){ &requests[i], &answers[i], clock_mono_us() };
		memset(&answers[i], 0, sizeof(answers[i]));
		items[i] = &all[i];
	}
	settle(&alone);
	for (size_t i = 0; i < n; i++)
		metrics_count(METRIC_SEATINGS, answers[i].err);
}
