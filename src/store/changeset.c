#include "store/changeset.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "store/reserve.h"

void
changeset_init(struct changeset *m, TALLOC_CTX *ctx, const char *correlation_id)
{
	m->ctx = ctx;
	m->correlation_id = correlation_id;
	m->n = m->n_rows = m->n_ends = 0;
	array_init(&m->event, ctx);
	array_init(&m->booking, ctx);
	array_init(&m->user, ctx);
	array_init(&m->type, ctx);
	array_init(&m->correlation, ctx);
	array_init(&m->payload, ctx);
}

void
changeset_call(struct changeset *m, struct call call)
{
	assert(m->n < CHANGESET_MOST);
	m->calls[m->n++] = call;
}

void
changeset_row(struct changeset *m, int32_t event_id, const struct uuid *booking_id,
              const char *user_id, const char *type, const char *payload)
{
	array_int(&m->event, event_id);
	if (booking_id == NULL)
		array_text(&m->booking, NULL);
	else
		array_uuid(&m->booking, booking_id);
	array_text(&m->user, user_id);
	array_text(&m->type, type);
	array_text(&m->correlation, m->correlation_id);
	array_text(&m->payload, payload);
	m->n_rows++;
}

void
changeset_note(struct changeset *m, const struct locked_booking *b, const char *type,
               const char *payload)
{
	changeset_row(m, b->event_id, &b->id, b->user_id, type, payload);
}

/* --- seats --- */

/* A seat of a booking. */
struct owned {
	struct seat_key key; /* first, so that seat_key_compare fits */
	const struct locked_booking *booking;
	int64_t until_us;
};

/* The seats of bookings in lock order; those of one that only asks for some are none. */
static struct owned *
owned_seats(TALLOC_CTX *ctx, const struct locked_booking *bookings, size_t n,
            const int64_t *until_us, size_t *total)
{
	struct owned *seats;

	*total = 0;
	for (size_t i = 0; i < n; i++)
		*total += bookings[i].n_seats;
	seats = talloc_array(ctx, struct owned, (unsigned)*total);
	*total = 0;
	for (size_t i = 0; i < n; i++) {
		const struct locked_booking *b = &bookings[i];

		for (size_t k = 0; b->status != BOOKING_REQUESTED && k < b->n_seats; k++)
			seats[(*total)++] = (struct owned){ { b->event_id, b->seats[k] },
				                            b,
				                            until_us == NULL ? -1 : until_us[i] };
	}
	qsort(seats, *total, sizeof(*seats), seat_key_compare);
	return seats;
}

/* A call for the seats of bookings: their keys, and the owner that they must have. */
static struct call
seats_call(const struct changeset *m, enum stmt stmt, const struct locked_booking *bookings,
           size_t n)
{
	struct array event, no, booking;
	size_t total;
	struct owned *seats = owned_seats(m->ctx, bookings, n, NULL, &total);

	array_init(&event, m->ctx);
	array_init(&no, m->ctx);
	array_init(&booking, m->ctx);
	for (size_t i = 0; i < total; i++) {
		array_int(&event, seats[i].key.event_id);
		array_int(&no, seats[i].key.no);
		array_uuid(&booking, &seats[i].booking->id);
	}
	return (struct call){ stmt, { array_done(&event), array_done(&no), array_done(&booking) } };
}

/* The call that frees the seats of all bookings that end. */
static struct call
free_call(const struct changeset *m)
{
	struct locked_booking *all;
	size_t n = 0;

	if (m->n_ends == 1)
		return seats_call(m, STMT_FREE_SEATS, m->ends[0].bookings, m->ends[0].n);
	for (size_t i = 0; i < m->n_ends; i++)
		n += m->ends[i].n;
	all = talloc_array(m->ctx, struct locked_booking, (unsigned)n);
	n = 0;
	for (size_t i = 0; i < m->n_ends; i++) {
		memcpy(all + n, m->ends[i].bookings, m->ends[i].n * sizeof(*all));
		n += m->ends[i].n;
	}
	return seats_call(m, STMT_FREE_SEATS, all, n);
}

/* The time until which seats are their bookings' own. */
static void
seats_until(struct changeset *m, const struct locked_booking *bookings, size_t n,
            const int64_t *until_us)
{
	struct array event, no, booking, until;
	size_t total;
	struct owned *seats = owned_seats(m->ctx, bookings, n, until_us, &total);

	array_init(&event, m->ctx);
	array_init(&no, m->ctx);
	array_init(&booking, m->ctx);
	array_init(&until, m->ctx);
	for (size_t i = 0; i < total; i++) {
		array_int(&event, seats[i].key.event_id);
		array_int(&no, seats[i].key.no);
		array_uuid(&booking, &seats[i].booking->id);
		array_text(&until, param_time(m->ctx, seats[i].until_us));
	}
	changeset_call(m, (struct call){ STMT_SEATS_UNTIL,
	                                 { array_done(&event), array_done(&no),
	                                   array_done(&booking), array_done(&until) } });
}

/* A seat is sold to a booking that does not have it (any more). */
static void
take_seats(struct changeset *m, const struct locked_booking *b)
{
	struct array event, no;

	array_init(&event, m->ctx);
	array_init(&no, m->ctx);
	for (size_t i = 0; i < b->n_seats; i++) {
		array_int(&event, b->event_id);
		array_int(&no, b->seats[i]);
	}
	changeset_call(m, (struct call){ STMT_TAKE_SEATS,
	                                 { array_done(&event), array_done(&no),
	                                   param_uuid(m->ctx, &b->id), b->user_id } });
}

/* --- bookings --- */

/* The keys of bookings as array parameters. */
static void
key_params(struct changeset *m, const struct locked_booking *bookings, size_t n,
           const char **events, const char **ids)
{
	struct array event, id;

	array_init(&event, m->ctx);
	array_init(&id, m->ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, bookings[i].event_id);
		array_uuid(&id, &bookings[i].id);
	}
	*events = array_done(&event);
	*ids = array_done(&id);
}

void
changeset_end(struct changeset *m, const struct locked_booking *bookings, size_t n,
              enum booking_status to, const char *reason, const int64_t *kept)
{
	const char *events, *ids;
	bool paying = false;
	struct array rest;

	assert(m->n_ends < CHANGESET_ENDS_MOST);
	array_init(&rest, m->ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&rest, kept == NULL ? 0 : kept[i]);
		paying = paying || bookings[i].status == BOOKING_PAYING;
	}
	key_params(m, bookings, n, &events, &ids);
	changeset_call(m, (struct call){ STMT_END_BOOKINGS,
	                                 { events, ids, booking_status_name(to), reason,
	                                   array_done(&rest) } });
	if (paying)
		changeset_call(m, (struct call){ STMT_CLOSE_PAYMENTS, { events, ids } });
	m->ends[m->n_ends].bookings = bookings;
	m->ends[m->n_ends++].n = n;
	if (m->n_ends == 1) {
		m->free_at = m->n;
		changeset_call(m, free_call(m));
	} else {
		m->calls[m->free_at] = free_call(m);
	}
}

void
changeset_keep_less(struct changeset *m, const struct locked_booking *b, int64_t most_minor)
{
	changeset_call(m,
	               (struct call){ STMT_KEEP_LESS,
	                              { param_int(m->ctx, b->event_id), param_uuid(m->ctx, &b->id),
	                                param_int(m->ctx, most_minor) } });
}

void
changeset_confirm(struct changeset *m, const struct locked_booking *b, const char *ticket_ref,
                  bool again)
{
	changeset_call(m, (struct call){ STMT_CONFIRM_BOOKING,
	                                 { param_int(m->ctx, b->event_id),
	                                   param_uuid(m->ctx, &b->id), ticket_ref } });
	if (again)
		take_seats(m, b);
	else
		changeset_call(m, seats_call(m, STMT_SELL_SEATS, b, 1));
}

void
changeset_pay(struct changeset *m, const struct locked_booking *b, int64_t until_us)
{
	changeset_call(m, (struct call){
			      STMT_PAY_BOOKING,
			      { param_int(m->ctx, b->event_id), param_uuid(m->ctx, &b->id) } });
	seats_until(m, b, 1, &until_us);
}

void
changeset_return(struct changeset *m, const struct locked_booking *bookings, size_t n, bool failed,
                 const int64_t *until_us)
{
	const char *events, *ids;
	struct array until;

	array_init(&until, m->ctx);
	for (size_t i = 0; i < n; i++)
		array_text(&until, param_time(m->ctx, until_us[i]));
	key_params(m, bookings, n, &events, &ids);
	changeset_call(m, (struct call){ STMT_RETURN_BOOKINGS,
	                                 { events, ids, param_int(m->ctx, failed ? 1 : 0),
	                                   array_done(&until) } });
	changeset_call(m, (struct call){ STMT_CLOSE_PAYMENTS, { events, ids } });
	seats_until(m, bookings, n, until_us);
}

void
changeset_extend(struct changeset *m, const struct locked_booking *b, int64_t until_us)
{
	changeset_call(m,
	               (struct call){ STMT_EXTEND_BOOKING,
	                              { param_int(m->ctx, b->event_id), param_uuid(m->ctx, &b->id),
	                                param_time(m->ctx, until_us) } });
	seats_until(m, b, 1, &until_us);
}

/* --- money --- */

void
changeset_add_payment(struct changeset *m, const struct locked_booking *b, const struct payment *p)
{
	const bool captured = p->captured_minor >= 0;

	changeset_call(m,
	               (struct call){ STMT_INSERT_PAYMENT,
	                              { param_int(m->ctx, b->event_id), param_uuid(m->ctx, &p->id),
	                                param_uuid(m->ctx, &b->id), p->provider,
	                                param_int(m->ctx, p->amount_minor), p->currency,
	                                payment_status_name(p->status), p->gateway_ref, p->session,
	                                p->url, param_time(m->ctx, p->expires_us),
	                                captured ? param_int(m->ctx, p->captured_minor) : NULL,
	                                captured ? p->captured_currency : NULL, p->trouble } });
}

void
changeset_set_payment(struct changeset *m, const struct locked_booking *b, const struct payment *p)
{
	const bool captured = p->captured_minor >= 0;

	changeset_call(m,
	               (struct call){ STMT_UPDATE_PAYMENT,
	                              { param_int(m->ctx, b->event_id), param_uuid(m->ctx, &p->id),
	                                payment_status_name(p->status),
	                                captured ? param_int(m->ctx, p->captured_minor) : NULL,
	                                captured ? p->captured_currency : NULL, p->gateway_ref,
	                                p->trouble } });
}

void
changeset_add_refunds(struct changeset *m, const struct refund_write *refunds, size_t n)
{
	struct array event, id, booking, payment, amount, currency, status, reason, ref;

	array_init(&event, m->ctx);
	array_init(&id, m->ctx);
	array_init(&booking, m->ctx);
	array_init(&payment, m->ctx);
	array_init(&amount, m->ctx);
	array_init(&currency, m->ctx);
	array_init(&status, m->ctx);
	array_init(&reason, m->ctx);
	array_init(&ref, m->ctx);
	for (size_t i = 0; i < n; i++) {
		const struct refund_write *r = &refunds[i];

		array_int(&event, r->booking->event_id);
		array_uuid(&id, &r->id);
		array_uuid(&booking, &r->booking->id);
		array_uuid(&payment, &r->payment_id);
		array_int(&amount, r->amount_minor);
		array_text(&currency, r->currency);
		array_text(&status, refund_status_name(r->status));
		array_text(&reason, r->reason);
		array_text(&ref, r->gateway_ref);
	}
	const char *events = array_done(&event), *payments = array_done(&payment);

	changeset_call(m, (struct call){ STMT_INSERT_REFUNDS,
	                                 { events, array_done(&id), array_done(&booking), payments,
	                                   array_done(&amount), array_done(&currency),
	                                   array_done(&status), array_done(&reason),
	                                   array_done(&ref) } });
	changeset_call(m, (struct call){ STMT_REFUND_PAYMENTS, { events, payments } });
}

void
changeset_processed(struct changeset *m, const char *source, const char *id,
                    const struct uuid *booking_id)
{
	changeset_call(m, (struct call){ STMT_INSERT_PROCESSED,
	                                 { source, id, param_uuid(m->ctx, booking_id) } });
}

/* All calls, the journal's behind them; how many. */
static size_t
complete(struct changeset *m)
{
	size_t n = m->n;

	if (m->n_rows > 0)
		m->calls[n++] = (struct call){ STMT_INSERT_JOURNAL,
			                       { array_done(&m->event), array_done(&m->booking),
			                         array_done(&m->user), array_done(&m->type),
			                         array_done(&m->correlation),
			                         array_done(&m->payload) } };
	return n;
}

enum err
changeset_write(struct db *db, struct changeset *m)
{
	return db_exchange(db, m->ctx, m->calls, complete(m), NULL);
}

enum err
changeset_commit(struct db *db, struct changeset *m)
{
	size_t n = complete(m);
	enum err e;

	m->calls[n++] = (struct call){ .stmt = STMT_COMMIT };
	e = db_exchange(db, m->ctx, m->calls, n, NULL);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}
