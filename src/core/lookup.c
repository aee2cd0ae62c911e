#include "core/lookup.h"

#include "core/window.h"

#define ATTEMPTS 3 /* of a batch whose connection turns out to be lost */

struct lookup {
	struct window *window;
};

/* A booking that is wanted. */
struct waiter {
	TALLOC_CTX *ctx; /* the asker's */
	const struct uuid *id;
	struct booking *out;
	enum err err;
};

/*
 * Copies a booking of the batch, whose rows are freed, to its asker: every pointer of struct
 * booking. Who asks sleeps, so its ctx may be used.
 */
static void
hand_over(struct waiter *w, const struct booking *b)
{
	TALLOC_CTX *ctx = w->ctx;
	struct booking *out = w->out;

	*out = *b;
	out->user_id = talloc_strdup(ctx, b->user_id);
	out->user_name = talloc_strdup(ctx, b->user_name);
	out->section = talloc_strdup(ctx, b->section);
	out->positions = talloc_strdup(ctx, b->positions);
	out->currency = talloc_strdup(ctx, b->currency);
	out->ticket_ref = talloc_strdup(ctx, b->ticket_ref);
	out->cancel_reason = talloc_strdup(ctx, b->cancel_reason);
	out->event.seller = talloc_strdup(ctx, b->event.seller);
	out->event.seller_name = talloc_strdup(ctx, b->event.seller_name);
	out->event.title = talloc_strdup(ctx, b->event.title);
	out->event.venue_name = talloc_strdup(ctx, b->event.venue_name);
	out->event.timezone = talloc_strdup(ctx, b->event.timezone);
	out->seats = talloc_array(ctx, struct booked_seat, (unsigned)b->n_seats);
	for (size_t i = 0; i < b->n_seats; i++) {
		struct booked_seat *s = &out->seats[i];

		*s = b->seats[i];
		s->section = talloc_strdup(ctx, s->section);
		s->row = talloc_strdup(ctx, s->row);
		s->label = talloc_strdup(ctx, s->label);
		s->tier = talloc_strdup(ctx, s->tier);
	}
}

static enum err
read_batch(struct turn *t, TALLOC_CTX *ctx, struct booking *bookings)
{
	const struct uuid *ids[WINDOW_MOST];
	enum err e = ERR_UNAVAILABLE;

	for (size_t i = 0; i < t->n; i++)
		ids[i] = ((struct waiter *)t->items[i])->id;
	for (int i = 0; i < ATTEMPTS; i++) {
		if ((e = db_ready(t->db)) != ERR_OK)
			return e;
		e = booking_read_all(t->db, ctx, ids, t->n, bookings);
		if (e != ERR_DB_LOST && e != ERR_TX_RETRY)
			return e;
	}
	return e;
}

static void
serve(struct turn *t)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct booking *bookings = talloc_zero_array(ctx, struct booking, (unsigned)t->n);
	enum err e = read_batch(t, ctx, bookings);

	for (size_t i = 0; i < t->n; i++) {
		struct waiter *w = t->items[i];

		w->err = e == ERR_OK && bookings[i].user_id == NULL ? ERR_BOOKING_NOT_FOUND : e;
		if (w->err == ERR_OK)
			hand_over(w, &bookings[i]);
	}
	talloc_free(ctx);
}

struct lookup *
lookup_new(TALLOC_CTX *ctx, const char *conninfo)
{
	struct lookup *l = talloc_zero(ctx, struct lookup);

	l->window = window_new(l, conninfo, 1, serve, l);
	return l;
}

enum err
lookup_booking(struct lookup *l, TALLOC_CTX *ctx, const struct uuid *id, struct booking *out)
{
	struct waiter self = { .ctx = ctx, .id = id, .out = out, .err = ERR_UNAVAILABLE };

	window_ask(l->window, &self);
	return self.err;
}
