#include "core/journal/payload.h"

#include "base/json_write.h"

/* The seats that a booking lets go of: one that only asked for some has none. */
static size_t
held_seats(const struct locked_booking *b)
{
	return b->status == BOOKING_REQUESTED ? 0 : b->n_seats;
}

/* What all rows about a locked booking end with; the text. */
static char *
finish(struct jsonw *w, const struct locked_booking *b)
{
	if (b->queue != NULL)
		jsonw_raw(w, "queue", b->queue);
	jsonw_close(w, '}');
	return jsonw_text(w);
}

static void
open_move(struct jsonw *w, TALLOC_CTX *ctx, const struct locked_booking *b)
{
	jsonw_init(w, ctx, 256);
	jsonw_open(w, NULL, '{');
	jsonw_str(w, "from", booking_status_name(b->status));
}

char *
payload_ended(TALLOC_CTX *ctx, const struct locked_booking *b, const char *reason)
{
	struct jsonw w;

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
payload_released(TALLOC_CTX *ctx, const struct hold_rows *h)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 128);
	jsonw_open(&w, NULL, '{');
	jsonw_open(&w, "seats", '[');
	for (size_t i = 0; i < h->n; i++)
		jsonw_int(&w, NULL, h->seats[i].no);
	jsonw_close(&w, ']');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

char *
payload_confirmed(TALLOC_CTX *ctx, const struct locked_booking *b, const char *ticket_ref)
{
	struct jsonw w;

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
