/* What followers of bookings begin with, read for many of them in one round trip. */
#include "live/read_bookings.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/sort.h"
#include "store/param.h"

/* What is asked of one statement: a row names its question by the place in the arrays. */
struct question_list {
	struct read_bookings **of;
	size_t n;
	struct array column[4]; /* the statement's parameters, an element for each question */
};

/* The calls of read_bookings_all, in their order; those from CALL_OWN on have a list. */
enum {
	CALL_HORIZON,
	CALL_EVENTS,
	CALL_OWN,
	CALL_OWN_MISSED,
	CALL_BOOKING,
	CALL_BOOKING_MISSED,
	CALL__MAX,
};

static const struct {
	enum stmt stmt;
	size_t n_columns; /* of its list */
} statements[CALL__MAX] = {
	[CALL_HORIZON] = { STMT_HORIZON, 0 },
	[CALL_EVENTS] = { STMT_READ_EVENTS, 0 },
	[CALL_OWN] = { STMT_OWN_STANDING, 2 },
	[CALL_OWN_MISSED] = { STMT_OWN_CHANGES, 4 },
	[CALL_BOOKING] = { STMT_BOOKING_STANDING, 2 },
	[CALL_BOOKING_MISSED] = { STMT_BOOKING_CHANGES, 3 },
};

static void
ask_own(struct question_list lists[CALL__MAX], struct read_bookings *q)
{
	struct question_list *l = &lists[CALL_OWN];

	array_text(&l->column[0], q->user_id);
	array_int(&l->column[1], q->event_id);
	l->of[l->n++] = q;
	if (q->after.xid == 0)
		return;
	l = &lists[CALL_OWN_MISSED];
	array_text(&l->column[0], q->user_id);
	array_int(&l->column[1], q->event_id);
	array_int(&l->column[2], (int64_t)q->after.xid);
	array_int(&l->column[3], q->after.seq);
	l->of[l->n++] = q;
}

static void
ask_booking(struct question_list lists[CALL__MAX], struct read_bookings *q)
{
	struct question_list *l = &lists[CALL_BOOKING];

	array_int(&l->column[0], q->event_id);
	array_uuid(&l->column[1], &q->booking_id);
	l->of[l->n++] = q;
	if (q->after.xid == 0)
		return;
	l = &lists[CALL_BOOKING_MISSED];
	array_uuid(&l->column[0], &q->booking_id);
	array_int(&l->column[1], (int64_t)q->after.xid);
	array_int(&l->column[2], q->after.seq);
	l->of[l->n++] = q;
}

static struct question_list *
make_lists(TALLOC_CTX *ctx, struct read_bookings *const *reads, size_t n)
{
	struct question_list *lists = talloc_zero_array(ctx, struct question_list, CALL__MAX);

	for (int c = CALL_OWN; c < CALL__MAX; c++) {
		assert(statements[c].n_columns <=
		       sizeof(lists[c].column) / sizeof(lists[c].column[0]));
		arrays_init(lists[c].column, statements[c].n_columns, lists);
		lists[c].of = talloc_array(lists, struct read_bookings *, (unsigned)n);
	}
	for (size_t i = 0; i < n; i++) {
		struct read_bookings *q = reads[i];

		assert(q->kind == FOLLOW_OWN || q->kind == FOLLOW_BOOKING);
		q->n_standing = q->n_missed = 0;
		q->found = false;
		if (q->kind == FOLLOW_OWN)
			ask_own(lists, q);
		else
			ask_booking(lists, q);
	}
	return lists;
}

/* The question that a row answers. */
static struct read_bookings *
question_of(const struct question_list *l, const struct rows *rows, int r, int c)
{
	const int64_t at = row_i64(rows, r, c);

	assert(at >= 1 && at <= (int64_t)l->n);
	return l->of[at - 1];
}

/* Row r of STANDING. */
static void
read_standing(TALLOC_CTX *ctx, const struct rows *rows, int r, struct booking_standing *out)
{
	struct change *c = &out->change;

	memset(out, 0, sizeof(*out));
	c->event_id = row_i32(rows, r, STANDING_EVENT);
	c->booking_id = row_uuid(rows, r, STANDING_ID);
	c->status = booking_status_parse(row_text(rows, r, STANDING_STATUS));
	out->lapsed = row_bool(rows, r, STANDING_LAPSED);
	c->at_us = row_us(rows, r, STANDING_SINCE);
	if (!row_null(rows, r, STANDING_XID))
		c->cursor = (struct cursor){ (uint64_t)row_i64(rows, r, STANDING_XID),
			                     row_i64(rows, r, STANDING_SEQ) };
	change_read_facts(ctx, rows, r, STANDING_FACTS, c);
}

/* Hands the rows out to the questions, in whose order they come. */
static void
read_standings(TALLOC_CTX *ctx, const struct rows *rows, const struct question_list *l)
{
	const int n = rows_count(rows);
	struct booking_standing *all = talloc_array(ctx, struct booking_standing, (unsigned)n);

	for (int r = 0; r < n; r++) {
		struct read_bookings *q = question_of(l, rows, r, STANDING_AT);

		read_standing(ctx, rows, r, &all[r]);
		if (q->n_standing++ == 0)
			q->standing = &all[r];
		assert(&q->standing[q->n_standing - 1] == &all[r]);
		q->found = true;
		q->owner = row_text(rows, r, STANDING_USER);
		q->seller = row_text(rows, r, STANDING_SELLER);
	}
}

/* Likewise. */
static void
read_missed(TALLOC_CTX *ctx, const struct rows *rows, const struct question_list *l)
{
	const int n = rows_count(rows);
	struct change *all = talloc_array(ctx, struct change, (unsigned)n);

	for (int r = 0; r < n; r++) {
		struct read_bookings *q = question_of(l, rows, r, MISSED_AT);

		change_read(ctx, rows, r, MISSED_CHANGE, &all[r]);
		if (q->n_missed++ == 0)
			q->missed = &all[r];
		assert(&q->missed[q->n_missed - 1] == &all[r]);
	}
}

/* Notes of which questions the event exists. */
static void
read_events(TALLOC_CTX *ctx, const struct rows *rows, const struct question_list *l)
{
	const size_t n = (size_t)rows_count(rows);
	int32_t *ids = talloc_array(ctx, int32_t, (unsigned)n);

	for (size_t r = 0; r < n; r++)
		ids[r] = row_i32(rows, (int)r, READ_EVENTS_ID);
	qsort(ids, n, sizeof(*ids), compare_i32);
	for (size_t i = 0; i < l->n; i++)
		l->of[i]->found = bsearch(&l->of[i]->event_id, ids, n, sizeof(*ids), compare_i32) !=
		                  NULL;
}

/* The horizon comes first: every row below it is in what is read after it. */
enum err
read_bookings_all(struct db *db, TALLOC_CTX *ctx, struct read_bookings *const *reads, size_t n)
{
	struct question_list *lists = make_lists(ctx, reads, n);
	struct call calls[CALL__MAX];
	struct rows *rows[CALL__MAX];
	enum err e;

	for (int c = 0; c < CALL__MAX; c++) {
		calls[c] = (struct call){ .stmt = statements[c].stmt };
		if (c >= CALL_OWN)
			arrays_done(lists[c].column, statements[c].n_columns, calls[c].param);
	}
	calls[CALL_EVENTS].param[0] = calls[CALL_OWN].param[1];
	if ((e = db_exchange(db, ctx, calls, CALL__MAX, rows)) != ERR_OK)
		return e;
	for (size_t i = 0; i < n; i++)
		reads[i]->horizon = (struct cursor){
			(uint64_t)row_i64(rows[CALL_HORIZON], 0, HORIZON_XID), 0
		};
	read_standings(ctx, rows[CALL_OWN], &lists[CALL_OWN]);
	read_missed(ctx, rows[CALL_OWN_MISSED], &lists[CALL_OWN_MISSED]);
	read_standings(ctx, rows[CALL_BOOKING], &lists[CALL_BOOKING]);
	read_missed(ctx, rows[CALL_BOOKING_MISSED], &lists[CALL_BOOKING_MISSED]);
	read_events(ctx, rows[CALL_EVENTS], &lists[CALL_OWN]);
	return ERR_OK;
}
