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
		b->queue = row_text(rows[1], r, 4);
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
	out->queue = row_text(rows[1], 0, 5);
	out->total_minor = row_i64(rows[1], 0, 6);
	out->currency = row_text(rows[1], 0, 7);
	return ERR_OK;
}

/* A seat of a booking. */
struct owned {
	struct seat_key key; /* first, so that seat_key_compare fits */
	const struct uuid *booking;
};

/* A call of FREE_SEATS or SELL_SEATS for the seats of bookings, in lock order. */
static struct call
for_seats(TALLOC_CTX *ctx, enum stmt stmt, const struct locked_booking *bookings, size_t n)
{
	struct array event, no, booking;
	struct owned *seats;
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		total += bookings[i].n_seats;
	seats = talloc_array(ctx, struct owned, (unsigned)total);
	total = 0;
	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < bookings[i].n_seats; k++)
			seats[total++] = (struct owned){ { bookings[i].event_id, bookings[i].seats[k] },
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
	return (struct call){ stmt, { array_done(&event), array_done(&no), array_done(&booking) } };
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
		for_seats(ctx, STMT_FREE_SEATS, bookings, n),
		{ STMT_INSERT_JOURNAL,
		  { events, ids, array_done(&user), array_done(&type), array_done(&correlation),
		    array_done(&payload) } },
		{ .stmt = STMT_COMMIT },
	};
	e = db_exchange(db, ctx, calls, 4, NULL);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}

enum err
release_confirm(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *b,
                const struct paid *paid)
{
	const char *event = param_int(ctx, b->event_id), *id = param_uuid(ctx, &b->id);
	struct array events, ids, user, type, correlation, payload;
	enum err e;

	array_init(&events, ctx);
	array_init(&ids, ctx);
	array_init(&user, ctx);
	array_init(&type, ctx);
	array_init(&correlation, ctx);
	array_init(&payload, ctx);
	array_int(&events, b->event_id);
	array_uuid(&ids, &b->id);
	array_text(&user, b->user_id);
	array_text(&type, "booking.confirmed");
	array_text(&correlation, paid->correlation_id);
	array_text(&payload, paid->payload);
	const struct call calls[] = {
		{ STMT_CONFIRM_BOOKING, { event, id, paid->ticket_ref } },
		for_seats(ctx, STMT_SELL_SEATS, b, 1),
		{ STMT_INSERT_PAYMENT,
		  { event, param_uuid(ctx, &paid->id), id, paid->provider, param_int(ctx, b->total_minor),
		    b->currency, "completed", paid->gateway_ref } },
		{ STMT_INSERT_JOURNAL,
		  { array_done(&events), array_done(&ids), array_done(&user), array_done(&type),
		    array_done(&correlation), array_done(&payload) } },
		{ .stmt = STMT_COMMIT },
	};
	e = db_exchange(db, ctx, calls, 5, NULL);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}
