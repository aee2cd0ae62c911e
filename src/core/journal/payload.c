#include "core/journal/payload.h"

#include "base/json_write.h"

/* A number, or null for what is not known. */
static void
write_known(struct jsonw *w, const char *name, int64_t n, int64_t unknown)
{
	if (n == unknown)
		jsonw_null(w, name);
	else
		jsonw_int(w, name, n);
}

/* Opens "queue", with where the seats are or shall be. */
static void
open_queue(struct jsonw *w, const struct seat_request *ask, const char *positions)
{
	jsonw_open(w, "queue", '{');
	jsonw_str(w, "section", ask->section);
	write_known(w, "subsection", ask->subsection, 0);
	jsonw_raw(w, "positions", positions == NULL ? "[]" : positions);
}

char *
payload_requested(TALLOC_CTX *ctx, const struct seat_request *ask, const char *currency)
{
	const struct inventory_section *place = ask->only_section;
	struct jsonw w;

	jsonw_init(&w, ctx, 384);
	jsonw_open(&w, NULL, '{');
	jsonw_ints(&w, "seats", ask->seats, ask->n_seats);
	jsonw_ints(&w, "prices", ask->prices_minor, ask->n_seats);
	jsonw_int(&w, "total", ask->total_minor);
	jsonw_str(&w, "currency", currency);
	open_queue(&w, ask, ask->positions);
	jsonw_int(&w, "quantity", ask->quantity);
	jsonw_str(&w, "mode", booking_mode_name(ask->best ? MODE_BEST : MODE_MANUAL));
	jsonw_open(&w, "config", '{');
	write_known(&w, "rows", place == NULL ? -1 : place->rows, -1);
	write_known(&w, "cols", place == NULL ? -1 : place->cols, -1);
	write_known(&w, "price", place == NULL ? -1 : place->price_minor, -1);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

const char *
payload_positions(TALLOC_CTX *ctx, const struct seat_request *ask, const struct verdict *v)
{
	struct jsonw w;

	if (ask->positions != NULL)
		return ask->positions;
	jsonw_init(&w, ctx, 64);
	jsonw_open(&w, NULL, '[');
	for (size_t i = 0; i < ask->n_seats; i++)
		jsonw_str(&w, NULL,
		          talloc_asprintf(ctx, "%s-%s", v->seats[i]->row, v->seats[i]->label));
	jsonw_close(&w, ']');
	return jsonw_text(&w);
}

char *
payload_created(TALLOC_CTX *ctx, const struct seat_request *ask, const struct verdict *v,
                const char *positions, int64_t expires_us)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_ints(&w, "seats", ask->seats, ask->n_seats);
	jsonw_ints(&w, "prices", v->prices_minor, ask->n_seats);
	jsonw_int(&w, "total", v->total_minor);
	jsonw_str(&w, "currency", v->event->currency);
	jsonw_time(&w, "expiresAt", expires_us);
	if (ask->kind == REQUEST_SEAT)
		jsonw_str(&w, "from", booking_status_name(BOOKING_REQUESTED));
	if (ask->queued) {
		open_queue(&w, ask, positions);
		jsonw_close(&w, '}');
	}
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

char *
payload_failed(TALLOC_CTX *ctx, const struct seat_request *ask, enum err why, const char *message)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 256);
	jsonw_open(&w, NULL, '{');
	jsonw_str(&w, "from", booking_status_name(BOOKING_REQUESTED));
	jsonw_str(&w, "reason", err_code(why));
	jsonw_str(&w, "message", message);
	jsonw_ints(&w, "seats", NULL, 0);
	open_queue(&w, ask, ask->positions);
	jsonw_close(&w, '}');
	jsonw_close(&w, '}');
	return jsonw_text(&w);
}

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
payload_held(TALLOC_CTX *ctx, const struct seat_request *ask, int64_t expires_us)
{
	struct jsonw w;

	jsonw_init(&w, ctx, 128);
	jsonw_open(&w, NULL, '{');
	jsonw_ints(&w, "seats", ask->seats, ask->n_seats);
	jsonw_time(&w, "expiresAt", expires_us);
	jsonw_close(&w, '}');
	return jsonw_text(&w);
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
