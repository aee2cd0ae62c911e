#include "store/release.h"

#include <stdlib.h>

#include "store/param.h"
#include "store/reserve.h"

enum err
release_lock_lapsed(struct db *db, TALLOC_CTX *ctx, const struct booking_key *keys, size_t n,
                    struct locked_booking **out, size_t *n_out)
{
	struct array event, id;
	struct rows *rows[2];
	enum err e;

	array_init(&event, ctx);
	array_init(&id, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, keys[i].event_id);
		array_uuid(&id, &keys[i].id);
	}
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_LAPSED, { array_done(&event), array_done(&id) } },
	};
	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	*n_out = (size_t)rows_count(rows[1]);
	*out = talloc_zero_array(ctx, struct locked_booking, (unsigned)*n_out);
	for (int r = 0; r < (int)*n_out; r++) {
		struct locked_booking *b = &(*out)[r];

		b->event_id = row_i32(rows[1], r, 0);
		b->id = row_uuid(rows[1], r, 1);
		b->user_id = row_text(rows[1], r, 2);
		b->seats = row_ints(ctx, rows[1], r, 3, &b->n_seats);
		b->status = BOOKING_PENDING;
		b->lapsed = true;
	}
	return ERR_OK;
}

enum err
release_lock_one(struct db *db, TALLOC_CTX *ctx, const struct booking_key *key,
                 struct locked_booking *out)
{
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_BOOKING, { param_int(ctx, key->event_id), param_uuid(ctx, &key->id) } },
	};
	struct rows *rows[2];
	enum err e;

	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return ERR_BOOKING_NOT_FOUND;
	out->event_id = key->event_id;
	out->id = key->id;
	out->user_id = row_text(rows[1], 0, 0);
	out->status = booking_status_parse(row_text(rows[1], 0, 1));
	out->lapsed = row_bool(rows[1], 0, 2);
	out->seats = row_ints(ctx, rows[1], 0, 3, &out->n_seats);
	out->seller = row_text(rows[1], 0, 4);
	return ERR_OK;
}

/* A seat that a booking lets go of. */
struct freed {
	struct seat_key key; /* first, so that seat_key_compare fits */
	const struct uuid *booking;
};

/* The parameters of FREE_SEATS, in lock order. */
static struct call
free_seats(TALLOC_CTX *ctx, const struct locked_booking *bookings, size_t n)
{
	struct array event, no, booking;
	struct freed *seats;
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += bookings[i].n_seats;
	seats = talloc_array(ctx, struct freed, (unsigned)total);
	total = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < bookings[i].n_seats; k++)
			seats[total++] = (struct freed){ { bookings[i].event_id, bookings[i].seats[k] },
				                             &bookings[i].id };
	}
	qsort(seats, total, sizeof(*seats), seat_key_compare);
	array_init(&event, ctx);
	array_init(&no, ctx);
	array_init(&booking, ctx);
	for (size_t i = 0; i < total; i++) {
		array_int(&event, seats[i].key.event_id);
		array_int(&no, seats[i].key.no);
		array_uuid(&booking, seats[i].booking);
	}
	return (struct call){ STMT_FREE_SEATS,
		                  { array_done(&event), array_done(&no), array_done(&booking) } };
}

enum err
release_write(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *bookings, size_t n,
              const struct ending *how)
{
	struct array event, id, user, type, correlation, payload;
	enum err e;

	array_init(&event, ctx);
	array_init(&id, ctx);
	array_init(&user, ctx);
	array_init(&type, ctx);
	array_init(&correlation, ctx);
	array_init(&payload, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, bookings[i].event_id);
		array_uuid(&id, &bookings[i].id);
		array_text(&user, bookings[i].user_id);
		array_text(&type, how->type);
		array_text(&correlation, how->correlation_id);
		array_text(&payload, how->payloads[i]);
	}
	const char *events = array_done(&event), *ids = array_done(&id);
	const struct call calls[] = {
		{ STMT_END_BOOKINGS, { events, ids, booking_status_name(how->status), how->reason } },
		free_seats(ctx, bookings, n),
		{ STMT_INSERT_JOURNAL,
		  { events, ids, array_done(&user), array_done(&type), array_done(&correlation),
		    array_done(&payload) } },
		{ .stmt = STMT_COMMIT },
	};
	e = db_exchange(db, ctx, calls, 4, NULL);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}
