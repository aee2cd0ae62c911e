/*
 * Looks bookings up by the combiner: threads that want one at the same moment share two round
 * trips. What is found is copied onto the context of each, which its own thread does not use then.
 */
#include "core/booking/booking_lookup.h"

#include <assert.h>
#include <string.h>

#include "store/combiner.h"
#include "store/transact.h"

struct lookup {
	struct combiner *combiner;
};

/* A booking that a thread waits for. */
struct lookup_item {
	TALLOC_CTX *ctx; /* of the request that waits */
	const struct uuid *id;
	struct booking *out;
	enum err err;
};

/* The bookings of a batch; freed with ctx. */
struct lookup_batch {
	struct uuid ids[COMBINER_MOST];
	size_t n;
	struct booking *bookings; /* n of them, set; user_id NULL: there is none */
};

/*
 * Looks in the archive for those that are not live. In a later statement than the live tables are
 * read by, so that a booking that is being moved is found in one of both.
 */
static enum err
read_archive(struct db *db, TALLOC_CTX *ctx, struct lookup_batch *b)
{
	struct uuid missing[COMBINER_MOST];
	size_t place[COMBINER_MOST], n_missing = 0;
	struct booking *found;
	enum err e;

	for (size_t i = 0; i < b->n; i++) {
		if (b->bookings[i].user_id == NULL) {
			place[n_missing] = i;
			missing[n_missing++] = b->ids[i];
		}
	}
	if (n_missing == 0)
		return ERR_OK;
	found = talloc_zero_array(ctx, struct booking, (unsigned)n_missing);
	e = booking_read_archived(db, ctx, missing, n_missing, found);
	for (size_t i = 0; e == ERR_OK && i < n_missing; i++)
		b->bookings[place[i]] = found[i];
	return e;
}

static enum err
read_batch(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct lookup_batch *b = arg;
	enum err e;

	memset(b->bookings, 0, b->n * sizeof(*b->bookings)); /* of a try that was cut off */
	e = booking_read_all(db, ctx, b->ids, b->n, b->bookings);
	return e == ERR_OK ? read_archive(db, ctx, b) : e;
}

static void
serve(struct combiner_batch *batch)
{
	TALLOC_CTX *ctx = talloc_new(NULL);
	struct lookup_batch b = { .n = batch->n };
	const struct transaction t = { .run = read_batch, .arg = &b };
	enum err e;

	assert(batch->n >= 1 && batch->n <= COMBINER_MOST);
	b.bookings = talloc_array(ctx, struct booking, (unsigned)b.n);
	for (size_t i = 0; i < b.n; i++)
		b.ids[i] = *((struct lookup_item *)batch->items[i])->id;
	e = transact_on(batch->db, ctx, &t);
	for (size_t i = 0; i < b.n; i++) {
		struct lookup_item *item = batch->items[i];

		item->err = e == ERR_OK && b.bookings[i].user_id == NULL ? ERR_BOOKING_NOT_FOUND
		                                                         : e;
		if (item->err == ERR_OK) /* the rows are freed below */
			booking_copy(item->ctx, &b.bookings[i], item->out);
	}
	talloc_free(ctx);
}

struct lookup *
booking_lookup_new(TALLOC_CTX *ctx, const char *conninfo)
{
	struct lookup *l = talloc_zero(ctx, struct lookup);

	l->combiner = combiner_new(l, conninfo, 1, serve, l);
	return l;
}

enum err
booking_lookup(struct lookup *l, TALLOC_CTX *ctx, const struct uuid *id, struct booking *out)
{
	struct lookup_item item = { .ctx = ctx, .id = id, .out = out, .err = ERR_UNAVAILABLE };

	assert(l != NULL && ctx != NULL && id != NULL);
	combiner_submit(l->combiner, &item);
	return item.err;
}
