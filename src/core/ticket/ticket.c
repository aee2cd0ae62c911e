/*
 * The tickets of a booking: listing them, and checking them in at the door. Only a ticket that is
 * checked in has a row.
 */
#include "core/ticket/ticket.h"

#include <assert.h>
#include <string.h>

#include "core/booking/ticket_reference.h"
#include "store/param.h"
#include "store/transact.h"

/* The tickets of a booking, as if none were checked in. */
static struct ticket *
make_tickets(TALLOC_CTX *ctx, const struct booking *b)
{
	struct ticket *all = talloc_array(ctx, struct ticket, (unsigned)b->n_seats);

	assert(b->ticket_ref != NULL && b->n_seats > 0 && b->n_seats <= TICKET_PLACES);
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

_Static_assert((int)CHECK_IN_REF == (int)CHECKED_IN_REF, "row_of reads this column of both");

/* The row of a ticket in an answer to CHECK_IN or CHECKED_IN; -1: none. */
static int
row_of(const struct rows *rows, const struct ticket *t)
{
	for (int r = 0; r < rows_count(rows); r++) {
		if (strcmp(row_text(rows, r, CHECKED_IN_REF), t->reference) == 0)
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

		tickets[i].checked_in_us = r < 0 ? -1 : row_us(rows, r, CHECKED_IN_AT);
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

	assert(b->user_id != NULL);
	if (b->status != BOOKING_CONFIRMED)
		return ERR_INVALID_STATE;
	if (b->n_seats == 0 || b->ticket_ref == NULL)
		return ERR_UNAVAILABLE; /* archived between two reads: it is there now */
	if ((e = transact_read(pool, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	assert(rows_count(rows[1]) == 1);
	*out = (struct tickets){ b, make_tickets(ctx, b), b->n_seats,
		                 row_text(rows[1], 0, EVENT_WHEN_TEXT) };
	note_times(rows[0], out->tickets, out->n);
	return ERR_OK;
}

/* A check-in on its way. */
struct check_in_request {
	char reference[TICKET_REFERENCE_TEXT]; /* of the booking */
	int place;                             /* of the ticket; 0: all of the booking */
	const struct actor *actor;
	struct check_in *out;
	int64_t now_us;     /* of this try: what it writes bears that time */
	int64_t unknown_us; /* of a try whose COMMIT was not answered; -1: there was none */
};

/* The error of a reference that no live booking has. */
static enum err
not_live(struct db *db, TALLOC_CTX *ctx, const struct check_in_request *q)
{
	struct rows *rows;
	enum err e = db_query(db, ctx, (struct call){ STMT_ARCHIVED_TICKET, { q->reference } },
	                      &rows);

	if (e != ERR_OK)
		return e;
	if (rows_count(rows) == 0)
		return ERR_TICKET_NOT_FOUND;
	if (!q->actor->staff &&
	    strcmp(row_text(rows, 0, ARCHIVED_TICKET_SELLER), q->actor->user_id) != 0)
		return ERR_FORBIDDEN;
	return ERR_INVALID_STATE; /* it is in the archive */
}

/* Locks the booking and reads it. */
static enum err
lock_booking(struct db *db, TALLOC_CTX *ctx, struct check_in_request *q, struct booking *b)
{
	const struct call calls[] = {
		{ .stmt = STMT_BEGIN },
		{ STMT_LOCK_TICKETED, { q->reference } },
	};
	struct rows *rows[2];
	struct uuid found;
	enum err e;

	if ((e = db_exchange(db, ctx, calls, 2, rows)) != ERR_OK)
		return e;
	if (rows_count(rows[1]) == 0)
		return not_live(db, ctx, q);
	found = row_uuid(rows[1], 0, LOCK_TICKETED_ID);
	q->now_us = row_us(rows[1], 0, LOCK_TICKETED_NOW);
	e = booking_read_all(db, ctx, &found, 1, b);
	return e == ERR_OK && b->user_id == NULL ? ERR_TICKET_NOT_FOUND : e;
}

/* Which tickets of the booking are asked for, and whether they may be checked in. */
static enum err
choose_tickets(TALLOC_CTX *ctx, const struct check_in_request *q, struct check_in *out)
{
	const struct booking *b = &out->booking;
	const struct actor *actor = q->actor;

	if (!actor->staff && strcmp(b->event.seller, actor->user_id) != 0)
		return ERR_FORBIDDEN;
	if (b->status != BOOKING_CONFIRMED)
		return ERR_INVALID_STATE;
	if (q->place > 0 && (b->n_seats == 1 || (size_t)q->place > b->n_seats))
		return ERR_TICKET_NOT_FOUND;
	out->tickets = make_tickets(ctx, b);
	out->n = b->n_seats;
	out->whole = q->place == 0 && b->n_seats > 1;
	if (q->place > 0) {
		out->tickets += q->place - 1;
		out->n = 1;
	}
	return ERR_OK;
}

/*
 * Keeps the tickets that are in by this request: those just written, and those that an earlier
 * try wrote whose COMMIT was not answered. None: ALREADY_CHECKED_IN, and all are kept.
 */
static enum err
keep_own(const struct check_in_request *q, const struct rows *written, const struct rows *all,
         struct check_in *out)
{
	size_t kept = 0;

	note_times(all, out->tickets, out->n);
	for (size_t i = 0; i < out->n; i++) {
		const struct ticket t = out->tickets[i];
		const bool before = q->unknown_us >= 0 && t.checked_in_us == q->unknown_us &&
		                    strcmp(row_text(all, row_of(all, &t), CHECKED_IN_BY),
		                           q->actor->user_id) == 0;

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

/* What is written of the tickets that are asked for, and what is known of all of the booking. */
static enum err
write_tickets(struct db *db, TALLOC_CTX *ctx, const struct check_in_request *q,
              const struct check_in *in, struct rows *rows[3])
{
	const char *booking = param_uuid(ctx, &in->booking.key.id);
	struct array references, seats;
	enum err e;

	assert(db_in_transaction(db) && in->n > 0); /* which has the booking locked */
	array_init(&references, ctx);
	array_init(&seats, ctx);
	for (size_t i = 0; i < in->n; i++) {
		array_text(&references, in->tickets[i].reference);
		array_int(&seats, in->tickets[i].seat->no);
	}
	const struct call calls[] = {
		{ STMT_CHECK_IN,
		  { param_int(ctx, in->booking.key.event_id), booking, array_done(&references),
		    array_done(&seats), q->actor->user_id } },
		{ STMT_CHECKED_IN, { booking } },
		{ .stmt = STMT_COMMIT },
	};
	e = db_exchange(db, ctx, calls, 3, rows);
	return e == ERR_DB_LOST ? ERR_DB_UNKNOWN : e;
}

static enum err
run_check_in(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct check_in_request *q = arg;
	struct check_in *out = q->out;
	struct rows *rows[3];
	enum err e;

	memset(out, 0, sizeof(*out));
	if ((e = lock_booking(db, ctx, q, &out->booking)) != ERR_OK ||
	    (e = choose_tickets(ctx, q, out)) != ERR_OK ||
	    (e = write_tickets(db, ctx, q, out, rows)) != ERR_OK)
		return e;
	return keep_own(q, rows[0], rows[1], out);
}

/* The next try waits for the lost one by the booking's lock; it knows its tickets by their time. */
static enum err
resolve_check_in(struct db *db, TALLOC_CTX *ctx, void *arg)
{
	struct check_in_request *q = arg;

	q->unknown_us = q->now_us;
	return transact_again(db, ctx, arg);
}

enum err
ticket_check_in(struct pool *pool, TALLOC_CTX *ctx, const char *reference,
                const struct actor *actor, struct check_in *out)
{
	struct check_in_request q = { .actor = actor, .out = out, .unknown_us = -1 };
	const struct transaction t = { run_check_in, resolve_check_in, &q };

	assert(reference != NULL && actor->user_id != NULL);
	if (!ticket_reference_parse(reference, q.reference, &q.place))
		return ERR_TICKET_NOT_FOUND;
	return transact(pool, ctx, &t);
}
