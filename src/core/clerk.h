#ifndef ROWLOCK_CLERK_H
#define ROWLOCK_CLERK_H

#include "core/ask.h"

/*
 * The window at which the threads of a process queue for seats. One of those that wait
 * becomes the clerk, takes everyone in the queue, and settles them all in one transaction:
 * lock, decide, write. While its COMMIT waits for the disk, the next clerk begins on a second
 * connection.
 */
struct clerk;

#define CLERK_CONNECTIONS 2

/*
 * conninfo	of the clerk's own CLERK_CONNECTIONS connections
 * policy	the limits that hold where an event says nothing; copied
 */
struct clerk *clerk_new(TALLOC_CTX *ctx, const char *conninfo, const struct policy *policy);

/*
 * Books seats: joins the queue of this process and returns when the request has been
 * settled, by this thread or by whichever became the clerk. Any number of threads may call.
 *
 * ask	1 to ASK_MAX_SEATS distinct seats of one event, ascending; must stay as it is
 * out	set; see struct answer; lives on ask->ctx
 *
 * Returns out->err: ERR_OK (the booking is committed), SEAT_ALREADY_RESERVED (out->refused
 * lists them), SEAT_NOT_FOUND (likewise), EVENT_NOT_FOUND, EVENT_NOT_ON_SALE,
 * EVENT_CANCELLED, TOO_MANY_PENDING_BOOKINGS, VALIDATION_ERROR (more seats than
 * out->limit), UNAVAILABLE (nothing was booked, unless the database went away during COMMIT
 * and has not come back since). Rules.
 */
enum err clerk_book(struct clerk *clerk, struct ask *ask, struct answer *out) MUST_CHECK;

#endif
