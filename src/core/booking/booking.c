#include "core/booking/booking.h"

#include <assert.h>
#include <stddef.h>
#include <string.h>

#include "store/param.h"
#include "store/transact.h"

/* The texts of a booking and their columns: those who copy one copy them all. */
#define TEXT(member, column)                                                                       \
	{                                                                                          \
		offsetof(struct booking, member), column                                           \
	}
static const struct {
	size_t at;
	int column;
} texts[] = {
	TEXT(user_id, 3),           TEXT(currency, 7),           TEXT(ticket_ref, 8),
	TEXT(cancel_reason, 11),    TEXT(event.seller, 14),      TEXT(event.title, 15),
	TEXT(event.venue_name, 16), TEXT(event.timezone, 18),    TEXT(section, 22),
	TEXT(user_name, 24),        TEXT(event.seller_name, 25), TEXT(positions, 26),
	TEXT(failure, 27),
};
#undef TEXT
#define N_TEXTS (sizeof(texts) / sizeof(texts[0]))

static const char **
text_of(struct booking *b, size_t i)
{
	return (const char **)(void *)((char *)b + texts[i].at);
}

/* Row r of BOOKING_COLUMNS. */
static void
read_booking(const struct rows *rows, int r, struct booking *b)
{
	for (size_t i = 0; i < N_TEXTS; i++)
		*text_of(b, i) = row_text(rows, r, texts[i].column);
	b->key = (struct booking_key){ row_i32(rows, r, 0), row_uuid(rows, r, 1) };
	b->number = row_i64(rows, r, 2);
	b->status = booking_status_parse(row_text(rows, r, 4));
	b->quantity = row_i32(rows, r, 5);
	b->total_minor = row_i64(rows, r, 6);
	b->expires_us = row_us(rows, r, 9);
	b->paid_us = row_us(rows, r, 10);
	b->created_us = row_us(rows, r, 12);
	b->updated_us = row_us(rows, r, 13);
	b->event.starts_us = row_us(rows, r, 17);
	b->event.status = event_status_parse(row_text(rows, r, 19));
	b->mode = booking_mode_parse(row_text(rows, r, 20));
	b->queued = row_bool(rows, r, 21);
	b->subsection = row_null(rows, r, 23) ? 0 : row_i32(rows, r, 23);
	b->tried = row_bool(rows, r, 28);
}

void
booking_copy(TALLOC_CTX *ctx, const struct booking *from, struct booking *out)
{
	*out = *from;
	for (size_t i = 0; i < N_TEXTS; i++)
		*text_of(out, i) = talloc_strdup(ctx, *text_of(out, i));
	out->seats = talloc_array(ctx, struct booked_seat, (unsigned)from->n_seats);
	for (size_t i = 0; i < from->n_seats; i++) {
		struct booked_seat *s = &out->seats[i];

		*s = from->seats[i];
		s->section = talloc_strdup(ctx, s->section);
		s->row = talloc_strdup(ctx, s->row);
		s->label = talloc_strdup(ctx, s->label);
		s->tier = talloc_strdup(ctx, s->tier);
	}
	out->payments = payments_copy(ctx, from->payments, from->n_payments);
}

/* Hands the rows of GET_BOOKED_SEATS, which come booking by booking, out to the bookings. */
static void
read_booked_seats(TALLOC_CTX *ctx, const struct rows *rows, struct booking *bookings, size_t n)
{
	struct booked_seat *all = talloc_zero_array(ctx, struct booked_seat,
	                                            (unsigned)rows_count(rows));
	int r = 0;

	for (size_t i = 0; i < n; i++) {
		bookings[i].seats = all + r;
		bookings[i].n_seats = 0;
		for (; r < rows_count(rows) && row_i64(rows, r, 0) == (int64_t)i + 1; r++) {
			all[r] = (struct booked_seat){ .no = row_i32(rows, r, 1),
				                       .price_minor = row_i32(rows, r, 2),
				                       .section = row_text(rows, r, 3),
				                       .subsection = row_i32(rows, r, 4),
				                       .row = row_text(rows, r, 5),
				                       .label = row_text(rows, r, 6),
				                       .tier = row_text(rows, r, 7) };
			bookings[i].n_seats++;
		}
	}
}

/* Hands the rows of PAYMENTS_OF out, likewise. */
static void
read_payments(TALLOC_CTX *ctx, const struct rows *rows, struct booking *bookings, size_t n)
{
	int row = 0;

	for (size_t i = 0; i < n; i++)
		bookings[i].payments = payments_read(ctx, rows, i, &row, &bookings[i].n_payments);
}

/* Whether somebody may have paid for one of the bookings, so that its payments must be looked up. */
static bool
has_payments(const struct booking *bookings, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const struct booking *b = &bookings[i];

		if (b->user_id != NULL &&
		    (b->tried || (b->status != BOOKING_PENDING && b->status != BOOKING_REQUESTED)))
			return true;
	}
	return false;
}

/* Arrays of the event numbers and ids of bookings, as parameters. */
static void
key_params(TALLOC_CTX *ctx, const struct uuid *const *ids, size_t n, const char **events,
           const char **uuids)
{
	struct array event, id;

	array_init(&event, ctx);
	array_init(&id, ctx);
	for (size_t i = 0; i < n; i++) {
		array_int(&event, uuid_event(ids[i]));
		array_uuid(&id, ids[i]);
	}
	*events = array_done(&event);
	*uuids = array_done(&id);
}

/* Where bookings are read from. */
struct topic_browser {
	enum stmt bookings, seats, payments;
};

static enum err
read_from(struct db *db, TALLOC_CTX *ctx, const struct topic_browser *shelf,
          const struct uuid *const *ids, size_t n, struct booking *out)
{
	struct rows *rows[2];
	const char *events, *uuids;
	enum err e;

	key_params(ctx, ids, n, &events, &uuids);
	const struct call calls[] = {
		{ shelf->bookings, { events, uuids } },
		{ shelf->seats, { events, uuids } },
	};
	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	for (int r = 0; r < rows_count(rows[0]); r++)
		read_booking(rows[0], r, &out[row_i64(rows[0], r, 29) - 1]);
	read_booked_seats(ctx, rows[1], out, n);
	if (has_payments(out, n)) {
		e = db_query(db, ctx, (struct call){ shelf->payments, { events, uuids } },
		             &rows[0]);
		if (e == ERR_OK)
			read_payments(ctx, rows[0], out, n);
	}
	return e;
}

enum err
booking_read_all(struct db *db, TALLOC_CTX *ctx, const struct uuid *const *ids, size_t n,
                 struct booking *out)
{
	static const struct topic_browser live = { STMT_GET_BOOKINGS, STMT_GET_BOOKED_SEATS,
		                                   STMT_PAYMENTS_OF };

	return read_from(db, ctx, &live, ids, n, out);
}

enum err
booking_read_archived(struct db *db, TALLOC_CTX *ctx, const struct uuid *const *ids, size_t n,
                      struct booking *out)
{
	static const struct topic_browser archive = { STMT_GET_ARCHIVED_BOOKINGS,
		                                      STMT_GET_ARCHIVED_SEATS,
		                                      STMT_ARCHIVED_PAYMENTS };
	enum err e = read_from(db, ctx, &archive, ids, n, out);

	for (size_t i = 0; i < n; i++)
		out[i].archived = true;
	return e;
}

/* The seats and the payments of a page's bookings. */
static enum err
list_details(struct pool *pool, TALLOC_CTX *ctx, struct booking_page *page)
{
	const struct uuid **ids = talloc_array(ctx, const struct uuid *, (unsigned)page->n);
	const char *events, *uuids;
	struct rows *rows[2];
	enum err e;

	for (size_t i = 0; i < page->n; i++)
		ids[i] = &page->bookings[i].key.id;
	key_params(ctx, ids, page->n, &events, &uuids);
	const struct call calls[] = { { STMT_GET_BOOKED_SEATS, { events, uuids } },
		                      payments_call(events, uuids) };
	if ((e = transact_read(pool, ctx, calls, 2, rows)) == ERR_OK) {
		read_booked_seats(ctx, rows[0], page->bookings, page->n);
		read_payments(ctx, rows[1], page->bookings, page->n);
	}
	return e;
}

/* The states of a page as an array; NULL: any. */
static const char *
statuses_param(TALLOC_CTX *ctx, unsigned statuses)
{
	struct array a;

	if (statuses == 0)
		return NULL;
	array_init(&a, ctx);
	for (enum booking_status s = 0; s < BOOKING__MAX; s++) {
		if ((statuses & 1u << s) != 0)
			array_text(&a, booking_status_name(s));
	}
	return array_done(&a);
}

enum err
booking_list(struct pool *pool, TALLOC_CTX *ctx, struct booking_page *page)
{
	const bool own = page->user_id != NULL;
	const char *statuses = statuses_param(ctx, page->statuses);
	const char *limit = param_int(ctx, page->limit);
	const char *skip = param_int(ctx, page->after != NULL
	                                      ? 0
	                                      : (int64_t)(page->page - 1) * page->limit);
	const struct call of_user[] = {
		{ STMT_LIST_BOOKINGS,
		  { page->user_id, statuses,
		    page->after == NULL ? NULL : param_int(ctx, uuid_event(page->after)),
		    page->after == NULL ? NULL : param_uuid(ctx, page->after), limit, skip } },
		{ STMT_COUNT_BOOKINGS, { page->user_id, statuses } },
	};
	const struct call of_seller = { STMT_LIST_SOLD, { page->seller, statuses, limit, skip } };
	struct rows *rows[2];
	enum err e;

	if ((e = transact_read(pool, ctx, own ? of_user : &of_seller, own ? 2 : 1, rows)) != ERR_OK)
		return e;
	page->n = (size_t)rows_count(rows[0]);
	page->total = own ? row_i64(rows[1], 0, 0) : -1;
	page->bookings = talloc_zero_array(ctx, struct booking, (unsigned)page->n);
	for (size_t i = 0; i < page->n; i++)
		read_booking(rows[0], (int)i, &page->bookings[i]);
	return page->n == 0 ? ERR_OK : list_details(pool, ctx, page);
}
