/*
 * What each move of a booking writes. A move is legal, written and told in the journal by one
 * function, so that none of the three can be forgotten.
 */
#include "core/booking/booking_move.h"

#include <assert.h>

#include "core/booking/booking_state.h"
#include "core/journal/journal.h"
#include "core/journal/payload.h"

/* The row of the journal. Its type says which state the booking moves to, which must be legal. */
static void
add_row(struct changeset *m, const struct locked_booking *b, enum journal_type type,
        const char *payload)
{
	assert(booking_state_may_move(b->status, journal_booking_status(type)));
	changeset_note(m, b, journal_type_name(type), payload);
}

void
booking_move_cancel(struct changeset *m, const struct locked_booking *bookings, size_t n,
                    const char *reason)
{
	int64_t *kept = talloc_array(m->ctx, int64_t, (unsigned)n);

	assert(bookings != NULL && n > 0 && reason != NULL);
	for (size_t i = 0; i < n; i++) {
		const struct locked_booking *b = &bookings[i];

		kept[i] = b->status == BOOKING_CONFIRMED ? b->total_minor : 0;
		add_row(m, b, JOURNAL_BOOKING_CANCELLED, payload_ended(m->ctx, b, reason));
	}
	changeset_end(m, bookings, n, BOOKING_CANCELLED, reason, kept);
}

void
booking_move_expire(struct changeset *m, const struct locked_booking *bookings, size_t n)
{
	static const char reason[] = "EXPIRED";

	assert(bookings != NULL && n > 0);
	for (size_t i = 0; i < n; i++)
		add_row(m, &bookings[i], JOURNAL_BOOKING_EXPIRED,
		        payload_ended(m->ctx, &bookings[i], reason));
	changeset_end(m, bookings, n, BOOKING_EXPIRED, reason, NULL);
}

void
booking_move_refund(struct changeset *m, const struct locked_booking *bookings, size_t n,
                    const int64_t *given_minor, const int64_t *kept_minor, const char *reason,
                    const char *note)
{
	assert(bookings != NULL && n > 0 && reason != NULL);
	for (size_t i = 0; i < n; i++) {
		assert(given_minor[i] >= 0 && kept_minor[i] >= 0);
		add_row(m, &bookings[i], JOURNAL_BOOKING_REFUNDED,
		        payload_refunded(m->ctx, &bookings[i], reason, note, given_minor[i],
		                         kept_minor[i]));
	}
	changeset_end(m, bookings, n, BOOKING_REFUNDED, reason, kept_minor);
}

void
booking_move_keep_less(struct changeset *m, const struct locked_booking *b, int64_t kept_minor)
{
	assert(b->status == BOOKING_CANCELLED || b->status == BOOKING_REFUNDED);
	assert(kept_minor >= 0);
	changeset_keep_less(m, b, kept_minor);
}

void
booking_move_confirm(struct changeset *m, const struct locked_booking *b, const char *ticket_ref)
{
	assert(ticket_ref != NULL);
	add_row(m, b, JOURNAL_BOOKING_CONFIRMED, payload_confirmed(m->ctx, b, ticket_ref));
	changeset_confirm(m, b, ticket_ref, false);
}

void
booking_move_retake(struct changeset *m, const struct locked_booking *b, const char *ticket_ref)
{
	assert(booking_state_may_retake(b->status));
	assert(ticket_ref != NULL && b->n_seats > 0);
	changeset_note(m, b, journal_type_name(JOURNAL_BOOKING_CONFIRMED),
	               payload_confirmed(m->ctx, b, ticket_ref));
	changeset_confirm(m, b, ticket_ref, true);
}

void
booking_move_pay(struct changeset *m, const struct locked_booking *b, const struct payment *payment,
                 int64_t until_us)
{
	assert(payment->status == PAYMENT_PENDING);
	assert(b->windowed == (until_us >= 0));
	add_row(m, b, JOURNAL_BOOKING_PAYING, payload_paying(m->ctx, b, payment));
	changeset_pay(m, b, until_us);
	changeset_add_payment(m, b, payment);
}

void
booking_move_return(struct changeset *m, const struct locked_booking *bookings, size_t n,
                    const char *reason, bool failed, const int64_t *until_us)
{
	assert(bookings != NULL && n > 0 && reason != NULL);
	for (size_t i = 0; i < n; i++) {
		const struct locked_booking *b = &bookings[i];

		/* The table of R-1 would let a requested booking pass as well. */
		assert(b->status == BOOKING_PAYING);
		assert(b->windowed == (until_us[i] >= 0));
		add_row(m, b, JOURNAL_BOOKING_PAYMENT_FAILED,
		        payload_returned(m->ctx, b, reason, b->attempts + (failed ? 1 : 0),
		                         until_us[i]));
	}
	changeset_return(m, bookings, n, failed, until_us);
}

void
booking_move_extend(struct changeset *m, const struct locked_booking *b, int32_t minutes,
                    int64_t until_us)
{
	assert(b->status == BOOKING_PENDING && b->windowed);
	assert(minutes > 0 && until_us > b->expires_us);
	changeset_note(m, b, journal_type_name(JOURNAL_BOOKING_EXTENDED),
	               payload_extended(m->ctx, b, minutes, until_us));
	changeset_extend(m, b, until_us);
}

/* --- the clerk's moves --- */

/* Makes a write of a booking complete. */
static void
set_write(struct reserve_write *w, enum write_kind kind, enum journal_type type,
          const char *payload)
{
	assert(w->type == NULL && payload != NULL); /* it moves once */
	w->kind = kind;
	w->type = journal_type_name(type);
	w->payload = payload;
}

void
booking_move_accept(struct reserve_write *w, const char *payload)
{
	assert(booking_state_may_begin(BOOKING_REQUESTED));
	set_write(w, WRITE_ACCEPTED, JOURNAL_BOOKING_REQUESTED, payload);
}

void
booking_move_create(struct reserve_write *w, const char *payload)
{
	assert(booking_state_may_begin(BOOKING_PENDING));
	assert(w->n_seats > 0);
	set_write(w, WRITE_BOOKED, JOURNAL_BOOKING_CREATED, payload);
}

/* That the booking is requested still, LOCK_REQUESTED has found out. */
void
booking_move_seat(struct reserve_write *w, const char *payload)
{
	assert(booking_state_may_move(BOOKING_REQUESTED, BOOKING_PENDING));
	assert(w->n_seats > 0);
	set_write(w, WRITE_SEATED, JOURNAL_BOOKING_CREATED, payload);
}

void
booking_move_fail(struct reserve_write *w, const char *payload)
{
	assert(booking_state_may_move(BOOKING_REQUESTED, BOOKING_FAILED));
	assert(w->reason != NULL);
	set_write(w, WRITE_FAILED, JOURNAL_BOOKING_FAILED, payload);
}
