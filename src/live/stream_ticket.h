#ifndef ROWLOCK_LIVE_STREAM_TICKET_H
#define ROWLOCK_LIVE_STREAM_TICKET_H

#include "store/pool.h"

/*
 * Tickets for streams: a browser's EventSource cannot send a token, so it is given one of
 * these, good for 30 s and once (rowlock-sse(8)). Only its hash is stored.
 */

#define TICKET_BYTES 24                 /* random ones … */
#define TICKET_CHARS (2 * TICKET_BYTES) /* … and their hex digits */

/* Whose ticket it is. */
struct stream_ticket {
	const char *text;                       /* as it was given, of any form */
	bool good;                              /* redeemed; only then is the rest set */
	const char *user_id, *user_name, *role; /* the name may be NULL */
};

/*
 * Makes a ticket.
 *
 * t		user_id, user_name (or NULL) and role say for whom; text is set, on ctx
 * expires_us	set to until when it is good
 *
 * Errors: UNAVAILABLE.
 */
enum err stream_ticket_make(struct pool *pool, TALLOC_CTX *ctx, struct stream_ticket *t,
                            int64_t *expires_us) MUST_CHECK;

/*
 * Redeems n tickets at once: a ticket is good for one stream, however many ask for it.
 *
 * tickets	n, with text; the rest of those that are good is set, on ctx
 *
 * Errors as of db_exchange.
 */
enum err stream_ticket_redeem(struct db *db, TALLOC_CTX *ctx, struct stream_ticket *const *tickets,
                              size_t n) MUST_CHECK;

#endif
