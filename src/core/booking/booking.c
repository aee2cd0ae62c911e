/*
 * Reading bookings, with their seats and payments: some by their ids, live or archived, or a page
 * of a user's or a seller's.
 */
#include "core/booking/booking.h"

#include <assert.h>

#include "store/param.h"
#include "store/transact.h"

/* The texts of a booking, each with its column of READ_BOOKINGS: reading and copying go by it. */
#define TEXTS(TEXT)                                                                                \
	TEXT(user_id, USER)                                                                        \
	TEXT(user_name, USER_NAME)                                                                 \
	TEXT(section, SECTION)                                                                     \
	TEXT(positions, POSITIONS)                                                                 \
	TEXT(currency, CURRENCY)                                                                   \
	TEXT(ticket_ref, TICKET)                                                                   \
	TEXT(cancel_reason, CANCEL_REASON)                                                         \
	TEXT(failure, FAILURE)                                                                     \
	TEXT(event.seller, SELLER)                                                                 \
	TEXT(event.seller_name, SELLER_NAME)                                                       \
	TEXT(event.title, TITLE)                                                                   \
	TEXT(event.venue_name, VENUE_NAME)                                                         \
	TEXT(event.timezone, TIMEZONE)

/* Row r of READ_BOOKINGS. */
static void
read_booking(const struct rows *rows, int r, struct booking *b)
{
#define READ(member, column) b->member = row_text(rows, r, READ_BOOKINGS_##column);
	TEXTS(READ)
#undef READ
	b->key = (struct booking_key){ row_i32(rows, r, READ_BOOKINGS_EVENT),
		                       row_uuid(rows, r, READ_BOOKINGS_ID) };
	b->number = row_i64(rows, r, READ_BOOKINGS_NUMBER);
	b->status = booking_status_parse(row_text(rows, r, READ_BOOKINGS_STATUS));
	b->quantity = row_i32(rows, r, READ_BOOKINGS_QUANTITY);
	b->total_minor = row_i64(rows, r, READ_BOOKINGS_TOTAL);
	b->expires_us = row_us(rows, r, READ_BOOKINGS_EXPIRES);
	b->paid_us = row_us(rows, r, READ_BOOKINGS_PAID);
	b->created_us = row_us(rows, r, READ_BOOKINGS_CREATED);
	b->updated_us = row_us(rows, r, READ_BOOKINGS_UPDATED);
	b->event.starts_us = row_us(rows, r, READ_BOOKINGS_STARTS);
	b->event.status = event_status_parse(row_text(rows, r, READ_BOOKINGS_EVENT_STATUS));
	b->mode = booking_mode_parse(row_text(rows, r, READ_BOOKINGS_MODE));
	b->queued = row_bool(rows, r, READ_BOOKINGS_QUEUED);
	b->subsection = row_null(rows, r, READ_BOOKINGS_SUBSECTION)
	                    ? 0
	                    : row_i32(rows, r, READ_BOOKINGS_SUBSECTION);
	b->tried = row_bool(rows, r, READ_BOOKINGS_TRIED);
	assert(b->user_id != NULL); /* by which callers tell that it was found */
}

void
booking_copy(TALLOC_CTX *ctx, const struct booking *from, struct booking *out)
{
	assert(from->user_id != NULL);
	*out = *from;
#define COPY(member, column) out->member = talloc_strdup(ctx, from->member);
	TEXTS(COPY)
#undef COPY
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
		for (; r < rows_count(rows) && row_i64(rows, r, READ_SEATS_PLACE) == (int64_t)i + 1;
		     r++) {
			all[r] = (struct booked_seat){
				.no = row_i32(rows, r, READ_SEATS_NO),
				.price_minor = row_i32(rows, r, READ_SEATS_PRICE),
				.section = row_text(rows, r, READ_SEATS_SECTION),
				.subsection = row_i32(rows, r, READ_SEATS_SUBSECTION),
				.row = row_text(rows, r, READ_SEATS_ROW),
				.label = row_text(rows, r, READ_SEATS_LABEL),
				.tier = row_text(rows, r, READ_SEATS_TIER)
			};
			bookings[i].n_seats++;
		}
	}
	assert(r == rows_count(rows)); /* each belongs to a booking: they came in order */
}

/* Hands the rows of PAYMENTS_OF out, likewise. */
static void
read_payments(TALLOC_CTX *ctx, const struct rows *rows, struct booking *bookings, size_t n)
{
	int row = 0;

	for (size_t i = 0; i < n; i++)
		bookings[i].payments = payments_read(ctx, rows, i, &row, &bookings[i].n_payments);
	assert(row == rows_count(rows));
}

/* Whether one of the bookings may have been paid for, so that its payments must be looked up. */
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

/* The statements that read from the live tables, or from the archive. */
struct booking_source {
	enum stmt bookings, seats, payments;
};

static enum err
read_from(struct db *db, TALLOC_CTX *ctx, const struct booking_source *source,
          const struct uuid *ids, size_t n, struct booking *out)
{
	const struct id_params p = param_ids(ctx, ids, n);
	struct rows *rows[2];
	enum err e;

	assert(db != NULL && n > 0);
	const struct call calls[] = {
		{ source->bookings, { p.events, p.ids } },
		{ source->seats, { p.events, p.ids } },
	};
	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	for (int r = 0; r < rows_count(rows[0]); r++) {
		const int64_t place = row_i64(rows[0], r, READ_BOOKINGS_PLACE);

		assert(place >= 1 && place <= (int64_t)n);
		read_booking(rows[0], r, &out[place - 1]);
	}
	read_booked_seats(ctx, rows[1], out, n);
	if (has_payments(out, n)) {
		e = db_query(db, ctx, (struct call){ source->payments, { p.events, p.ids } },
		             &rows[0]);
		if (e == ERR_OK)
			read_payments(ctx, rows[0], out, n);
	}
	return e;
}

enum err
booking_read_all(struct db *db, TALLOC_CTX *ctx, const struct uuid *ids, size_t n,
                 struct booking *out)
{
	static const struct booking_source live = { STMT_GET_BOOKINGS, STMT_GET_BOOKED_SEATS,
		                                    STMT_PAYMENTS_OF };

	return read_from(db, ctx, &live, ids, n, out);
}

enum err
booking_read_archived(struct db *db, TALLOC_CTX *ctx, const struct uuid *ids, size_t n,
                      struct booking *out)
{
	static const struct booking_source archive = { STMT_GET_ARCHIVED_BOOKINGS,
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
	struct uuid *ids = talloc_array(ctx, struct uuid, (unsigned)page->n);
	struct rows *rows[2];
	enum err e;

	for (size_t i = 0; i < page->n; i++)
		ids[i] = page->bookings[i].key.id;
	const struct id_params p = param_ids(ctx, ids, page->n);
	const struct call calls[] = { { STMT_GET_BOOKED_SEATS, { p.events, p.ids } },
		                      payments_call(p.events, p.ids) };

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

	assert(own != (page->seller != NULL) && (own || page->after == NULL));
	assert(page->page >= 1 && page->limit >= 1);
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
