#ifndef ROWLOCK_CORE_TICKET_TICKET_H
#define ROWLOCK_CORE_TICKET_TICKET_H

#include "core/booking/booking.h"

/*
 * Tickets to events, and checking them in at the door. A confirmed booking has a ticket
 * for each of its seats. Nothing is written of a ticket before it is checked in: its reference is
 * that of its booking, with "-1", "-2" … behind it, by the seats' order, when there are several.
 */

/* One ticket. */
struct ticket {
	const char *reference;
	const struct booked_seat *seat; /* of the booking */
	size_t place;                   /* of that seat in the booking, from 1 */
	int64_t checked_in_us;          /* -1: it is not */
};

/* All tickets of a booking. */
struct tickets {
	const struct booking *booking;
	struct ticket *tickets;
	size_t n;
	const char *when; /* the event's start, for people, by the clocks of its place */
};

/*
 * Reads the tickets of a confirmed booking.
 *
 * booking	as read; out points to it and to its seats
 * out		set; on ctx
 *
 * Errors: INVALID_STATE (it is not confirmed), UNAVAILABLE.
 */
enum err ticket_read(struct pool *pool, TALLOC_CTX *ctx, const struct booking *booking,
                     struct tickets *out) MUST_CHECK;

/* What became of a check-in, on the caller's ctx. */
struct check_in {
	struct booking booking;
	struct ticket *tickets; /* those checked in by this; ALREADY_CHECKED_IN: all asked for */
	size_t n;
	bool whole; /* the reference was that of a booking of several seats */
};

/*
 * Checks a ticket in, once, however many ask at once; or, by the reference of a booking of several
 * seats, all of its tickets that are not in yet. The booking is locked meanwhile: it is
 * refunded before that, or after.
 *
 * reference	in any spelling (ticket_reference_parse)
 * actor	the seller of the event, or staff
 *
 * Errors: TICKET_NOT_FOUND, FORBIDDEN, INVALID_STATE (its booking is confirmed no more,
 * or in the archive: then out->booking is not set),
 * ALREADY_CHECKED_IN (all that were asked for; out says since when), UNAVAILABLE.
 */
enum err ticket_check_in(struct pool *pool, TALLOC_CTX *ctx, const char *reference,
                         const struct actor *actor, struct check_in *out) MUST_CHECK;

#endif
