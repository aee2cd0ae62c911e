#ifndef ROWLOCK_CORE_JOURNAL_CHANGE_H
#define ROWLOCK_CORE_JOURNAL_CHANGE_H

#include "base/cursor.h"
#include "base/err.h"
#include "base/ids.h"
#include "store/rows.h"
#include "store/enums.h"

/* What a row of the journal says to those who watch: as published by Redis, or as read. */

/* A booking that moved. */
struct change {
	struct cursor cursor;
	int32_t event_id;
	struct uuid booking_id;
	enum booking_status status; /* BOOKING__MAX: the row moves no booking */
	int64_t at_us;
	const char *positions; /* a JSON list of "row-seat"; NULL: none known */
	const char *message;   /* why it failed, for people; or NULL */
	int32_t *seats;        /* numbers */
	size_t n_seats;
};

struct seat_state {
	int32_t no;
	enum seat_status status;
};

/* Seats that changed; none, for a row that changes none. */
struct seats_change {
	struct cursor cursor;
	struct seat_state *seats;
	size_t n;
};

/* The name of a seat's state in messages: "available", "held" … */
const char *change_seat_name(enum seat_status s);

/*
 * Reads a message of booking:status:… or of event:seats:…; everything on ctx. Errors:
 * VALIDATION_ERROR (it is none of ours).
 */
enum err change_parse(TALLOC_CTX *ctx, const char *text, size_t n, struct change *out) MUST_CHECK;
enum err change_parse_seats(TALLOC_CTX *ctx, const char *text, size_t n,
                            struct seats_change *out) MUST_CHECK;

/*
 * Reads row r of CHANGE_COLUMNS, the first of which is column c; what is not copied lives as
 * long as the rows.
 */
void change_read(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, struct change *out);

/*
 * The columns behind those: positions, seats, message; for rows that have only these. Sets
 * them and nothing else.
 */
void change_read_facts(TALLOC_CTX *ctx, const struct rows *rows, int r, int c, struct change *out);

/* The seats that a row of CHANGE_COLUMNS changed, of a change that was read from it. */
void change_read_seats(TALLOC_CTX *ctx, const struct rows *rows, int r, int c,
                       const struct change *change, struct seats_change *out);

/* A copy, all on ctx. */
struct change *change_copy(TALLOC_CTX *ctx, const struct change *c);

#endif
