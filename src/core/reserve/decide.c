/*
 * The rules of which requests get their seats, and nothing else: no database, no clock. A rule
 * about that belongs here, the facts that it needs into struct locked (store/reserve.h).
 */
#include "core/reserve/decide.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"

/* A decision under way: the facts, and what has been given away so far. */
struct decision {
	const struct policy *policy;
	const struct locked *facts;
	const struct seat_request **taken; /* by seat of facts: the request that has it, or NULL */
	struct pending_facts *pending;     /* counts that grow, sorted by user */
	size_t n_pending;
	struct hold_rows *holdings; /* of the facts, with what is given and taken */
};

static int
compare_pending(const void *a, const void *b)
{
	const struct pending_facts *x = a, *y = b;

	return strcmp(x->user_id, y->user_id);
}

/* Makes a count of pending bookings for every user of the batch, as it was read. */
static void
open_counts(struct decision *d, TALLOC_CTX *ctx, struct seat_request *const *requests, size_t n)
{
	const struct locked *f = d->facts;

	d->pending = talloc_zero_array(ctx, struct pending_facts, (unsigned)n);
	for (size_t i = 0; i < n; i++)
		d->pending[i].user_id = requests[i]->user_id;
	d->n_pending = sort_distinct(d->pending, n, sizeof(d->pending[0]), compare_pending);
	for (size_t i = 0; i < f->n_pending; i++) {
		struct pending_facts *p = bsearch(&f->pending[i], d->pending, d->n_pending,
		                                  sizeof(d->pending[0]), compare_pending);
		if (p != NULL)
			p->count = f->pending[i].count;
	}
}

/* Copies the holds that were read, with room for what may be given. */
static void
open_holdings(struct decision *d, TALLOC_CTX *ctx)
{
	const struct locked *f = d->facts;

	d->holdings = talloc_array(ctx, struct hold_rows, (unsigned)f->n_holdings);
	for (size_t i = 0; i < f->n_holdings; i++) {
		const struct hold_rows *from = &f->holdings[i];
		struct hold_rows *h = &d->holdings[i];

		*h = *from;
		h->seats = talloc_array(ctx, struct held_seat, (unsigned)from->n + HOLD_MOST);
		for (size_t k = 0; k < from->n; k++)
			h->seats[k] = from->seats[k];
	}
}

/* What a request's user holds of the event; NULL: not read, no request is to hold more. */
static struct hold_rows *
find_holding(const struct decision *d, const struct seat_request *request)
{
	for (size_t i = 0; i < d->facts->n_holdings; i++) {
		struct hold_rows *h = &d->holdings[i];

		if (h->event_id == request->event_id && strcmp(h->user_id, request->user_id) == 0)
			return h;
	}
	return NULL;
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

/* Whether the event takes such a request: what was accepted in its sale is seated after it. */
static enum err
check_event(const struct event_facts *event, enum seat_request_kind kind)
{
	if (event == NULL)
		return ERR_EVENT_NOT_FOUND;
	if (event->status == EVENT_CANCELLED)
		return ERR_EVENT_CANCELLED;
	if (event->status == EVENT_ON_SALE ||
	    (event->status == EVENT_CLOSED && kind == REQUEST_SEAT))
		return ERR_OK;
	return ERR_EVENT_NOT_ON_SALE;
}

/* Refuses a request for one of its seats. */
static void
refuse(struct verdict *v, enum err err, int32_t seat_no)
{
	assert(err == ERR_SEAT_NOT_FOUND || err == ERR_SEAT_ALREADY_RESERVED);
	if (v->err != err)
		v->n_refused = 0; /* a seat that does not exist outweighs one that is taken */
	v->err = err;
	assert(v->n_refused < POLICY_SEATS_MOST);
	v->refused[v->n_refused++] = seat_no;
}

enum standing { STANDS_FREE, STANDS_LAPSED, STANDS_TAKEN };

/* Whether a user may have a seat, as far as its row says. */
static enum standing
seat_standing(const struct seat_facts *seat, const char *user_id)
{
	assert(seat->status != SEAT_HELD || seat->lapsed || seat->holder != NULL);
	switch (seat->status) {
	case SEAT_FREE:
		return STANDS_FREE;
	case SEAT_HELD:
		return seat->lapsed || strcmp(seat->holder, user_id) == 0 ? STANDS_FREE
		                                                          : STANDS_TAKEN;
	case SEAT_RESERVED:
		return seat->lapsed ? STANDS_LAPSED : STANDS_TAKEN;
	default:
		return STANDS_TAKEN;
	}
}

/* Likewise after what earlier requests were given: a booking may take what its user holds. */
static enum standing
standing_now(const struct decision *d, const struct seat_request *request,
             const struct seat_facts *seat)
{
	const size_t at = (size_t)(seat - d->facts->seats);
	const struct seat_request *by = d->taken[at];

	assert(at < d->facts->n_seats);
	if (by == NULL)
		return seat_standing(seat, request->user_id);
	return by->kind == REQUEST_HOLD && strcmp(by->user_id, request->user_id) == 0
	           ? STANDS_FREE
	           : STANDS_TAKEN;
}

/* Looks at every seat of a request, so that a refusal can name all of them. */
static void
check_seats(struct decision *d, const struct seat_request *request, struct verdict *v)
{
	const struct locked *f = d->facts;

	assert(request->n_seats <= POLICY_SEATS_MOST);
	for (size_t i = 0; i < request->n_seats; i++) {
		const struct seat_key key = { request->event_id, request->seats[i] };
		const struct seat_facts *s = bsearch(&key, f->seats, f->n_seats,
		                                     sizeof(f->seats[0]), seat_key_compare);
		enum standing standing;

		/* No such seat; or the system chose it, and its lock is held elsewhere. */
		if (s == NULL) {
			refuse(v, request->best ? ERR_SEAT_ALREADY_RESERVED : ERR_SEAT_NOT_FOUND,
			       request->seats[i]);
			continue;
		}
		v->seats[i] = s;
		v->prices_minor[i] = s->price_minor;
		v->total_minor += s->price_minor;
		standing = standing_now(d, request, s);
		if (standing == STANDS_TAKEN && v->err != ERR_SEAT_NOT_FOUND)
			refuse(v, ERR_SEAT_ALREADY_RESERVED, request->seats[i]);
		else if (standing == STANDS_LAPSED)
			v->lapsed = true;
	}
	if (v->err != ERR_OK)
		v->lapsed = false;
	for (size_t i = 0; v->lapsed && i < request->n_seats; i++) {
		if (seat_standing(v->seats[i], request->user_id) == STANDS_LAPSED)
			refuse(v, ERR_SEAT_ALREADY_RESERVED, request->seats[i]);
	}
}

/* The user's pending bookings stay under the cap, if this one would count. */
static enum err
check_pending(struct decision *d, const struct seat_request *request, const struct verdict *v,
              struct pending_facts **user)
{
	const struct pending_facts key = { request->user_id, 0 };
	int32_t cap = v->event->max_pending > 0 ? v->event->max_pending : d->policy->max_pending;

	*user = bsearch(&key, d->pending, d->n_pending, sizeof(d->pending[0]), compare_pending);
	assert(*user != NULL && v->event != NULL); /* open_counts has every user */
	return (*user)->count >= cap ? ERR_TOO_MANY_PENDING_BOOKINGS : ERR_OK;
}

/* The most seats of a booking: the strictest of policy, face and event. */
static int32_t
seats_limit(const struct decision *d, const struct seat_request *request,
            const struct event_facts *event)
{
	int32_t limit = d->policy->max_seats;

	if (request->queued && limit > QUEUE_MAX_SEATS)
		limit = QUEUE_MAX_SEATS;
	return event->max_seats > 0 && event->max_seats < limit ? event->max_seats : limit;
}

/* The payment window in minutes, 0 for none. */
static int32_t
window_of(const struct decision *d, const struct seat_request *request,
          const struct event_facts *event)
{
	if (event->window_named)
		return event->window_min;
	return request->queued ? 0 : d->policy->window_min;
}

/* Whether a booking that was accepted still waits for its seats, now that it is locked. */
static bool
waits_for_seats(const struct decision *d, const struct seat_request *request)
{
	return bsearch(&request->id, d->facts->requested, d->facts->n_requested,
	               sizeof(struct uuid), uuid_compare) != NULL;
}

static bool
names_seat(const struct seat_request *request, int32_t no)
{
	size_t i = 0;

	while (i < request->n_seats && request->seats[i] != no)
		i++;
	return i < request->n_seats;
}

/*
 * Whether the user may hold these seats as well. Lapsed ones do not count; they are still
 * marked as the user's, and stay listed until they are taken or set free.
 */
static enum err
check_held(const struct hold_rows *h, const struct seat_request *request)
{
	size_t n = request->n_seats;

	assert(h != NULL); /* lock_set_collect listed it */
	for (size_t i = 0; i < h->n; i++)
		n += !h->seats[i].lapsed && !names_seat(request, h->seats[i].no);
	return n > HOLD_MOST ? ERR_VALIDATION_ERROR : ERR_OK;
}

/* Takes a request's seats out of what its user holds. */
static void
drop_held(struct hold_rows *h, const struct seat_request *request)
{
	size_t kept = 0;

	for (size_t i = 0; i < h->n; i++) {
		if (!names_seat(request, h->seats[i].no))
			h->seats[kept++] = h->seats[i];
	}
	h->n = kept;
}

/* Gives a request its seats, and notes that for the requests behind it. */
static void
give(struct decision *d, const struct seat_request *request, struct verdict *v)
{
	struct hold_rows *h = find_holding(d, request);

	assert(v->err == ERR_OK && !v->lapsed);
	for (size_t i = 0; i < request->n_seats; i++)
		d->taken[v->seats[i] - d->facts->seats] = request;
	if (h == NULL)
		return;
	assert(request->kind != REQUEST_HOLD || request->n_seats <= HOLD_MOST); /* check_held */
	drop_held(h, request);
	for (size_t i = 0; request->kind == REQUEST_HOLD && i < request->n_seats; i++)
		h->seats[h->n++] = (struct held_seat){ request->seats[i], false };
	v->holding = h;
}

/* Decides about a hold: it has a limit and a time of its own, and none of a booking's. */
static void
decide_hold(struct decision *d, const struct seat_request *request, struct verdict *v)
{
	v->limit = HOLD_MOST;
	v->window_min = v->event->hold_min > 0 ? v->event->hold_min : d->policy->hold_min;
	if ((v->err = check_held(find_holding(d, request), request)) != ERR_OK)
		return;
	check_seats(d, request, v);
	if (v->err == ERR_OK)
		give(d, request, v);
}

/* Decides about one request, after all before it. */
static void
decide_one(struct decision *d, const struct seat_request *request, struct verdict *v)
{
	const enum err known = v->err;
	struct pending_facts *user;

	if (known == ERR_KEY_KNOWN || known == ERR_IDEMPOTENCY_IN_PROGRESS)
		return; /* another request with the same key has the effect */
	if (request->kind == REQUEST_SEAT && !waits_for_seats(d, request)) {
		v->gone = true;
		v->err = ERR_INVALID_STATE;
		return;
	}
	v->event = find_event(d->facts, request->event_id);
	if ((v->err = check_event(v->event, request->kind)) != ERR_OK)
		return;
	if (request->kind == REQUEST_HOLD) {
		decide_hold(d, request, v);
		return;
	}
	v->limit = seats_limit(d, request, v->event);
	if (request->quantity > v->limit) {
		v->err = ERR_VALIDATION_ERROR;
		return;
	}
	if ((v->err = known) != ERR_OK || request->kind == REQUEST_ACCEPT)
		return;
	v->window_min = window_of(d, request, v->event);
	check_seats(d, request, v);
	if (v->err != ERR_OK)
		return;
	if (v->window_min > 0 && !request->queued) {
		if ((v->err = check_pending(d, request, v, &user)) != ERR_OK)
			return;
		user->count++;
	}
	give(d, request, v);
}

void
decide(TALLOC_CTX *ctx, const struct policy *policy, const struct locked *facts,
       struct seat_request *const *requests, size_t n, struct verdict *out)
{
	struct decision d = { .policy = policy, .facts = facts };

	assert(policy != NULL && n >= 1 && (facts->n_seats == 0 || facts->seats != NULL));
	/* Sorted, as they are searched. One that is locked for two reasons is there twice. */
	for (size_t i = 1; i < facts->n_seats; i++)
		assert(seat_key_compare(&facts->seats[i - 1], &facts->seats[i]) <= 0);
	d.taken = talloc_zero_array(ctx, const struct seat_request *, (unsigned)facts->n_seats);
	open_counts(&d, ctx, requests, n);
	open_holdings(&d, ctx);
	for (size_t i = 0; i < n; i++)
		decide_one(&d, requests[i], &out[i]);
}
