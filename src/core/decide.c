#include <stdlib.h>
#include <string.h>

#include "core/ask.h"

/* The state of a decision under way: what has been given away so far. */
struct desk {
	const struct policy *policy;
	const struct locked *facts;
	bool *taken;            /* by seat of facts */
	struct pending_facts *pending; /* counts that grow, sorted by user */
	size_t n_pending;
};

static int
compare_pending(const void *a, const void *b)
{
	const struct pending_facts *x = a, *y = b;

	return strcmp(x->user_id, y->user_id);
}

/* A row for every user of the batch, with the count that was read. */
static void
open_counts(struct desk *d, TALLOC_CTX *ctx, struct ask *const *asks, size_t n)
{
	const struct locked *f = d->facts;
	size_t distinct = 0;

	d->pending = talloc_zero_array(ctx, struct pending_facts, (unsigned)n);
	for (size_t i = 0; i < n; i++)
		d->pending[i].user_id = asks[i]->user_id;
	qsort(d->pending, n, sizeof(d->pending[0]), compare_pending);
	for (size_t i = 0; i < n; i++) {
		if (distinct == 0 || compare_pending(&d->pending[distinct - 1], &d->pending[i]) != 0)
			d->pending[distinct++] = d->pending[i];
	}
	d->n_pending = distinct;
	for (size_t i = 0; i < f->n_pending; i++) {
		struct pending_facts *p = bsearch(&f->pending[i], d->pending, d->n_pending,
		                                  sizeof(d->pending[0]), compare_pending);
		if (p != NULL)
			p->count = f->pending[i].count;
	}
}

static const struct event_facts *
find_event(const struct locked *facts, int32_t id)
{
	for (size_t i = 0; i < facts->n_events; i++) {
		if (facts->events[i].id == id)
			return &facts->events[i];
	}
	return NULL;
}

static enum err
check_event(const struct event_facts *event)
{
	if (event == NULL || event->status == EVENT_DRAFT)
		return event == NULL ? ERR_EVENT_NOT_FOUND : ERR_EVENT_NOT_ON_SALE;
	if (event->status == EVENT_CANCELLED)
		return ERR_EVENT_CANCELLED;
	return event->status == EVENT_ON_SALE ? ERR_OK : ERR_EVENT_NOT_ON_SALE;
}

static void
refuse(struct verdict *v, enum err err, int32_t seat_no)
{
	if (v->err != err)
		v->n_refused = 0; /* a seat that does not exist outweighs one that is taken */
	v->err = err;
	v->refused[v->n_refused++] = seat_no;
}

enum standing { STANDS_FREE, STANDS_LAPSED, STANDS_TAKEN };

/* Whether an asker may have a seat, as far as its row says. */
static enum standing
seat_standing(const struct seat_facts *seat, const char *user_id)
{
	switch (seat->status) {
	case SEAT_FREE:
		return STANDS_FREE;
	case SEAT_HELD:
		return seat->lapsed || strcmp(seat->holder, user_id) == 0 ? STANDS_FREE : STANDS_TAKEN;
	case SEAT_RESERVED:
		return seat->lapsed ? STANDS_LAPSED : STANDS_TAKEN;
	default:
		return STANDS_TAKEN;
	}
}

/* Looks at every seat of an ask, so that a refusal can name all of them. */
static void
check_seats(struct desk *d, const struct ask *ask, struct verdict *v)
{
	const struct locked *f = d->facts;

	for (size_t i = 0; i < ask->n_seats; i++) {
		const struct seat_key key = { ask->event_id, ask->seats[i] };
		const struct seat_facts *s =
		    bsearch(&key, f->seats, f->n_seats, sizeof(f->seats[0]), seat_key_compare);
		enum standing standing;

		if (s == NULL) {
			refuse(v, ERR_SEAT_NOT_FOUND, ask->seats[i]);
			continue;
		}
		v->seats[i] = s;
		v->prices_minor[i] = s->price_minor;
		v->total_minor += s->price_minor;
		standing = d->taken[s - f->seats] ? STANDS_TAKEN : seat_standing(s, ask->user_id);
		if (standing == STANDS_TAKEN && v->err != ERR_SEAT_NOT_FOUND)
			refuse(v, ERR_SEAT_ALREADY_RESERVED, ask->seats[i]);
		else if (standing == STANDS_LAPSED)
			v->lapsed = true;
	}
	if (v->err != ERR_OK)
		v->lapsed = false;
	for (size_t i = 0; v->lapsed && i < ask->n_seats; i++) {
		if (seat_standing(v->seats[i], ask->user_id) == STANDS_LAPSED)
			refuse(v, ERR_SEAT_ALREADY_RESERVED, ask->seats[i]);
	}
}

/* The user's pending bookings stay under the cap, if this one would count. */
static enum err
check_pending(struct desk *d, const struct ask *ask, const struct verdict *v,
              struct pending_facts **user)
{
	const struct pending_facts key = { ask->user_id, 0 };
	int32_t cap = v->event->max_pending > 0 ? v->event->max_pending : d->policy->max_pending;

	*user = bsearch(&key, d->pending, d->n_pending, sizeof(d->pending[0]), compare_pending);
	return v->window_min > 0 && (*user)->count >= cap ? ERR_TOO_MANY_PENDING_BOOKINGS : ERR_OK;
}

static void
decide_one(struct desk *d, const struct ask *ask, struct verdict *v)
{
	struct pending_facts *user;

	v->event = find_event(d->facts, ask->event_id);
	if ((v->err = check_event(v->event)) != ERR_OK)
		return;
	v->limit = v->event->max_seats > 0 && v->event->max_seats < d->policy->max_seats
	               ? v->event->max_seats
	               : d->policy->max_seats;
	if (ask->n_seats > (size_t)v->limit) {
		v->err = ERR_VALIDATION_ERROR;
		return;
	}
	v->window_min = v->event->window_named ? v->event->window_min : d->policy->window_min;
	check_seats(d, ask, v);
	if (v->err != ERR_OK)
		return;
	if ((v->err = check_pending(d, ask, v, &user)) != ERR_OK)
		return;
	if (v->window_min > 0)
		user->count++;
	for (size_t i = 0; i < ask->n_seats; i++)
		d->taken[v->seats[i] - d->facts->seats] = true;
}

void
decide(TALLOC_CTX *ctx, const struct policy *policy, const struct locked *facts,
       struct ask *const *asks, size_t n, struct verdict *out)
{
	struct desk d = { .policy = policy, .facts = facts };

	d.taken = talloc_zero_array(ctx, bool, (unsigned)facts->n_seats);
	open_counts(&d, ctx, asks, n);
	memset(out, 0, n * sizeof(out[0]));
	for (size_t i = 0; i < n; i++)
		decide_one(&d, asks[i], &out[i]);
}
