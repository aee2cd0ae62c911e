#include "core/reserve/seat_accepted.h"

#include <string.h>

#include "base/log.h"
#include "core/reserve/batch.h"
#include "store/param.h"

#define INVENTORY_ROOM 1000000 /* seats that are kept to choose from */

struct accepted {
	struct db *db;
	struct pool *pool;
	struct inventory_cache *inventories;
	struct clerk *clerk;
};

struct accepted *
accepted_new(TALLOC_CTX *ctx, const char *database, const struct policy *policy)
{
	struct accepted *s = talloc_zero(ctx, struct accepted);

	s->db = db_new(s, database);
	s->pool = pool_new(s, database, 1);
	s->inventories = inventory_cache_new(s, s->pool, INVENTORY_ROOM);
	s->clerk = clerk_new(s, database, policy, s->inventories);
	return s;
}

/* Makes of a booking that is to be seated what seat choice needs. */
static enum err
find_wish(struct accepted *s, struct seat_request *a)
{
	const struct wish wish = { .quantity = a->quantity,
		                   .section = a->section,
		                   .subsection = a->subsection };
	const char *field;
	enum err e = inventory_open(s->inventories, a->event_id, &a->inventory);

	if (e == ERR_OK)
		e = inventory_resolve(a->inventory, a->ctx, &wish, &a->party, &a->only_section,
		                      &field);
	return e;
}

/* Whether what keeps a booking's house from being read is the database's fault, or ours. */
static bool
is_passing(enum err e)
{
	return e != ERR_EVENT_NOT_FOUND && e != ERR_EVENT_NOT_ON_SALE && e != ERR_VALIDATION_ERROR;
}

/* Whether a booking waits on after this answer. */
static bool
is_open(enum err e)
{
	return e == ERR_UNAVAILABLE || e == ERR_INTERNAL;
}

/* Row r of REQUEST_COLUMNS. */
static enum err
read_request(struct accepted *s, TALLOC_CTX *ctx, const struct rows *rows, int r,
             struct seat_request *a)
{
	size_t n;
	int32_t *seats = row_ints(ctx, rows, r, 5, &n);

	*a = (struct seat_request){ .ctx = ctx,
		                    .kind = REQUEST_SEAT,
		                    .queued = true,
		                    .event_id = row_i32(rows, r, 0),
		                    .id = row_uuid(rows, r, 1),
		                    .user_id = row_text(rows, r, 2),
		                    .user_name = row_text(rows, r, 3),
		                    .best = booking_mode_parse(row_text(rows, r, 4)) == MODE_BEST,
		                    .quantity = row_i32(rows, r, 6),
		                    .section = row_text(rows, r, 7),
		                    .subsection = row_null(rows, r, 8) ? 0 : row_i32(rows, r, 8),
		                    .positions = row_text(rows, r, 9),
		                    .correlation_id = row_text(rows, r, 10) };
	if (a->best) {
		enum err e = find_wish(s, a);

		if (e == ERR_OK || is_passing(e))
			return e;
		a->known_err = e; /* the booking fails for it */
		a->best = false;
		return ERR_OK;
	}
	a->n_seats = n < POLICY_SEATS_MOST ? n : POLICY_SEATS_MOST;
	memcpy(a->seats, seats, a->n_seats * sizeof(seats[0]));
	return ERR_OK;
}

static void
complain(const struct seat_request *request, enum err e)
{
	char id[UUID_TEXT];

	log_line(LOG_ERROR, "a booking could not be seated, it is tried again", "booking",
	         uuid_text(&request->id, id), "error", err_name(e), NULL);
}

/*
 * Reads the asks of rows and settles them; `which` lists the rows, or NULL: the first n. Those
 * that cannot be settled now hold up nobody: their answers say so.
 */
static void
settle_rows(struct accepted *s, TALLOC_CTX *ctx, const struct rows *rows, const int *which,
            size_t n, struct answer *out)
{
	struct seat_request *requests = talloc_zero_array(ctx, struct seat_request, (unsigned)n);
	struct answer *answers = talloc_zero_array(ctx, struct answer, (unsigned)n);
	size_t *place = talloc_array(ctx, size_t, (unsigned)n);
	size_t good = 0;

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

	*taken = *settled = 0;
	if ((e = db_ready(s->db)) == ERR_OK && (e = db_query(s->db, ctx, call, &rows)) == ERR_OK) {
		*taken = (size_t)rows_count(rows);
		answers = talloc_zero_array(ctx, struct answer, (unsigned)*taken);
		settle_rows(s, ctx, rows, NULL, *taken, answers);
		for (size_t i = 0; i < *taken; i++)
			*settled += !is_open(answers[i].err);
	}
	talloc_free(ctx);
	return e;
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

	for (size_t i = 0; i < n; i++)
		out[i] = SEATED_UNKNOWN;
	if ((e = db_ready(s->db)) == ERR_OK && (e = db_query(s->db, ctx, call, &rows)) == ERR_OK) {
		for (int r = 0; r < rows_count(rows); r++) {
			out[row_i64(rows, r, 12) - 1] = SEATED_DONE;
			if (booking_status_parse(row_text(rows, r, 11)) == BOOKING_REQUESTED)
				which[waiting++] = r;
		}
		settle_rows(s, ctx, rows, which, waiting, answers);
		for (size_t i = 0; i < waiting; i++) {
			if (is_open(answers[i].err))
				out[row_i64(rows, which[i], 12) - 1] = answers[i].err ==
				                                               ERR_INTERNAL
				                                           ? SEATED_BROKEN
				                                           : SEATED_LATER;
		}
	}
	talloc_free(ctx);
	return e;
}
