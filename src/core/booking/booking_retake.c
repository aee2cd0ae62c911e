/* Whether a booking that has ended, and is paid too late, may have its seats again. */
#include "core/booking/booking_retake.h"

#include <assert.h>
#include <string.h>

#include "core/booking/booking_expire.h"
#include "core/booking/booking_state.h"
#include "store/param.h"

/* Whether a seat of LOCK_SEATS is there for a user; lapsed: once its owner has expired. */
static bool
is_free(const struct rows *rows, int r, const char *user_id, bool *lapsed)
{
	const enum seat_status status = seat_status_parse(row_text(rows, r, LOCK_SEATS_STATUS));
	const bool passed = row_bool(rows, r, LOCK_SEATS_LAPSED);

	*lapsed = status == SEAT_RESERVED && passed;
	return status == SEAT_FREE || *lapsed ||
	       (status == SEAT_HELD &&
	        (passed || strcmp(row_text(rows, r, LOCK_SEATS_HOLDER), user_id) == 0));
}

static enum err
lock_seats(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *b, struct rows **rows)
{
	struct array event, no;

	array_init(&event, ctx);
	array_init(&no, ctx);
	for (size_t i = 0; i < b->n_seats; i++) {
		array_int(&event, b->event_id);
		array_int(&no, b->seats[i]);
	}
	const struct call call = { STMT_LOCK_SEATS, { array_done(&event), array_done(&no) } };

	return db_query(db, ctx, call, rows);
}

enum err
booking_retake_check(struct db *db, TALLOC_CTX *ctx, const struct locked_booking *b,
                     int32_t paying_min, bool *all_free)
{
	struct booking_key *owners = talloc_array(ctx, struct booking_key, (unsigned)b->n_seats);
	size_t n_owners = 0;
	struct rows *rows;
	enum err e;

	assert(booking_state_may_retake(b->status));
	if ((e = lock_seats(db, ctx, b, &rows)) != ERR_OK)
		return e;
	*all_free = b->n_seats > 0 && (size_t)rows_count(rows) == b->n_seats;
	for (int r = 0; r < rows_count(rows) && *all_free; r++) {
		bool lapsed;

		*all_free = is_free(rows, r, b->user_id, &lapsed);
		if (lapsed)
			owners[n_owners++] = (struct booking_key){
				row_i32(rows, r, LOCK_SEATS_EVENT),
				row_uuid(rows, r, LOCK_SEATS_BOOKING)
			};
	}
	if (!*all_free || n_owners == 0)
		return ERR_OK;
	db_rollback(db);
	e = booking_expire(db, ctx, owners, n_owners, paying_min);
	return e == ERR_OK ? ERR_TX_RETRY : e;
}
