#ifndef ROWLOCK_CORE_RESERVE_CLERK_H
#define ROWLOCK_CORE_RESERVE_CLERK_H

#include "core/reserve/seat_request.h"

/*
 * The clerk of a process: its threads queue for seats, and one of those that wait settles all
 * requests in the queue in one transaction (store/combiner.h). While its COMMIT waits for the
 * disk, the next batch begins on a second connection.
 */
struct clerk;

#define CLERK_CONNECTIONS 2

/*
 * Makes a clerk, on ctx. It is freed when no thread is in clerk_book any more.
 *
 * conninfo	of the clerk's own CLERK_CONNECTIONS connections, opened when first used
 * policy	the limits that hold where an event says nothing; copied
 * inventories	in which best seats are chosen; must outlive the clerk
 */
struct clerk *clerk_new(TALLOC_CTX *ctx, const char *conninfo, const struct policy *policy,
                        struct inventory_cache *inventories);

/*
 * Books or holds seats: joins the queue of this process and returns when the request has been
 * settled, by this thread or by another. Any number of threads may call.
 *
 * request	REQUEST_BOOK, REQUEST_ACCEPT or REQUEST_HOLD; left alone by the caller meanwhile;
 *		n_seats and seats are set when best
 * out		set; see struct answer; lives on request->ctx
 *
 * Returns out->err: ERR_OK (the booking or hold is committed), SEAT_ALREADY_RESERVED (out->refused
 * lists them), SEAT_NOT_FOUND (likewise), EVENT_NOT_FOUND, EVENT_NOT_ON_SALE, EVENT_CANCELLED,
 * NOT_ENOUGH_SEATS, TOO_MANY_PENDING_BOOKINGS, VALIDATION_ERROR (more seats than out->limit),
 * KEY_KNOWN and IDEMPOTENCY_IN_PROGRESS (request->idempotent), INTERNAL, UNAVAILABLE (nothing was
 * booked, unless the database went away during COMMIT and has not come back since). Rules: R-10 to
 *
 */
enum err clerk_book(struct clerk *clerk, struct seat_request *request,
                    struct answer *out) MUST_CHECK;

/*
 * Gives seats to bookings that were accepted, all in one transaction where possible: for a program
 * that takes them from a queue of its own.
 *
 * db		a connection of the caller's that has no transaction open; it need not stand
 * requests	n of them (1 to BATCH_MAX), of kind REQUEST_SEAT
 * answers	n, set: ERR_OK, it is pending; INVALID_STATE, it did not wait for seats (any more);
 *		UNAVAILABLE and INTERNAL, it still waits; any other, it has failed for that reason
 */
void clerk_seat(struct clerk *clerk, struct db *db, struct seat_request *requests,
                struct answer *answers, size_t n);

#endif
