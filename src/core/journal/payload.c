/*
 * Writes the payloads of the journal's rows about bookings that are locked and about holds: what
 * each type's payload holds is in payload.h, and payload_read.c reads it.
 */
#include "core/journal/payload.h"

#include <assert.h>

#include "base/json_write.h"

/* The seats that a booking lets go of: one that only asked for some has none. */
static size_t
held_seats(const struct locked_booking *b)
{
	assert(b->n_seats == 0 || b->seats != NULL);
	return b->status == BOOKING_REQUESTED ? 0 : b->n_seats;
}

/* What all rows of a booking end with; the text. */
static char *
finish(struct jsonw *w, const struct locked_booking *b)
{
	if (b->queue != NULL)
		jsonw_raw(w, "queue", b->queue);
	jsonw_close(w, '}');
	return jsonw_text(w);
}

/* What the rows of a booking's moves begin with. */
static void
open_move(struct jsonw *w, TALLOC_CTX *ctx, const struct locked_booking *b)
{
	assert(b != NULL && b->status < BOOKING__MAX);
	jsonw_init(w, ctx, 256);
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "from", booking_status_name(b->status));
}

char *
payload_ended(TALLOC_CTX *ctx, const struct locked_booking *b, const char *reason)
{
	struct jsonw w;

	assert(reason != NULL);
	open_move(&w, ctx, b);
	jsonw_str(&w, "reason", reason);
	jsonw_ints(&w, "seats", b->seats, held_seats(b));
	return finish(&w, b);
}

char *
payload_refunded(TALLOC_CTX *ctx, const struct locked_booking *b, const char *reason,
                 const char *note, int64_t refunded_minor, int64_t kept_minor)
{
	struct jsonw w;

	assert(reason != NULL && refunded_minor >= 0 && kept_minor >= 0);
	open_move(&w, ctx, b);
	jsonw_str(&w, "reason", reason);
	if (note != NULL)
		jsonw_str(&w, "note", note);
	jsonw_ints(&w, "seats", b->seats, held_seats(b));
	jsonw_int(&w, "refunded", refunded_minor);
	jsonw_int(&w, "kept", kept_minor);
	jsonw_str(&w, "currency", b->currency);
	return finish(&w, b);
}

char *
payload_released(TALLOC_CTX *ctx, const struct hold_rows *hold)
{
	struct jsonw w;

	assert(hold != NULL && (hold->n == 0 || hold->seats != NULL));
	jsonw_init(&w, ctx, 128);
	jsonw_open(&w, NULL, '{');
	jsonw_open(&w, "seats", '[');
	for (size_t i = 0; i < hold->n; i++)
		jsonw_int(&w, NULL, hold->seats[i].no);
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

char *
payload_confirmed(TALLOC_CTX *ctx, const struct locked_booking *b, const char *ticket_ref)
{
	struct jsonw w;

	assert(ticket_ref != NULL && *ticket_ref != '\0');
	open_move(&w, ctx, b);
	jsonw_ints(&w, "seats", b->seats, b->n_seats);
	jsonw_int(&w, "total", b->total_minor);
	jsonw_str(&w, "currency", b->currency);
	jsonw_str(&w, "ticketReference", ticket_ref);
	return finish(&w, b);
}

char *
payload_paying(TALLOC_CTX *ctx, const struct locked_booking *b, const struct payment *p)
{
	struct jsonw w;

	assert(p != NULL && p->amount_minor >= 0 && p->currency != NULL);
	open_move(&w, ctx, b);
	jsonw_uuid(&w, "paymentId", &p->id);
	jsonw_int(&w, "amount", p->amount_minor);
	jsonw_str(&w, "currency", p->currency);
	jsonw_time(&w, "expiresAt", b->expires_us);
	return finish(&w, b);
}

char *
payload_returned(TALLOC_CTX *ctx, const struct locked_booking *b, const char *reason,
                 int32_t attempt, int64_t expires_us)
{
	struct jsonw w;

	assert(reason != NULL && attempt >= 0);
	open_move(&w, ctx, b);
	jsonw_str(&w, "reason", reason);
	jsonw_int(&w, "attempt", attempt);
	jsonw_time(&w, "expiresAt", expires_us);
	return finish(&w, b);
}

char *
payload_extended(TALLOC_CTX *ctx, const struct locked_booking *b, int32_t minutes,
                 int64_t expires_us)
{
	struct jsonw w;

	assert(b != NULL && minutes > 0 && expires_us > 0);
	jsonw_init(&w, ctx, 128);
	jsonw_open(&w, NULL, '{');
	jsonw_int(&w, "minutes", minutes);
	jsonw_int(&w, "extension", b->extensions + 1);
	jsonw_time(&w, "expiresAt", expires_us);
	return finish(&w, b);
}

char *
payload_refund(TALLOC_CTX *ctx, const struct refund_write *r)
{
	struct jsonw w;

	assert(r != NULL && r->booking != NULL && r->amount_minor > 0);
	jsonw_init(&w, ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_uuid(&w, "refundId", &r->id);
	jsonw_uuid(&w, "paymentId", &r->payment_id);
	jsonw_int(&w, "amount", r->amount_minor);
	jsonw_str(&w, "currency", r->currency);
	jsonw_str(&w, "reason", r->reason);
	if (r->again)
		jsonw_bool(&w, "again", true);
	return finish(&w, r->booking);
}
