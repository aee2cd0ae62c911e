#ifndef ROWLOCK_CORE_RESERVE_CHOICE_H
#define ROWLOCK_CORE_RESERVE_CHOICE_H

#include "core/reserve/decide.h"

/*
 * The seats that the system chooses for the requests of a batch, from what the
 * inventory knows and before anything is locked. Seats that were chosen are promised in the
 * inventory until choice_end; the locks then tell whether they could be had.
 */
struct choice {
	struct seat_request *const *requests; /* n of them */
	struct verdict *verdicts; /* of the same; err is set here when it is found out */
	size_t n;
	struct choosing events; /* those in which seats are chosen; alone: reserve_alone */
};

/*
 * Finds the events that seats are chosen in, on ctx, and forgets the seats that an earlier try
 * chose. requests, verdicts and n are set by the caller before.
 */
void choice_begin(TALLOC_CTX *ctx, struct choice *choice);

/*
 * Chooses seats for one request after the other, into request->seats, and looks whether
 * there is room for those that are to be accepted. Must be followed by choice_end.
 *
 * db	reads what the inventory does not know any more; in a transaction or not
 *
 * Sets the verdicts' err: request->known_err, NOT_ENOUGH_SEATS, or TX_RETRY (all that would do is
 * promised to others, which may yet give it back). Errors as of db_exchange.
 */
enum err choice_make(struct db *db, TALLOC_CTX *ctx, struct choice *choice) MUST_CHECK;

/*
 * Ends the promises of a batch: seats were booked, were lost to others, or are free again.
 *
 * committed	whether what the verdicts say was written
 */
void choice_end(const struct choice *choice, bool committed);

#endif
