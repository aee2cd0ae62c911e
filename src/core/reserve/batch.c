/*
 * One transaction that settles many requests: choose, lock, decide, write (README.md). What is
 * decided is in decide.c, what is sent to the database in store/reserve.c and reserve_write.c.
 */
#include "core/reserve/batch.h"

#include <assert.h>
#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "core/booking/booking_move.h"
#include "core/journal/journal.h"
#include "core/reserve/choice.h"
#include "core/reserve/lock_set.h"
#include "core/reserve/request_payload.h"

/* What a batch does whose requests lost a race for best seats, by how often it was tried. */
#define TRIES_BEFORE_ALONE   1 /* choose when no other does, from what all others have left */
#define TRIES_BEFORE_WAITING 2 /* wait for locks on seats instead of looking for others */

/* A batch whose verdicts are known and whose bookings are being written. */
struct batch_state {
	struct inventory_cache *inventories;
	struct seat_request *const *requests;
	struct answer *const *answers;
	size_t n;
	struct choice choice;
	struct lock_set locks;
	struct locked facts;
	struct verdict *verdicts;
	struct reserve_write *writes; /* of the requests that something is written for, in order */
	size_t n_writes;
	struct reserve_write **write_of; /* by request; NULL: nothing is written */
	struct idempotent **idempotents; /* of locks.answer_keys, in their order */
};

/* --- requests that are answered once --- */

/* Lists the keys of the requests. A key that is in the batch twice is served once. */
static void
collect_keys(TALLOC_CTX *ctx, struct batch_state *state)
{
	state->idempotents = talloc_array(ctx, struct idempotent *, (unsigned)state->n);
	for (size_t i = 0; i < state->n; i++) {
		struct idempotent *k = state->requests[i]->idempotent;

		if (k != NULL && lock_set_key(ctx, k, &state->locks))
			state->idempotents[state->locks.n_answer_keys - 1] = k;
		else if (k != NULL)
			state->verdicts[i].err = ERR_IDEMPOTENCY_IN_PROGRESS;
	}
}

/* Refuses requests that are being served elsewhere, or were answered before. */
static void
refuse_answered(struct batch_state *state)
{
	assert(state->locks.n_answer_keys == 0 || state->facts.keys != NULL); /* reserve_lock */
	for (size_t i = 0, at = 0; i < state->n && at < state->locks.n_answer_keys; i++) {
		if (state->requests[i]->idempotent != state->idempotents[at])
			continue;
		if (state->facts.keys[at] == KEY_KNOWN)
			state->verdicts[i].err = ERR_KEY_KNOWN;
		else if (state->facts.keys[at] == KEY_BUSY)
			state->verdicts[i].err = ERR_IDEMPOTENCY_IN_PROGRESS;
		at++;
	}
}

/* --- what is written --- */

/* A text for people about a request that gets no seats. */
static const char *
failure_text(TALLOC_CTX *ctx, const struct seat_request *request, const struct verdict *v)
{
	char *text = talloc_strdup(ctx, err_text(v->err));

	if (v->err != ERR_SEAT_ALREADY_RESERVED)
		return text;
	for (size_t i = 0, k = 0; i < request->n_seats && k < v->n_refused; i++) {
		if (request->seats[i] != v->refused[k])
			continue;
		assert(v->seats[i] != NULL); /* refused because it is taken: it exists */
		text = talloc_asprintf_append(text, "%s%s-%s", k == 0 ? ": " : ", ",
		                              v->seats[i]->row, v->seats[i]->label);
		k++;
	}
	return text;
}

/*
 * Whether a request must be made again: owners of its seats are to be expired first, others got the
 * seats that were chosen for it, or all that it may have are promised.
 */
static bool
must_retry(const struct seat_request *request, const struct verdict *v)
{
	return v->lapsed || v->err == ERR_TX_RETRY ||
	       (request->best && v->err == ERR_SEAT_ALREADY_RESERVED);
}

/* Whether anything is to be written for a request. */
static bool
is_written(const struct seat_request *request, const struct verdict *v)
{
	return v->err == ERR_OK ||
	       (request->kind == REQUEST_SEAT && !v->gone && !must_retry(request, v));
}

/* Completes a write: makes or moves a booking, or holds seats. */
static void
complete_write(TALLOC_CTX *ctx, const struct seat_request *request, const struct verdict *v,
               int64_t now_us, struct reserve_write *w)
{
	const int64_t expires_us = v->window_min == 0 ? -1 : now_us + v->window_min * 60 * US_PER_S;

	w->positions = request->positions;
	if (v->err != ERR_OK) {
		booking_move_fail(w, request_payload_failed(ctx, request, v->err,
		                                            failure_text(ctx, request, v)));
	} else if (request->kind == REQUEST_ACCEPT) {
		booking_move_accept(w, request_payload_requested(ctx, request, v->event->currency));
	} else if (request->kind == REQUEST_HOLD) {
		w->kind = WRITE_HELD;
		w->type = journal_type_name(JOURNAL_SEATS_HELD);
		w->payload = request_payload_held(ctx, request, expires_us);
	} else if (request->kind == REQUEST_SEAT) {
		w->positions = request_payload_positions(ctx, request, v);
		booking_move_seat(w, request_payload_created(ctx, request, v, w->positions,
		                                             expires_us));
	} else {
		booking_move_create(w, request_payload_created(ctx, request, v, w->positions,
		                                               expires_us));
	}
}

/* All that the user of a hold holds after the batch, for the first of that user's requests. */
static const struct hold_rows *
first_holding(const struct seat_request *request, const struct verdict *v)
{
	if (request->kind != REQUEST_HOLD)
		return NULL;
	assert(v->holding != NULL); /* decide() gave the seats */
	if (v->holding->written)
		return NULL;
	v->holding->written = true;
	return v->holding;
}

/* Turns the verdicts into what is to be written. */
static void
prepare_writes(TALLOC_CTX *ctx, struct batch_state *state)
{
	state->writes = talloc_zero_array(ctx, struct reserve_write, (unsigned)state->n);
	state->write_of = talloc_zero_array(ctx, struct reserve_write *, (unsigned)state->n);
	for (size_t i = 0; i < state->n; i++) {
		const struct verdict *v = &state->verdicts[i];
		const struct seat_request *a = state->requests[i];
		const bool seated = a->kind != REQUEST_ACCEPT;

		if (!is_written(a, v))
			continue;
		state->write_of[i] = &state->writes[state->n_writes];
		state->writes[state->n_writes] = (struct reserve_write){
			.id = a->id,
			.event_id = a->event_id,
			.user_id = a->user_id,
			.user_name = a->user_name,
			.correlation_id = a->correlation_id,
			.currency = v->event == NULL ? NULL : v->event->currency,
			.seats = a->seats,
			.prices_minor = seated ? v->prices_minor : a->prices_minor,
			.n_seats = a->n_seats,
			.total_minor = seated ? v->total_minor : a->total_minor,
			.window_min = v->window_min,
			.mode = a->best ? MODE_BEST : MODE_MANUAL,
			.quantity = a->quantity,
			.section = a->section,
			.subsection = a->subsection,
			.reason = err_code(v->err),
			.holding = first_holding(a, v),
		};
		complete_write(ctx, a, v, state->facts.now_us, &state->writes[state->n_writes++]);
	}
}

/* The owners of the lapsed seats that requests name. */
static void
collect_lapsed(TALLOC_CTX *ctx, const struct batch_state *state, struct booking_key **out,
               size_t *n_out)
{
	*out = NULL;
	*n_out = 0;
	for (size_t i = 0; i < state->n; i++) {
		if (!state->verdicts[i].lapsed)
			continue;
		for (size_t k = 0; k < state->requests[i]->n_seats; k++) {
			const struct seat_facts *s = state->verdicts[i].seats[k];

			assert(s != NULL); /* a request lapses only when all of its seats exist */
			if (s->status != SEAT_RESERVED || !s->lapsed)
				continue;
			*out = talloc_realloc(ctx, *out, struct booking_key, (unsigned)*n_out + 1);
			(*out)[(*n_out)++] = (struct booking_key){ s->key.event_id, s->booking_id };
		}
	}
}

/* What a request is answered that got what it asked for. */
static void
answer_booked(const struct batch_state *state, const struct seat_request *request,
              const struct verdict *v, struct answer *out)
{
	const bool accepted = request->kind == REQUEST_ACCEPT;

	assert(v->err == ERR_OK && v->event != NULL && state->facts.now_us >= 0);
	out->total_minor = accepted ? request->total_minor : v->total_minor;
	out->created_us = state->facts.now_us;
	out->expires_us = v->window_min == 0 ? -1 : out->created_us + v->window_min * 60 * US_PER_S;
	memcpy(out->currency, v->event->currency, sizeof(out->currency));
	if (accepted || request->kind == REQUEST_HOLD)
		return;
	out->n_seats = request->n_seats;
	out->seats = talloc_array(request->ctx, struct booked_seat, (unsigned)request->n_seats);
	for (size_t i = 0; i < request->n_seats; i++) {
		const struct seat_facts *s = v->seats[i];

		out->seats[i] = (struct booked_seat){
			.no = s->key.no,
			.subsection = s->subsection,
			.price_minor = s->price_minor,
			.section = talloc_strdup(request->ctx, s->section),
			.row = talloc_strdup(request->ctx, s->row),
			.label = talloc_strdup(request->ctx, s->label),
			.tier = talloc_strdup(request->ctx, s->tier)
		};
	}
}

/* Tells this host of everything that was written; the transaction has ended. */
static void
announce(const struct batch_state *state)
{
	for (size_t i = 0; i < state->n_writes; i++) {
		const struct reserve_write *w = &state->writes[i];

		if (reserve_write_takes_seats(w))
			inventory_note_taken(state->inventories, w->event_id, w->seats, w->n_seats);
	}
}

/* What one of the requests is answered. */
static void
answer_one(const struct batch_state *state, size_t i)
{
	const struct verdict *v = &state->verdicts[i];
	struct answer *out = state->answers[i];

	assert(v->n_refused <= POLICY_SEATS_MOST);
	memset(out, 0, sizeof(*out));
	out->err = must_retry(state->requests[i], v) ? ERR_TX_RETRY : v->err;
	out->limit = v->limit;
	out->n_refused = v->n_refused;
	memcpy(out->refused, v->refused, v->n_refused * sizeof(out->refused[0]));
	if (v->err == ERR_OK)
		answer_booked(state, state->requests[i], v, out);
	assert(v->err != ERR_OK || state->write_of[i] != NULL);
	if (state->write_of[i] != NULL)
		out->number = state->write_of[i]->number;
}

/* Answers all requests; those that must be made again with TX_RETRY. The transaction has ended. */
static void
answer_all(struct batch_state *state)
{
	announce(state);
	choice_end(&state->choice, true);
	for (size_t i = 0; i < state->n; i++) {
		answer_one(state, i);
		if (state->requests[i]->idempotent != NULL && state->verdicts[i].err == ERR_OK)
			state->requests[i]->idempotent->stored = true;
	}
}

/* Renders the answers that are stored: to requests with a key that got what they asked for. */
static struct idempotency_row *
render_answers(TALLOC_CTX *ctx, const struct batch_state *state, size_t *n)
{
	struct idempotency_row *rows = talloc_array(ctx, struct idempotency_row,
	                                            (unsigned)state->locks.n_answer_keys);

	*n = 0;
	for (size_t i = 0; i < state->n; i++) {
		struct idempotent *k = state->requests[i]->idempotent;

		if (k == NULL || state->verdicts[i].err != ERR_OK)
			continue;
		assert(*n < state->locks.n_answer_keys); /* a key is served once: collect_keys */
		answer_one(state, i);
		k->render(k->arg, state->answers[i], &k->reply);
		rows[(*n)++] = idempotency_row(k);
	}
	return rows;
}

/* Writes and commits; answers that are stored take a round trip of their own. */
static enum err
write_all(struct db *db, TALLOC_CTX *ctx, struct batch_state *state, const struct batch *b)
{
	struct idempotency_row *answers;
	size_t n = 0;
	enum err e;

	for (size_t i = 0; i < state->n; i++)
		n += state->requests[i]->idempotent != NULL && state->verdicts[i].err == ERR_OK;
	if (n == 0)
		return reserve_write(db, ctx, state->writes, state->n_writes, b->on_before_commit,
		                     b->arg);
	if ((e = reserve_write_open(db, ctx, state->writes, state->n_writes)) != ERR_OK)
		return e;
	answers = render_answers(ctx, state, &n);
	return reserve_write_commit(db, ctx, answers, n, b->on_before_commit, b->arg);
}

enum err
batch_settle(struct db *db, TALLOC_CTX *ctx, const struct policy *policy,
             struct inventory_cache *inventories, struct batch *b)
{
	struct batch_state *state = talloc_zero(ctx, struct batch_state);
	int64_t began = clock_mono_us();
	enum err e = ERR_OK;

	assert(db != NULL && policy != NULL && inventories != NULL);
	assert(b->n >= 1 && b->n <= BATCH_MAX && b->tries >= 0);
	b->state = state;
	state->inventories = inventories;
	state->requests = b->requests;
	state->answers = b->answers;
	state->n = b->n;
	state->verdicts = talloc_zero_array(ctx, struct verdict, (unsigned)b->n);
	state->choice = (struct choice){ b->requests, state->verdicts, b->n, { .alone = false } };
	choice_begin(ctx, &state->choice);
	if (b->tries >= TRIES_BEFORE_ALONE && state->choice.events.n > 0)
		e = reserve_alone(db, ctx, &state->choice.events);
	if (e == ERR_OK)
		e = choice_make(db, ctx, &state->choice);
	if (e == ERR_OK) {
		lock_set_collect(ctx, b->requests, b->n, b->tries >= TRIES_BEFORE_WAITING,
		                 &state->locks);
		state->locks.choosing = &state->choice.events;
		collect_keys(ctx, state);
		e = reserve_lock(db, ctx, &state->locks, &state->facts);
	}
	if (e == ERR_OK) {
		refuse_answered(state);
		decide(ctx, policy, &state->facts, b->requests, b->n, state->verdicts);
		prepare_writes(ctx, state);
		collect_lapsed(ctx, state, &b->lapsed, &b->n_lapsed);
		if (state->n_writes > 0)
			e = write_all(db, ctx, state, b);
	}
	/* Nothing was written, or an error: nothing to flush, the locks go at once. */
	db_rollback(db);
	metrics_observe(METRIC_CLERK_BATCH, 0, (int64_t)b->n);
	metrics_observe(METRIC_CLERK_TIME, 0, clock_mono_us() - began);
	if (e == ERR_OK)
		answer_all(state);
	else if (e != ERR_DB_UNKNOWN)
		choice_end(&state->choice, false);
	return e;
}

enum err
batch_resolve(struct db *db, TALLOC_CTX *ctx, struct batch_state *state)
{
	bool committed;
	enum err e;

	assert(db != NULL && state != NULL && state->n_writes > 0); /* COMMIT was sent */
	e = reserve_write_find(db, ctx, &state->locks, state->writes, state->n_writes, &committed);
	if (e != ERR_OK) {
		db_rollback(db);
		return e;
	}
	if (!committed) {
		choice_end(&state->choice, false);
		return ERR_TX_RETRY;
	}
	answer_all(state);
	return ERR_OK;
}

void
batch_abandon(struct batch_state *state)
{
	assert(state != NULL && state->n_writes > 0);
	choice_end(&state->choice, false);
}
