#ifndef ROWLOCK_STORE_RESERVE_WRITE_H
#define ROWLOCK_STORE_RESERVE_WRITE_H

#include "store/db.h"
#include "store/hold_rows.h"
#include "store/enums.h"

/* What is written of a booking. */
enum write_kind {
	WRITE_BOOKED,   /* a new one with its seats: pending */
	WRITE_ACCEPTED, /* a new one without: requested */
	WRITE_SEATED,   /* one that was accepted gets its seats: pending */
	WRITE_FAILED,   /* one that was accepted gets none: failed */
	WRITE_HELD,     /* no booking: seats are held */
	WRITE__MAX
};

/* One booking to be written, or one hold. */
struct reserve_write {
	enum write_kind
	    kind; /* with type and payload, of bookings, by core/booking/booking_move.c */
	struct uuid id;
	int32_t event_id;
	const char *user_id;
	const char *user_name;      /* or NULL */
	const char *correlation_id; /* or NULL */
	const char *currency;
	const int32_t *seats;        /* as asked for */
	const int32_t *prices_minor; /* of the same */
	size_t n_seats;
	int64_t total_minor;
	int32_t window_min; /* 0: no window; of WRITE_HELD: how long */
	enum booking_mode mode;
	const char *type;      /* of the journal row: a constant */
	const char *payload;   /* likewise, JSON */
	int32_t quantity;      /* WRITE_ACCEPTED, with the next two */
	const char *section;   /* or NULL */
	int32_t subsection;    /* 0: any */
	const char *positions; /* WRITE_ACCEPTED and WRITE_SEATED: JSON, or NULL */
	const char *reason;    /* WRITE_FAILED */
	const struct hold_rows
	    *holding;   /* WRITE_HELD: all that is held then; NULL: another says it */
	int64_t number; /* set by reserve_write for new ones */
};

/* Whether seats belong to the one who asked once this is written. */
bool reserve_write_takes_seats(const struct reserve_write *w);

/*
 * The calls that write bookings and holds, their seats and their journal rows; how many. On ctx.
 * INSERT_BOOKINGS and INSERT_REQUESTS, where they are among them, return ids and numbers.
 */
#define WRITE_CALLS (WRITE_HELD + HOLDING_CALLS + 2)
size_t reserve_write_calls(TALLOC_CTX *ctx, const struct reserve_write *writes, size_t n,
                           struct call calls[WRITE_CALLS]);

#endif
