#include "core/ticket/ticket.h"

#include <string.h>

#include "core/booking/ticket_reference.h"
#include "store/param.h"
#include "store/transact.h"

/* The tickets of a booking, as if none were checked in. */
static struct ticket *
make_tickets(TALLOC_CTX *ctx, const struct booking *b)
{
	struct ticket *all = talloc_array(ctx, struct ticket, (unsigned)b->n_seats);

	for (size_t i = 0; i < b->n_seats; i++)
		all[i] = (struct ticket){
			.reference = b->n_seats == 1
			                 ? b->ticket_ref
			                 : talloc_asprintf(ctx, "%s-%zu", b->ticket_ref, i + 1),
			.seat = &b->seats[i],
			.place = i + 1,
			.checked_in_us = -1,
		};
	return all;
}

/* The row of a ticket in an answer whose first column is its reference; -1: none. */
static int
row_of(const struct rows *rows, const struct ticket *t)
{
	for (int r = 0; r < rows_count(rows); r++) {
		if (strcmp(row_text(rows, r, 0), t->reference) == 0)
			return r;
	}
	return -1;
}

/* Notes when they were checked in; rows of CHECKED_IN. */
static void
note_times(const struct rows *rows, struct ticket *tickets, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const int r = row_of(rows, &tickets[i]);

		tickets[i].checked_in_us = r < 0 ? -1 : row_us(rows, r, 1);
	}
}

enum err
ticket_read(struct pool *pool, TALLOC_CTX *ctx, const struct booking *b, struct tickets *out)
{
	const struct call calls[] = {
		{ STMT_CHECKED_IN, { param_uuid(ctx, &b->key.id) } },
		{ STMT_EVENT_WHEN, { param_int(ctx, b->key.event_id) } },
	};
	struct rows *rows[2];
	enum err e;

	if (b->status != BOOKING_CONFIRMED)
		return ERR_INVALID_STATE;
	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	*out = (struct tickets){ b, make_tickets(ctx, b), b->n_seats, row_text(rows[1], 0, 0) };
	note_times(rows[0], out->tickets, out->n);
	return ERR_OK;
}

/* A check-in on its way, tried as often as it takes. */
struct entry {
	char reference[TICKET_REFERENCE_TEXT]; /* of the booking */
	int place;                   /* of the ticket; 0: all of the booking */
	const struct actor *who;
	int64_t now_us;     /* of this try: what it writes bears that time */
	int64_t unknown_us; /* of a try whose COMMIT was not answered; -1: there was none */
};

/* A reference that none of the live bookings has. */
static enum err
not_live(struct db *db, TALLOC_CTX *ctx, const struct entry *entry)
{
	struct rows *rows;
	enum err e = db_query(db, ctx, (struct call){ STMT_ARCHIVED_TICKET, { entry->reference } },
	                      &rows);

	if (e != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_TICKET_NOT_FOUND;
	if (!entry->who->staff && strcmp(row_text(rows, 0, 0), entry->who->user_id) != 0)
		return ERR_FORBIDDEN;
	return ERR_INVALID_STATE; /* its event is long over */
}

/* Locks the booking and reads it. */
static enum err
lock_booking(struct db *db, TALLOC_CTX *ctx, struct entry *entry, struct booking *b)
{
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_TICKETED, { entry->reference } },
	};
	const struct uuid *id;
	struct rows *rows[2];
	struct uuid found;
	enum err e;

	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return not_live(db, ctx, entry);
	found = row_uuid(rows[1], 0, 1);
	entry->now_us = row_us(rows[1], 0, 2);
	id = &found;
	e = booking_read_all(db, ctx, &id, 1, b);
	return e == ERR_OK && b->user_id == NULL ? ERR_TICKET_NOT_FOUND : e;
}

/* Which tickets are asked for. */
static enum err
choose_tickets(TALLOC_CTX *ctx, const struct entry *entry, struct check_in *out)
{
	const struct booking *b = &out->booking;
	const struct actor *who = entry->who;

	if (!who->staff && strcmp(b->event.seller, who->user_id) != 0)
		return ERR_FORBIDDEN;
	if (b->status != BOOKING_CONFIRMED)
		return ERR_INVALID_STATE;
	if (entry->place > 0 && (b->n_seats == 1 || (size_t)entry->place > b->n_seats))
		return ERR_TICKET_NOT_FOUND;
	out->tickets = make_tickets(ctx, b);
	out->n = b->n_seats;
	out->whole = entry->place == 0 && b->n_seats > 1;
	if (entry->place > 0) {
		out->tickets += entry->place - 1;
		out->n = 1;
	}
	return ERR_OK;
}

/*
 * Keeps the tickets that are in by this entry: those just written, and those that a try wrote
 * whose COMMIT turned out well. None: ALREADY_CHECKED_IN, and all are kept.
 */
static enum err
keep_own(const struct entry *entry, const struct rows *written, const struct rows *all,
         struct check_in *out)
{
	size_t kept = 0;

	note_times(all, out->tickets, out->n);
	for (size_t i = 0; i < out->n; i++) {
		const struct ticket t = out->tickets[i];
		const bool before = entry->unknown_us >= 0 &&
		                    t.checked_in_us == entry->unknown_us &&
		                    strcmp(row_text(all, row_of(all, &t), 2),
		                           entry->who->user_id) == 0;

		if (!before && row_of(written, &t) < 0)
			continue;
		out->tickets[i] = out->tickets[kept]; /* the rest stays behind them, whole */
		out->tickets[kept++] = t;
	}
	if (kept == 0)
		return ERR_ALREADY_CHECKED_IN;
	out->n = kept;
	return ERR_OK;
}

static enum err
enter_once(struct db *db, TALLOC_CTX *ctx, struct entry *entry, struct check_in *out)
{
	struct array references, seats;
	const char *booking;
	struct rows *rows[3];
	enum err e;

	if ((e = lock_booking(db, ctx, entry, &out->booking)) != ERR_OK ||
	    (e = choose_tickets(ctx, entry, out)) != ERR_OK)
		return e;
	booking = param_uuid(ctx, &out->booking.key.id);
	array_init(&references, ctx);
	array_init(&seats, ctx);
	for (size_t i = 0; i < out->n; i++) {
		array_text(&references, out->tickets[i].reference);
		array_int(&seats, out->tickets[i].seat->no);
	}
	const struct call calls[] = {
		{ STMT_CHECK_IN,
		  { param_int(ctx, out->booking.key.event_id), booking, array_done(&references),
		    array_done(&seats), entry->who->user_id } },
		{ STMT_CHECKED_IN, { booking } },
		{ .stmt = STMT_COMMIT },
	};
	if ((e = db_exchange(db, ctx, calls, 3, rows)) != ERR_OK)
		return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
	return keep_own(entry, rows[0], rows[1], out);
}

enum err
ticket_check_in(struct pool *pool, TALLOC_CTX *ctx, const char *reference, const struct actor *who,
                struct check_in *out)
{
	struct entry entry = { .who = who, .unknown_us = -1 };
	enum err e = ERR_UNAVAILABLE;

	if (!ticket_reference_parse(reference, entry.reference, &entry.place))
		return ERR_TICKET_NOT_FOUND;
	for (int i = 0; i < POOL_ATTEMPTS; i++) {
		struct db *db;

		memset(out, 0, sizeof(*out));
		if ((e = pool_take(pool, &db)) != ERR_OK)
			return e;
		e = enter_once(db, ctx, &entry, out);
		pool_give(pool, db);
		if (e == ERR_DB_UNKNOWN)
			entry.unknown_us = entry.now_us;
		else if (e != ERR_TX_RETRY && e != ERR_DB_LOST)
			return e;
	}
	return e;
}
