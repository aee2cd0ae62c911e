/*
 * A changeset: the calls that write what becomes of locked bookings, their seats and their money,
 * collected and sent together. Every statement that changes seats takes them in lock order.
 */
#include "store/changeset.h"

#include <assert.h>
#include <stdlib.h>

#include "store/seat_key.h"

void
changeset_init(struct changeset *changes, TALLOC_CTX *ctx, const char *correlation_id)
{
	changes->ctx = ctx;
	changes->correlation_id = correlation_id;
	changes->n = changes->n_ends = 0;
	changes->sent = false;
	journal_rows_init(&changes->journal, ctx);
}

void
changeset_call(struct changeset *changes, struct call call)
{
	assert(!changes->sent);
	assert(changes->n < CHANGESET_MOST);
	changes->calls[changes->n++] = call;
}

void
changeset_row(struct changeset *changes, int32_t event_id, const struct uuid *booking_id,
              const char *user_id, const char *type, const char *payload)
{
	assert(!changes->sent);
	journal_rows_add(&changes->journal, event_id, booking_id, user_id, type,
	                 changes->correlation_id, payload);
}

void
changeset_note(struct changeset *changes, const struct locked_booking *b, const char *type,
               const char *payload)
{
	changeset_row(changes, b->event_id, &b->id, b->user_id, type, payload);
}

/* --- seats --- */

/* A seat of a booking. */
struct owned_seat {
	struct seat_key key; /* first, so that seat_key_compare fits */
	const struct uuid *booking_id;
	int64_t until_us;
};

/* Seats of several bookings. */
struct owned_seats {
	struct owned_seat *seats;
	size_t n;
};

/* Adds the seats of bookings; one that is requested only asks for some, and has none. */
static void
add_owned(TALLOC_CTX *ctx, struct owned_seats *owned, const struct locked_booking *bookings,
          size_t n, const int64_t *until_us)
{
	size_t most = owned->n;

	assert(bookings != NULL && n > 0);
	for (size_t i = 0; i < n; i++)
		most += bookings[i].n_seats;
	owned->seats = talloc_realloc(ctx, owned->seats, struct owned_seat, (unsigned)most);
	for (size_t i = 0; i < n; i++) {
		const struct locked_booking *b = &bookings[i];

		for (size_t k = 0; b->status != BOOKING_REQUESTED && k < b->n_seats; k++)
			owned->seats[owned->n++] = (struct owned_seat){
				{ b->event_id, b->seats[k] },
				&b->id,
				until_us == NULL ? -1 : until_us[i]
			};
	}
	assert(owned->n <= most);
}

enum owned_column { OWNED_EVENT, OWNED_NO, OWNED_BOOKING, OWNED_UNTIL, OWNED__COLUMNS };

/*
 * A call that changes seats which are still these bookings', in lock order; statements
 * that set no time take the columns before OWNED_UNTIL only.
 */
static struct call
seats_call(TALLOC_CTX *ctx, enum stmt stmt, struct owned_seats *owned)
{
	struct array columns[OWNED__COLUMNS];
	struct call call = { .stmt = stmt };

	if (owned->n > 0)
		qsort(owned->seats, owned->n, sizeof(owned->seats[0]), seat_key_compare);
	arrays_init(columns, OWNED__COLUMNS, ctx);
	for (size_t i = 0; i < owned->n; i++) {
		array_int(&columns[OWNED_EVENT], owned->seats[i].key.event_id);
		array_int(&columns[OWNED_NO], owned->seats[i].key.no);
		array_uuid(&columns[OWNED_BOOKING], owned->seats[i].booking_id);
		array_time(&columns[OWNED_UNTIL], owned->seats[i].until_us);
	}
	arrays_done(columns, OWNED__COLUMNS, call.param);
	return call;
}

/* The seats of bookings, until when they are the bookings' own, or NULL. */
static void
change_seats(struct changeset *changes, enum stmt stmt, const struct locked_booking *bookings,
             size_t n, const int64_t *until_us)
{
	struct owned_seats owned = { NULL, 0 };

	assert((stmt == STMT_SEATS_UNTIL) == (until_us != NULL));
	add_owned(changes->ctx, &owned, bookings, n, until_us);
	changeset_call(changes, seats_call(changes->ctx, stmt, &owned));
}

/* The call that frees the seats of all bookings that end. */
static struct call
free_call(const struct changeset *changes)
{
	struct owned_seats owned = { NULL, 0 };

	for (size_t i = 0; i < changes->n_ends; i++)
		add_owned(changes->ctx, &owned, changes->ends[i].bookings, changes->ends[i].n,
		          NULL);
	return seats_call(changes->ctx, STMT_FREE_SEATS, &owned);
}

/* Seats are sold to a booking that does not have them any more. */
static void
take_seats(struct changeset *changes, const struct locked_booking *b)
{
	struct array event;

	array_init(&event, changes->ctx);
	for (size_t i = 0; i < b->n_seats; i++)
		array_int(&event, b->event_id);
	changeset_call(changes, (struct call){ STMT_TAKE_SEATS,
	                                       { array_done(&event),
	                                         param_ints(changes->ctx, b->seats, b->n_seats),
	                                         param_uuid(changes->ctx, &b->id), b->user_id } });
}

/* --- bookings --- */

/* A call for one booking: its key as the first two parameters. */
static struct call
booking_call(struct changeset *changes, enum stmt stmt, const struct locked_booking *b)
{
	assert(b != NULL && b->event_id > 0 && !uuid_is_zero(&b->id));
	return (struct call){
		stmt, { param_int(changes->ctx, b->event_id), param_uuid(changes->ctx, &b->id) }
	};
}

/* A call for several bookings: their keys as the first two parameters, arrays. */
static struct call
bookings_call(struct changeset *changes, enum stmt stmt, const struct locked_booking *bookings,
              size_t n)
{
	struct array event, id;

	assert(bookings != NULL && n > 0);
	array_init(&event, changes->ctx);
	array_init(&id, changes->ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, bookings[i].event_id);
		array_uuid(&id, &bookings[i].id);
	}
	return (struct call){ stmt, { array_done(&event), array_done(&id) } };
}

void
changeset_end(struct changeset *changes, const struct locked_booking *bookings, size_t n,
              enum booking_status to, const char *reason, const int64_t *kept_minor)
{
	struct call end = bookings_call(changes, STMT_END_BOOKINGS, bookings, n), close = end;
	bool paying = false;
	struct array kept;

	assert(changes->n_ends < CHANGESET_ENDS_MOST && reason != NULL);
	array_init(&kept, changes->ctx);
	for (size_t i = 0; i < n; i++) {
		assert(kept_minor == NULL || kept_minor[i] >= 0);
		array_int(&kept, kept_minor == NULL ? 0 : kept_minor[i]);
		paying = paying || bookings[i].status == BOOKING_PAYING;
	}
	end.param[2] = booking_status_name(to);
	end.param[3] = reason;
	end.param[4] = array_done(&kept);
	changeset_call(changes, end);
	close.stmt = STMT_CLOSE_PAYMENTS;
	if (paying)
		changeset_call(changes, close);
	changes->ends[changes->n_ends].bookings = bookings;
	changes->ends[changes->n_ends++].n = n;
	if (changes->n_ends == 1) {
		changes->free_at = changes->n;
		changeset_call(changes, free_call(changes));
	} else {
		changes->calls[changes->free_at] = free_call(changes);
	}
}

void
changeset_keep_less(struct changeset *changes, const struct locked_booking *b, int64_t most_minor)
{
	struct call call = booking_call(changes, STMT_KEEP_LESS, b);

	assert(most_minor >= 0);
	call.param[2] = param_int(changes->ctx, most_minor);
	changeset_call(changes, call);
}

void
changeset_confirm(struct changeset *changes, const struct locked_booking *b, const char *ticket_ref,
                  bool again)
{
	struct call call = booking_call(changes, STMT_CONFIRM_BOOKING, b);

	assert(ticket_ref != NULL && b->n_seats > 0);
	call.param[2] = ticket_ref;
	changeset_call(changes, call);
	if (again)
		take_seats(changes, b);
	else
		change_seats(changes, STMT_SELL_SEATS, b, 1, NULL);
}

void
changeset_pay(struct changeset *changes, const struct locked_booking *b, int64_t until_us)
{
	changeset_call(changes, booking_call(changes, STMT_PAY_BOOKING, b));
	change_seats(changes, STMT_SEATS_UNTIL, b, 1, &until_us);
}

void
changeset_return(struct changeset *changes, const struct locked_booking *bookings, size_t n,
                 bool failed, const int64_t *until_us)
{
	struct call back = bookings_call(changes, STMT_RETURN_BOOKINGS, bookings, n), close = back;
	struct array until;

	assert(until_us != NULL);
	array_init(&until, changes->ctx);
	for (size_t i = 0; i < n; i++)
		array_time(&until, until_us[i]);
	back.param[2] = param_int(changes->ctx, failed ? 1 : 0);
	back.param[3] = array_done(&until);
	changeset_call(changes, back);
	close.stmt = STMT_CLOSE_PAYMENTS;
	changeset_call(changes, close);
	change_seats(changes, STMT_SEATS_UNTIL, bookings, n, until_us);
}

void
changeset_extend(struct changeset *changes, const struct locked_booking *b, int64_t until_us)
{
	struct call call = booking_call(changes, STMT_EXTEND_BOOKING, b);

	assert(until_us > 0);
	call.param[2] = param_time(changes->ctx, until_us);
	changeset_call(changes, call);
	change_seats(changes, STMT_SEATS_UNTIL, b, 1, &until_us);
}

/* --- money --- */

void
changeset_add_payment(struct changeset *changes, const struct locked_booking *b,
                      const struct payment *p)
{
	const bool captured = p->captured_minor >= 0;
	TALLOC_CTX *ctx = changes->ctx;

	assert(p->amount_minor >= 0 && p->currency != NULL && p->provider != NULL);
	assert(!captured || p->captured_currency != NULL);
	changeset_call(changes,
	               (struct call){ STMT_INSERT_PAYMENT,
	                              { param_int(ctx, b->event_id), param_uuid(ctx, &p->id),
	                                param_uuid(ctx, &b->id), p->provider,
	                                param_int(ctx, p->amount_minor), p->currency,
	                                payment_status_name(p->status), p->gateway_ref, p->session,
	                                p->url, param_time(ctx, p->expires_us),
	                                captured ? param_int(ctx, p->captured_minor) : NULL,
	                                captured ? p->captured_currency : NULL, p->trouble } });
}

void
changeset_set_payment(struct changeset *changes, const struct locked_booking *b,
                      const struct payment *p)
{
	const bool captured = p->captured_minor >= 0;
	TALLOC_CTX *ctx = changes->ctx;

	assert(!captured || p->captured_currency != NULL);
	changeset_call(changes,
	               (struct call){ STMT_UPDATE_PAYMENT,
	                              { param_int(ctx, b->event_id), param_uuid(ctx, &p->id),
	                                payment_status_name(p->status),
	                                captured ? param_int(ctx, p->captured_minor) : NULL,
	                                captured ? p->captured_currency : NULL, p->gateway_ref,
	                                p->trouble } });
}

enum refund_column {
	NEW_REFUND_EVENT,
	NEW_REFUND_ID,
	NEW_REFUND_BOOKING,
	NEW_REFUND_PAYMENT,
	NEW_REFUND_AMOUNT,
	NEW_REFUND_CURRENCY,
	NEW_REFUND_STATUS,
	NEW_REFUND_REASON,
	NEW_REFUND_GATEWAY_REF,
	NEW_REFUND__COLUMNS
};

void
changeset_add_refunds(struct changeset *changes, const struct refund_write *refunds, size_t n)
{
	struct call insert = { .stmt = STMT_INSERT_REFUNDS };
	struct array columns[NEW_REFUND__COLUMNS];

	assert(refunds != NULL && n > 0);
	arrays_init(columns, NEW_REFUND__COLUMNS, changes->ctx);
	for (size_t i = 0; i < n; i++) {
		const struct refund_write *r = &refunds[i];

		assert(r->amount_minor > 0 && r->currency != NULL && r->reason != NULL);
		array_int(&columns[NEW_REFUND_EVENT], r->booking->event_id);
		array_uuid(&columns[NEW_REFUND_ID], &r->id);
		array_uuid(&columns[NEW_REFUND_BOOKING], &r->booking->id);
		array_uuid(&columns[NEW_REFUND_PAYMENT], &r->payment_id);
		array_int(&columns[NEW_REFUND_AMOUNT], r->amount_minor);
		array_text(&columns[NEW_REFUND_CURRENCY], r->currency);
		array_text(&columns[NEW_REFUND_STATUS], refund_status_name(r->status));
		array_text(&columns[NEW_REFUND_REASON], r->reason);
		array_text(&columns[NEW_REFUND_GATEWAY_REF], r->gateway_ref);
	}
	arrays_done(columns, NEW_REFUND__COLUMNS, insert.param);
	changeset_call(changes, insert);
	changeset_call(changes, (struct call){ STMT_REFUND_PAYMENTS,
	                                       { insert.param[NEW_REFUND_EVENT],
	                                         insert.param[NEW_REFUND_PAYMENT] } });
}

void
changeset_processed(struct changeset *changes, const char *source, const char *id,
                    const struct uuid *booking_id)
{
	assert(source != NULL && id != NULL);
	changeset_call(changes,
	               (struct call){ STMT_INSERT_PROCESSED,
	                              { source, id, param_uuid(changes->ctx, booking_id) } });
}

/* All calls, the journal's behind them; how many. Only once: the arrays take nothing more. */
static size_t
complete(struct changeset *changes)
{
	size_t n = changes->n;

	assert(!changes->sent);
	changes->sent = true;
	if (changes->journal.n > 0)
		changes->calls[n++] = journal_rows_call(&changes->journal);
	assert(n > 0);
	return n;
}

enum err
changeset_write(struct db *db, struct changeset *changes)
{
	assert(db_in_transaction(db));
	return db_exchange(db, changes->ctx, changes->calls, complete(changes), NULL);
}

enum err
changeset_commit(struct db *db, struct changeset *changes)
{
	size_t n = complete(changes);
	enum err e;

	assert(db_in_transaction(db));
	changes->calls[n++] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange(db, changes->ctx, changes->calls, n, NULL);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}
