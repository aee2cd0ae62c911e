#include "live/read_bookings.h"

#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "store/param.h"

/* The parameters of the four statements. */
struct lists {
	struct array user, own_event;                           /* OWN_STANDING */
	struct array back_user, back_event, back_xid, back_seq; /* OWN_CHANGES */
	struct array event, id;                                 /* BOOKING_STANDING */
	struct array back_id, id_xid, id_seq;                   /* BOOKING_CHANGES */
	/* Which questions these are of, in order. */
	struct read_bookings **own, **own_back, **one, **one_back;
	size_t n_own, n_own_back, n_one, n_one_back;
};

static void
list_own(struct lists *l, struct read_bookings *q)
{
	array_text(&l->user, q->user_id);
	array_int(&l->own_event, q->event_id);
	l->own[l->n_own++] = q;
	if (q->after.xid == 0)
		return;
	array_text(&l->back_user, q->user_id);
	array_int(&l->back_event, q->event_id);
	array_int(&l->back_xid, (int64_t)q->after.xid);
	array_int(&l->back_seq, q->after.seq);
	l->own_back[l->n_own_back++] = q;
}

static void
list_one(struct lists *l, struct read_bookings *q)
{
	array_int(&l->event, q->event_id);
	array_uuid(&l->id, &q->booking_id);
	l->one[l->n_one++] = q;
	if (q->after.xid == 0)
		return;
	array_uuid(&l->back_id, &q->booking_id);
	array_int(&l->id_xid, (int64_t)q->after.xid);
	array_int(&l->id_seq, q->after.seq);
	l->one_back[l->n_one_back++] = q;
}

static struct lists *
make_lists(TALLOC_CTX *ctx, struct read_bookings *const *reads, size_t n)
{
	struct lists *l = talloc_zero(ctx, struct lists);
	struct array *const all[] = { &l->user,     &l->own_event, &l->back_user, &l->back_event,
		                      &l->back_xid, &l->back_seq,  &l->event,     &l->id,
		                      &l->back_id,  &l->id_xid,    &l->id_seq };
	struct read_bookings ***const of[] = { &l->own, &l->own_back, &l->one, &l->one_back };

	for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++)
		array_init(all[i], l);
	for (size_t i = 0; i < sizeof(of) / sizeof(of[0]); i++)
		*of[i] = talloc_array(l, struct read_bookings *, (unsigned)n);
	for (size_t i = 0; i < n; i++) {
		struct read_bookings *q = reads[i];

		q->n_standing = q->n_missed = 0;
		q->found = false;
		if (q->kind == FOLLOW_OWN)
			list_own(l, q);
		else
			list_one(l, q);
	}
	return l;
}

/* Row r of STANDING. */
static void
read_standing(TALLOC_CTX *ctx, const struct rows *rows, int r, struct standing *out)
{
	struct change *c = &out->change;

	memset(out, 0, sizeof(*out));
	c->event_id = row_i32(rows, r, 1);
	c->booking_id = row_uuid(rows, r, 2);
	c->status = booking_status_parse(row_text(rows, r, 4));
	out->lapsed = row_bool(rows, r, 5);
	c->at_us = row_us(rows, r, 6);
	if (!row_null(rows, r, 7))
		c->cursor = (struct cursor){ (uint64_t)row_i64(rows, r, 7), row_i64(rows, r, 8) };
	change_read_facts(ctx, rows, r, 9, c);
}

/* Hands the rows of a statement, which come in the order of the questions, out to them. */
static void
read_standings(TALLOC_CTX *ctx, const struct rows *rows, struct read_bookings **questions)
{
	const int n = rows_count(rows);
	struct standing *all = talloc_array(ctx, struct standing, (unsigned)n);

	for (int r = 0; r < n; r++) {
		struct read_bookings *q = questions[row_i64(rows, r, 0) - 1];

		read_standing(ctx, rows, r, &all[r]);
		if (q->n_standing++ == 0)
			q->standing = &all[r];
		q->found = true;
		q->owner = row_text(rows, r, 3);
		q->seller = row_text(rows, r, 12);
	}
}

static void
read_missed(TALLOC_CTX *ctx, const struct rows *rows, struct read_bookings **questions)
{
	const int n = rows_count(rows);
	struct change *all = talloc_array(ctx, struct change, (unsigned)n);

	for (int r = 0; r < n; r++) {
		struct read_bookings *q = questions[row_i64(rows, r, 0) - 1];

		change_read(ctx, rows, r, 1, &all[r]);
		if (q->n_missed++ == 0)
			q->missed = &all[r];
	}
}

/* Notes of which questions the event exists; the rows begin with its number. */
static void
read_events(TALLOC_CTX *ctx, const struct rows *rows, const struct lists *l)
{
	const size_t n = (size_t)rows_count(rows);
	int32_t *ids = talloc_array(ctx, int32_t, (unsigned)n);

	for (size_t r = 0; r < n; r++)
		ids[r] = row_i32(rows, (int)r, 0);
	qsort(ids, n, sizeof(*ids), compare_i32);
	for (size_t i = 0; i < l->n_own; i++)
		l->own[i]->found = bsearch(&l->own[i]->event_id, ids, n, sizeof(*ids),
		                           compare_i32) != NULL;
}

/* The horizon first: every row below it is in what is read after it. */
enum err
read_bookings_all(struct db *db, TALLOC_CTX *ctx, struct read_bookings *const *reads, size_t n)
{
	struct lists *l = make_lists(ctx, reads, n);
	const char *events = array_done(&l->own_event);
	const struct call calls[] = {
		{ .stmt = STMT_HORIZON },
		{ STMT_READ_EVENTS, { events } },
		{ STMT_OWN_STANDING, { array_done(&l->user), events } },
		{ STMT_OWN_CHANGES,
		  { array_done(&l->back_user), array_done(&l->back_event), array_done(&l->back_xid),
		    array_done(&l->back_seq) } },
		{ STMT_BOOKING_STANDING, { array_done(&l->event), array_done(&l->id) } },
		{ STMT_BOOKING_CHANGES,
		  { array_done(&l->back_id), array_done(&l->id_xid), array_done(&l->id_seq) } },
	};
	struct rows *rows[6];
	enum err e = db_exchange(db, ctx, calls, 6, rows);

	if (e != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		reads[i]->horizon = (struct cursor){ (uint64_t)row_i64(rows[0], 0, 0), 0 };
	read_standings(ctx, rows[2], l->own);
	read_missed(ctx, rows[3], l->own_back);
	read_standings(ctx, rows[4], l->one);
	read_missed(ctx, rows[5], l->one_back);
	read_events(ctx, rows[1], l);
	return ERR_OK;
}
