#ifndef ROWLOCK_LIVE_READ_BOOKINGS_H
#define ROWLOCK_LIVE_READ_BOOKINGS_H

#include "core/journal/change.h"
#include "live/follower.h"
#include "store/db.h"

/* What followers of bookings begin with, read for many of them at once. */

/* A booking as it is. */
struct booking_standing {
	struct change change; /* cursor: of its last move, 0 when the journal knows none */
	bool lapsed;          /* it reads as expired, and its row does not say so yet */
};

struct read_bookings {
	/* What is wanted. */
	enum follow kind; /* FOLLOW_OWN or FOLLOW_BOOKING */
	int32_t event_id;
	struct uuid booking_id; /* FOLLOW_BOOKING */
	const char *user_id;    /* FOLLOW_OWN */
	struct cursor after;    /* what was missed since then, too; xid 0: nothing was */

	/* What was read. */
	bool found;                 /* there is such an event, such a booking */
	const char *owner, *seller; /* of the booking */
	struct cursor horizon;      /* all rows below it are in what was read */
	/* Those that are live or became final in the last 60 s, the newest 100, by their last
	 * moves; or the booking. */
	struct booking_standing *standing;
	size_t n_standing;
	struct change *missed; /* in order; more than FOLLOW_REPLAY_MOST: not all */
	size_t n_missed;
};

/*
 * Reads for n followers, in one round trip.
 *
 * ctx		owns what is read
 * reads	n questions, whose second parts are set on ERR_OK
 *
 * Errors as of db_exchange: then nothing was read, for none of them.
 */
enum err read_bookings_all(struct db *db, TALLOC_CTX *ctx, struct read_bookings *const *reads,
                           size_t n) MUST_CHECK;

#endif
