#include "core/reserve/batch.h"

#include <string.h>

#include "base/clock.h"
#include "base/metrics.h"
#include "base/shared.h"
#include "core/journal/payload.h"
#include "core/reserve/lock_set.h"

/* What those do who lost a race for best seats, from which try on, counted from 0. */
#define BE_ALONE   1 /* choose when nobody else does, from what all others have left */
#define BE_PATIENT 2 /* wait for locks on seats instead of looking for others */

/* A batch whose verdicts are known and whose bookings are being written. */
struct batch_state {
	struct inventory_cache *houses;
	struct seat_request *const *asks;
	struct answer *const *answers;
	size_t n;
	struct choosing choosing;
	struct lock_set wants;
	struct locked facts;
	struct verdict *verdicts;
	struct reserve_write *writes; /* of the asks that something is written for, in order */
	size_t n_writes;
	struct reserve_write **write_of; /* by ask; NULL: nothing is written */
	struct idempotent **keyed;       /* of wants.answer_keys, in their order */
};

/* --- seats that the system chooses --- */

static bool
is_chosen_for(const struct seat_request *ask)
{
	return ask->best && ask->kind != REQUEST_ACCEPT;
}

/* The events of those that are chosen for. The seats of an earlier try are promised no more. */
static void
begin_choice(TALLOC_CTX *ctx, struct batch_state *p)
{
	int32_t *events = talloc_array(ctx, int32_t, (unsigned)p->n);
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		if (!is_chosen_for(p->asks[i]))
			continue;
		p->asks[i]->n_seats = 0;
		events[n++] = p->asks[i]->event_id;
	}
	p->choosing.events = events;
	p->choosing.n = n == 0 ? 0 : lock_set_distinct(events, n);
}

/* Brings a house up to date, and chooses for one party. */
static enum err
look_and_choose(struct db *db, TALLOC_CTX *ctx, struct seat_request *ask, enum inventory_want want,
                int64_t since_us, enum err *chosen)
{
	enum err e = inventory_refresh(ask->house, db, ctx, want, NULL, since_us);

	if (e == ERR_OK)
		*chosen = inventory_choose(ask->house, &ask->party, ask->seats);
	return e;
}

/*
 * Chooses for one party; a house that seems to be full is looked at once more. Seats that are
 * promised to others may be free again, who are refused for another reason: then we wait.
 */
static enum err
choose_for(struct db *db, TALLOC_CTX *ctx, struct seat_request *ask, bool alone, int64_t began_us,
           enum err *chosen)
{
	enum err e = ERR_OK;

	if (!alone)
		e = look_and_choose(db, ctx, ask, INVENTORY_CHOICE, 0, chosen);
	if (e == ERR_OK && (alone || *chosen == ERR_NOT_ENOUGH_SEATS))
		e = look_and_choose(db, ctx, ask, INVENTORY_LAST_WORD, began_us, chosen);
	if (e != ERR_OK)
		return e;
	if (*chosen == ERR_OK)
		ask->n_seats = (size_t)ask->quantity;
	else if (inventory_has_room(ask->house, &ask->party, false))
		*chosen = ERR_TX_RETRY;
	return ERR_OK;
}

/* Whether too few seats are left to accept somebody. */
static enum err
check_room(struct db *db, TALLOC_CTX *ctx, struct seat_request *ask, enum err *found)
{
	enum err e = inventory_refresh(ask->house, db, ctx, INVENTORY_COUNT, &ask->party, 0);

	if (e == ERR_OK && !inventory_has_room(ask->house, &ask->party, !ask->best))
		*found = ERR_NOT_ENOUGH_SEATS;
	return e;
}

/*
 * Gives seats to those who leave the choice to us, one after the other, and counts for
 * those who are to be accepted. Without a lock on anything: all it needs is what is known.
 */
static enum err
choose_seats(struct db *db, TALLOC_CTX *ctx, struct batch_state *p)
{
	const int64_t began_us = clock_mono_us();

	for (size_t i = 0; i < p->n; i++) {
		struct seat_request *a = p->asks[i];
		enum err *said = &p->verdicts[i].err, e = ERR_OK;

		if (a->known != ERR_OK)
			*said = a->known;
		else if (a->kind == REQUEST_ACCEPT)
			e = check_room(db, ctx, a, said);
		else if (a->best)
			e = choose_for(db, ctx, a, p->choosing.alone, began_us, said);
		if (e != ERR_OK)
			return e;
	}
	return ERR_OK;
}

/* Ends the promises of a batch that has ended: some seats are booked, the rest is free again. */
static void
settle_promises(const struct batch_state *p, bool committed)
{
	for (size_t i = 0; i < p->n; i++) {
		const struct seat_request *a = p->asks[i];
		const struct verdict *v = &p->verdicts[i];
		const bool lost = v->err == ERR_SEAT_ALREADY_RESERVED && !v->lapsed;

		if (is_chosen_for(a) && a->n_seats > 0)
			inventory_settle(a->house, a->seats, a->n_seats,
			                 committed && v->err == ERR_OK, v->refused,
			                 lost ? v->n_refused : 0, p->choosing.alone);
	}
}

/* --- requests that are answered once --- */

/* Lists the keys of the asks. One that is in the batch twice is served once. */
static void
want_keys(TALLOC_CTX *ctx, struct batch_state *p)
{
	p->keyed = talloc_array(ctx, struct idempotent *, (unsigned)p->n);
	for (size_t i = 0; i < p->n; i++) {
		struct idempotent *k = p->asks[i]->keyed;

		if (k != NULL && lock_set_key(ctx, k, &p->wants))
			p->keyed[p->wants.n_answer_keys - 1] = k;
		else if (k != NULL)
			p->verdicts[i].err = ERR_IDEMPOTENCY_IN_PROGRESS;
	}
}

/* Refuses those whose request is served elsewhere, or was answered. */
static void
refuse_known(struct batch_state *p)
{
	for (size_t i = 0, at = 0; i < p->n && at < p->wants.n_answer_keys; i++) {
		if (p->asks[i]->keyed != p->keyed[at])
			continue;
		if (p->facts.keys[at] == KEY_KNOWN)
			p->verdicts[i].err = ERR_KEY_KNOWN;
		else if (p->facts.keys[at] == KEY_BUSY)
			p->verdicts[i].err = ERR_IDEMPOTENCY_IN_PROGRESS;
		at++;
	}
}

/* --- what is written --- */

/* A text for people about an ask that gets no seats. */
static const char *
failure_text(TALLOC_CTX *ctx, const struct seat_request *ask, const struct verdict *v)
{
	char *text = talloc_strdup(ctx, err_text(v->err));

	if (v->err != ERR_SEAT_ALREADY_RESERVED)
		return text;
	for (size_t i = 0, k = 0; i < ask->n_seats && k < v->n_refused; i++) {
		if (ask->seats[i] != v->refused[k])
			continue;
		text = talloc_asprintf_append(text, "%s%s-%s", k == 0 ? ": " : ", ",
		                              v->seats[i]->row, v->seats[i]->label);
		k++;
	}
	return text;
}

/*
 * Whether an ask must be made again: its seats lapse, somebody got its best ones first, or all
 * that it may have are promised.
 */
static bool
asks_again(const struct seat_request *ask, const struct verdict *v)
{
	return v->lapsed || v->err == ERR_TX_RETRY ||
	       (ask->best && v->err == ERR_SEAT_ALREADY_RESERVED);
}

/* What is to be written for an ask; false: nothing is. */
static bool
write_kind(const struct seat_request *ask, const struct verdict *v, enum write_kind *kind)
{
	static const enum write_kind kinds[] = {
		[REQUEST_BOOK] = WRITE_BOOKED,
		[REQUEST_ACCEPT] = WRITE_ACCEPTED,
		[REQUEST_SEAT] = WRITE_SEATED,
		[REQUEST_HOLD] = WRITE_HELD,
	};

	*kind = v->err == ERR_OK ? kinds[ask->kind] : WRITE_FAILED;
	return v->err == ERR_OK || (ask->kind == REQUEST_SEAT && !v->gone && !asks_again(ask, v));
}

/* The journal's payload, and the positions that are stored. */
static void
write_texts(TALLOC_CTX *ctx, const struct seat_request *ask, const struct verdict *v,
            int64_t now_us, struct reserve_write *w)
{
	const int64_t expires_us = v->window_min == 0 ? -1 : now_us + v->window_min * 60 * US_PER_S;

	w->positions = ask->positions;
	if (w->kind == WRITE_SEATED)
		w->positions = payload_positions(ctx, ask, v);
	if (w->kind == WRITE_ACCEPTED)
		w->payload = payload_requested(ctx, ask, v->event->currency);
	else if (w->kind == WRITE_FAILED)
		w->payload = payload_failed(ctx, ask, v->err, failure_text(ctx, ask, v));
	else if (w->kind == WRITE_HELD)
		w->payload = payload_held(ctx, ask, expires_us);
	else
		w->payload = payload_created(ctx, ask, v, w->positions, expires_us);
}

/* What the user of a hold holds after the batch, for the first of his asks. */
static const struct hold_rows *
first_holding(const struct seat_request *ask, const struct verdict *v)
{
	if (ask->kind != REQUEST_HOLD || v->holding->written)
		return NULL;
	v->holding->written = true;
	return v->holding;
}

/* Turns the verdicts into what is to be written. */
static void
prepare_writes(TALLOC_CTX *ctx, struct batch_state *p)
{
	p->writes = talloc_zero_array(ctx, struct reserve_write, (unsigned)p->n);
	p->write_of = talloc_zero_array(ctx, struct reserve_write *, (unsigned)p->n);
	for (size_t i = 0; i < p->n; i++) {
		const struct verdict *v = &p->verdicts[i];
		const struct seat_request *a = p->asks[i];
		const bool seated = a->kind != REQUEST_ACCEPT;
		enum write_kind kind;

		if (!write_kind(a, v, &kind))
			continue;
		p->write_of[i] = &p->writes[p->n_writes];
		p->writes[p->n_writes] = (struct reserve_write){
			.kind = kind,
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
		write_texts(ctx, a, v, p->facts.now_us, &p->writes[p->n_writes++]);
	}
}

/* The owners of lapsed seats that were asked for. */
static void
collect_lapsed(TALLOC_CTX *ctx, const struct batch_state *p, struct booking_key **out,
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
answer_booked(const struct batch_state *p, const struct seat_request *ask, const struct verdict *v,
              struct answer *out)
{
	const bool accepted = ask->kind == REQUEST_ACCEPT;

	out->total_minor = accepted ? ask->total_minor : v->total_minor;
	out->created_us = p->facts.now_us;
	out->expires_us = v->window_min == 0 ? -1 : out->created_us + v->window_min * 60 * US_PER_S;
	memcpy(out->currency, v->event->currency, sizeof(out->currency));
	if (accepted || ask->kind == REQUEST_HOLD)
		return;
	out->n_seats = ask->n_seats;
	out->seats = talloc_array(ask->ctx, struct booked_seat, (unsigned)ask->n_seats);
	for (size_t i = 0; i < ask->n_seats; i++) {
		const struct seat_facts *s = v->seats[i];

		out->seats[i] = (struct booked_seat){ .no = s->key.no,
			                              .subsection = s->subsection,
			                              .price_minor = s->price_minor,
			                              .section = talloc_strdup(ask->ctx,
			                                                       s->section),
			                              .row = talloc_strdup(ask->ctx, s->row),
			                              .label = talloc_strdup(ask->ctx, s->label),
			                              .tier = talloc_strdup(ask->ctx, s->tier) };
	}
}

/* Tells this host of everything that was written; the transaction has ended. */
static void
announce(const struct batch_state *p)
{
	for (size_t i = 0; i < p->n_writes; i++) {
		const struct reserve_write *w = &p->writes[i];

		if (w->kind == WRITE_BOOKED || w->kind == WRITE_SEATED || w->kind == WRITE_HELD)
			inventory_note_taken(p->houses, w->event_id, w->seats, w->n_seats);
	}
}

/* What one of the asks is answered. */
static void
answer_one(const struct batch_state *p, size_t i)
{
	const struct verdict *v = &p->verdicts[i];
	struct answer *out = p->answers[i];

	memset(out, 0, sizeof(*out));
	out->err = asks_again(p->asks[i], v) ? ERR_TX_RETRY : v->err;
	out->limit = v->limit;
	out->n_refused = v->n_refused;
	memcpy(out->refused, v->refused, v->n_refused * sizeof(out->refused[0]));
	if (v->err == ERR_OK)
		answer_booked(p, p->asks[i], v, out);
	if (p->write_of[i] != NULL)
		out->number = p->write_of[i]->number;
}

/* Answers everyone but those who must ask again; the transaction has ended. */
static void
answer_all(struct batch_state *p)
{
	announce(p);
	settle_promises(p, true);
	for (size_t i = 0; i < p->n; i++) {
		answer_one(p, i);
		if (p->asks[i]->keyed != NULL && p->verdicts[i].err == ERR_OK)
			p->asks[i]->keyed->stored = true;
	}
}

/* Renders the answers to those who got what they asked for, and are to be answered once. */
static struct idempotency_row *
render_keyed(TALLOC_CTX *ctx, const struct batch_state *p, size_t *n)
{
	struct idempotency_row *rows = talloc_array(ctx, struct idempotency_row,
	                                            (unsigned)p->wants.n_answer_keys);

	*n = 0;
	for (size_t i = 0; i < p->n; i++) {
		struct idempotent *k = p->asks[i]->keyed;

		if (k == NULL || p->verdicts[i].err != ERR_OK)
			continue;
		answer_one(p, i);
		k->render(k->arg, p->answers[i], &k->reply);
		rows[(*n)++] = idempotency_row(k);
	}
	return rows;
}

/* Writes and commits; answers that are stored take a round trip of their own. */
static enum err
write_all(struct db *db, TALLOC_CTX *ctx, struct batch_state *p, const struct batch *b)
{
	struct idempotency_row *answers;
	size_t n = 0;
	enum err e;

	for (size_t i = 0; i < p->n; i++)
		n += p->asks[i]->keyed != NULL && p->verdicts[i].err == ERR_OK;
	if (n == 0)
		return reserve_write(db, ctx, p->writes, p->n_writes, b->written, b->arg);
	if ((e = reserve_put(db, ctx, p->writes, p->n_writes)) != ERR_OK)
		return e;
	answers = render_keyed(ctx, p, &n);
	return reserve_commit(db, ctx, answers, n, b->written, b->arg);
}

enum err
batch_settle(struct db *db, TALLOC_CTX *ctx, const struct policy *policy,
             struct inventory_cache *houses, struct batch *b)
{
	struct batch_state *p = talloc_zero(ctx, struct batch_state);
	int64_t began = clock_mono_us();
	enum err e = ERR_OK;

	b->pending = p;
	p->houses = houses;
	p->asks = b->asks;
	p->answers = b->answers;
	p->n = b->n;
	p->verdicts = talloc_zero_array(ctx, struct verdict, (unsigned)b->n);
	begin_choice(ctx, p);
	if (b->tries >= BE_ALONE && p->choosing.n > 0)
		e = reserve_alone(db, ctx, &p->choosing);
	if (e == ERR_OK)
		e = choose_seats(db, ctx, p);
	if (e == ERR_OK) {
		lock_set_collect(ctx, b->asks, b->n, b->tries >= BE_PATIENT, &p->wants);
		p->wants.choosing = &p->choosing;
		want_keys(ctx, p);
		e = reserve_lock(db, ctx, &p->wants, &p->facts);
	}
	if (e == ERR_OK) {
		refuse_known(p);
		decide(ctx, policy, &p->facts, b->asks, b->n, p->verdicts);
		prepare_writes(ctx, p);
		collect_lapsed(ctx, p, &b->lapsed, &b->n_lapsed);
		if (p->n_writes > 0)
			e = write_all(db, ctx, p, b);
	}
	db_rollback(db); /* nobody won, or an error: nothing to be flushed, the locks go at once */
	metrics_observe(METRIC_CLERK_BATCH, 0, (int64_t)b->n);
	metrics_observe(METRIC_CLERK_TIME, 0, clock_mono_us() - began);
	if (e == ERR_OK)
		answer_all(p);
	else if (e != ERR_DB_UNKNOWN)
		settle_promises(p, false);
	return e;
}

enum err
batch_resolve(struct db *db, TALLOC_CTX *ctx, struct batch_state *p)
{
	bool committed;
	enum err e;

	e = reserve_find(db, ctx, &p->wants, p->writes, p->n_writes, &committed);
	if (e != ERR_OK) {
		db_rollback(db);
		return e;
	}
	if (!committed) {
		settle_promises(p, false);
		return ERR_TX_RETRY;
	}
	answer_all(p);
	return ERR_OK;
}

void
batch_abandon(struct batch_state *p)
{
	settle_promises(p, false);
}
