#ifndef ROWLOCK_CORE_JOURNAL_CHANGE_H
#define ROWLOCK_CORE_JOURNAL_CHANGE_H

#include "base/cursor.h"
#include "base/err.h"
#include "base/ids.h"
#include "store/db.h"
#include "store/enums.h"

/*
 * What a row of the journal says to those that watch bookings and seats: read from a message that
 * the relay has published in Redis, or from the row itself.
 */

/* A booking that moved. */
struct change {
	struct cursor cursor; /* of the row */
	int32_t event_id;
	struct uuid booking_id;
	enum booking_status status; /* from then on; BOOKING__MAX: the row moves no booking */
	int64_t at_us;              /* when it happened */
	const char *positions;      /* a JSON list of "row-seat"; NULL: none known */
	const char *message;        /* why it failed, for people; or NULL */
	int32_t *seats;             /* n_seats numbers */
	size_t n_seats;
};

struct seat_state {
	int32_t no;
	enum seat_status status;
};

/* Seats that changed, n of them; 0 for a row that changes none. */
struct seats_change {
	struct cursor cursor; /* of the row */
	struct seat_state *seats;
	size_t n;
};

/* The name of a seat's state in messages: "available", "held" … (rowlock-sse(8)); a constant. */
const char *change_seat_name(enum seat_status s);

/*
 * Reads a message of a channel booking:status:….
 *
 * text		n bytes, as received
 * out		set on ERR_OK; its texts and lists are on ctx
 *
 * Errors: VALIDATION_ERROR (it is not a message of the relay).
 */
enum err change_parse(TALLOC_CTX *ctx, const char *text, size_t n, struct change *out) MUST_CHECK;

/* Likewise a message of a channel event:seats:…. */
enum err change_parse_seats(TALLOC_CTX *ctx, const char *text, size_t n,
                            struct seats_change *out) MUST_CHECK;

/*
 * Reads a row of the journal.
 *
 * c	where the columns CHANGE_… (statements/stream.def) begin in row r
 * out	set; its texts live as long as the rows, its seats are on ctx
 */
void change_read(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, struct change *out);

/* Likewise of rows with only the columns FACTS_…: sets positions, seats and message alone. */
void change_read_facts(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, struct change *out);

/* The seats that a row changed, on ctx; change: what change_read has read from the same row. */
void change_read_seats(TALLOC_CTX *ctx, const struct rows *rows, int r, int c,
                       const struct change *change, struct seats_change *out);

/* A copy as one talloc tree under ctx, which needs neither rows nor message any more. */
struct change *change_copy(TALLOC_CTX *ctx, const struct change *c);

#endif
