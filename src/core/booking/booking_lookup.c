#include "core/booking/booking_lookup.h"

#include <string.h>

#include "store/combiner.h"

#define ATTEMPTS 3 /* of a batch whose connection turns out to be lost */

struct lookup {
	struct combiner *window;
};

/* A booking that is wanted. */
struct queued_request {
	TALLOC_CTX *ctx; /* the asker's */
	const struct uuid *id;
	struct booking *out;
	enum err err;
};

/* Looks in the archive for those that are not live (any more). */
static enum err
read_archive(struct db *db, TALLOC_CTX *ctx, const struct uuid *const *ids, size_t n,
             struct booking *bookings)
{
	const struct uuid *missing[COMBINER_MOST];
	size_t place[COMBINER_MOST], n_missing = 0;
	struct booking *found;
	enum err e;

	for (size_t i = 0; i < n; i++) {
		if (bookings[i].user_id == NULL) {
			place[n_missing] = i;
			missing[n_missing++] = ids[i];
		}
	}
	if (n_missing == 0)
		return ERR_OK;
	found = talloc_zero_array(ctx, struct booking, (unsigned)n_missing);
	e = booking_read_archived(db, ctx, missing, n_missing, found);
	for (size_t i = 0; e == ERR_OK && i < n_missing; i++)
		bookings[place[i]] = found[i];
	return e;
}

static enum err
read_batch(struct combiner_batch *t, TALLOC_CTX *ctx, struct booking *bookings)
{
	const struct uuid *ids[COMBINER_MOST];
	enum err e = ERR_UNAVAILABLE;

	for (size_t i = 0; i < t->n; i++)
		ids[i] = ((struct queued_request *)t->items[i])->id;
	for (int i = 0; i < ATTEMPTS; i++) {
		if ((e = db_ready(t->db)) != ERR_OK)
			return e;
		memset(bookings, 0, t->n * sizeof(*bookings)); /* of a try that was cut off */
		if ((e = booking_read_all(t->db, ctx, ids, t->n, bookings)) == ERR_OK)
			e = read_archive(t->db, ctx, ids, t->n, bookings);
		if (e != ERR_DB_LOST && e != ERR_TX_RETRY)
			return e;
	}
	return e;
}

static void
serve(struct combiner_batch *t)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct booking *bookings = talloc_zero_array(ctx, struct booking, (unsigned)t->n);
	enum err e = read_batch(t, ctx, bookings);

	for (size_t i = 0; i < t->n; i++) {
		struct queued_request *w = t->items[i];

		w->err = e == ERR_OK && bookings[i].user_id == NULL ? ERR_BOOKING_NOT_FOUND : e;
		if (w->err ==
		    ERR_OK) /* the rows are freed below; who asks sleeps, so its ctx may be used */
			booking_copy(w->ctx, &bookings[i], w->out);
	}
	talloc_free(ctx);
}

struct lookup *
booking_lookup_new(TALLOC_CTX *ctx, const char *conninfo)
{
	struct lookup *l = talloc_zero(ctx, struct lookup);

	l->window = combiner_new(l, conninfo, 1, serve, l);
	return l;
}

enum err
booking_lookup(struct lookup *l, TALLOC_CTX *ctx, const struct uuid *id, struct booking *out)
{
	struct queued_request self = { .ctx = ctx, .id = id, .out = out, .err = ERR_UNAVAILABLE };

	combiner_submit(l->window, &self);
	return self.err;
}
