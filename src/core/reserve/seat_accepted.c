/*
 * Gives seats to bookings that were accepted before: reads those that wait and settles them through
 * the clerk. Whether one still waits, the clerk sees when it has locked the booking.
 */
#include "core/reserve/seat_accepted.h"

#include <assert.h>
#include <string.h>

#include "base/log.h"
#include "core/reserve/batch.h"
#include "store/param.h"

_Static_assert(SEATING_MOST <= BATCH_MAX, "a round is settled in one batch");

#define INVENTORY_ROOM 1000000 /* seats that are kept to choose from */

struct accepted {
	struct db *db;     /* reads what waits, and settles it */
	struct pool *pool; /* of one connection, for the inventories' layouts */
	struct inventory_cache *inventories;
	struct clerk *clerk; /* for clerk_seat alone: nothing queues for it */
};

struct accepted *
accepted_new(TALLOC_CTX *ctx, const char *database, const struct policy *policy)
{
	struct accepted *s = talloc_zero(ctx, struct accepted);

	assert(database != NULL && policy != NULL);
	s->db = db_new(s, database);
	s->pool = pool_new(s, database, 1);
	s->inventories = inventory_cache_new(s, s->pool, INVENTORY_ROOM);
	s->clerk = clerk_new(s, database, policy, s->inventories);
	return s;
}

/* Opens the inventory of a booking that leaves the choice to the system, and finds its party. */
static enum err
open_inventory(struct accepted *s, struct seat_request *request)
{
	const struct wish wish = { .quantity = request->quantity,
		                   .section = request->section,
		                   .subsection = request->subsection };
	const char *field;
	enum err e = inventory_open(s->inventories, request->event_id, &request->inventory);

	if (e == ERR_OK)
		e = inventory_resolve(request->inventory, request->ctx, &wish, &request->party,
		                      &request->only_section, &field);
	return e;
}

/* Whether an error of open_inventory may pass: it says nothing about the booking itself. */
static bool
is_passing(enum err e)
{
	return e != ERR_EVENT_NOT_FOUND && e != ERR_EVENT_NOT_ON_SALE && e != ERR_VALIDATION_ERROR;
}

/* Whether a booking waits on after this answer. */
static bool
waits_on(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_INTERNAL;
}

/* Makes a request of row r; its texts live as long as the rows. */
static enum err
read_request(struct accepted *s, TALLOC_CTX *ctx, const struct rows *rows, int r,
             struct seat_request *out)
{
	size_t n;
	int32_t *seats = row_ints(ctx, rows, r, REQUESTS_SEATS, &n);

	*out = (struct seat_request){
		.ctx = ctx,
		.kind = REQUEST_SEAT,
		.queued = true,
		.event_id = row_i32(rows, r, REQUESTS_EVENT),
		.id = row_uuid(rows, r, REQUESTS_ID),
		.user_id = row_text(rows, r, REQUESTS_USER),
		.user_name = row_text(rows, r, REQUESTS_USER_NAME),
		.best = booking_mode_parse(row_text(rows, r, REQUESTS_MODE)) == MODE_BEST,
		.quantity = row_i32(rows, r, REQUESTS_QUANTITY),
		.section = row_text(rows, r, REQUESTS_SECTION),
		.subsection = row_null(rows, r, REQUESTS_SUBSECTION)
		                  ? 0
		                  : row_i32(rows, r, REQUESTS_SUBSECTION),
		.positions = row_text(rows, r, REQUESTS_POSITIONS),
		.correlation_id = row_text(rows, r, REQUESTS_CORRELATION),
	};
	if (out->best) {
		enum err e = open_inventory(s, out);

		if (e == ERR_OK || is_passing(e))
			return e;
		out->known_err = e; /* the booking fails for it */
		out->best = false;
		return ERR_OK;
	}
	if (n == 0) /* a row of another hand: it names no seat, and would keep the others waiting */
		out->known_err = ERR_SEAT_NOT_FOUND;
	out->n_seats = n < POLICY_SEATS_MOST ? n : POLICY_SEATS_MOST;
	memcpy(out->seats, seats, out->n_seats * sizeof(seats[0]));
	return ERR_OK;
}

/* Logs that a booking waits on for a reason of its own. */
static void
complain(const struct seat_request *request, enum err e)
{
	char id[UUID_TEXT];

	log_line(LOG_ERROR, "a booking could not be seated, it is tried again", "booking",
	         uuid_text(&request->id, id), "error", err_name(e), NULL);
}

/*
 * Settles the bookings of n rows: those listed in `which`, or NULL: the first n. A booking that
 * cannot be settled now does not hold up the others; its answer says so.
 */
static void
settle_rows(struct accepted *s, TALLOC_CTX *ctx, const struct rows *rows, const int *which,
            size_t n, struct answer *out)
{
	struct seat_request *requests = talloc_zero_array(ctx, struct seat_request, (unsigned)n);
	struct answer *answers = talloc_zero_array(ctx, struct answer, (unsigned)n);
	size_t *place = talloc_array(ctx, size_t, (unsigned)n);
	size_t good = 0;

	assert(n <= SEATING_MOST);
	for (size_t i = 0; i < n; i++) {
		out[i].err = read_request(s, ctx, rows, which == NULL ? (int)i : which[i],
		                          &requests[good]);
		if (out[i].err == ERR_OK) {
			place[good++] = i;
		} else {
			complain(&requests[good], out[i].err);
			out[i].err = out[i].err == ERR_INTERNAL ? ERR_INTERNAL : ERR_UNAVAILABLE;
			inventory_close(requests[good].inventory);
		}
	}
	if (good > 0)
		clerk_seat(s->clerk, s->db, requests, answers, good);
	for (size_t i = 0; i < good; i++) {
		out[place[i]] = answers[i];
		if (answers[i].err == ERR_INTERNAL)
			complain(&requests[i], ERR_INTERNAL);
		inventory_close(requests[i].inventory);
	}
}

enum err
accepted_oldest(struct accepted *s, int32_t age_s, size_t *taken, size_t *settled)
{
	TALLOC_CTX *ctx = talloc_new(s);
	const struct call call = { STMT_OLDEST_REQUESTS,
		                   { param_int(ctx, SEATING_MOST), param_int(ctx, age_s) } };
	struct answer *answers;
	struct rows *rows;
	enum err e;

	assert(age_s >= 0);
	*taken = *settled = 0;
	if ((e = db_ready(s->db)) == ERR_OK && (e = db_query(s->db, ctx, call, &rows)) == ERR_OK) {
		*taken = (size_t)rows_count(rows);
		answers = talloc_zero_array(ctx, struct answer, (unsigned)*taken);
		settle_rows(s, ctx, rows, NULL, *taken, answers);
		for (size_t i = 0; i < *taken; i++)
			*settled += !waits_on(answers[i].err);
	}
	talloc_free(ctx);
	return e;
}

/* The entry of `out` that row r of REQUESTS is about. */
static enum seated *
place_of(const struct rows *rows, int r, enum seated *out, size_t n)
{
	const int64_t at = row_i64(rows, r, REQUESTS_AT);

	assert(at >= 1 && (size_t)at <= n);
	return &out[at - 1];
}

enum err
accepted_named(struct accepted *s, const struct uuid *ids, size_t n, enum seated *out)
{
	TALLOC_CTX *ctx = talloc_new(s);
	struct answer *answers = talloc_zero_array(ctx, struct answer, (unsigned)n);
	int *which = talloc_array(ctx, int, (unsigned)n);
	const struct id_params p = param_ids(ctx, ids, n);
	const struct call call = { STMT_REQUESTS, { p.events, p.ids } };
	size_t waiting = 0;
	struct rows *rows;
	enum err e;

	assert(n >= 1 && n <= SEATING_MOST);
	for (size_t i = 0; i < n; i++)
		out[i] = SEATED_UNKNOWN;
	if ((e = db_ready(s->db)) == ERR_OK && (e = db_query(s->db, ctx, call, &rows)) == ERR_OK) {
		for (int r = 0; r < rows_count(rows); r++) {
			*place_of(rows, r, out, n) = SEATED_DONE;
			if (booking_status_parse(row_text(rows, r, REQUESTS_STATUS)) ==
			    BOOKING_REQUESTED)
				which[waiting++] = r;
		}
		settle_rows(s, ctx, rows, which, waiting, answers);
		for (size_t i = 0; i < waiting; i++) {
			if (waits_on(answers[i].err))
				*place_of(rows, which[i], out, n) = answers[i].err == ERR_INTERNAL
				                                        ? SEATED_BROKEN
				                                        : SEATED_LATER;
		}
	}
	talloc_free(ctx);
	return e;
}
