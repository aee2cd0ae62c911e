#ifndef ROWLOCK_LIVE_FOLLOW_SEATS_BEGIN_H
#define ROWLOCK_LIVE_FOLLOW_SEATS_BEGIN_H

#include "live/batch_reader.h"
#include "live/seats_state.h"

/*
 * How followers of an event's seats begin: read once for all that wait, and at most every
 * FOLLOW_MERGE_US.
 */
struct follow_seats_begin;

/*
 * reader	reads what followers begin with
 * dues		for when an event is to be read; what is due goes to follow_seats_begin_due
 *
 * Returns it, a child of ctx.
 */
struct follow_seats_begin *follow_seats_begin_new(TALLOC_CTX *ctx, struct topics *topics,
                                                  struct batch_reader *reader,
                                                  struct due_list *dues);

/* Sees to it that an event is read for the followers that wait, now or when it may be. */
void follow_seats_begin_ask(struct follow_seats_begin *b, struct seats_state *s);

/* Reads what was put off, if its time is soon_us or earlier; else puts it off again. */
void follow_seats_begin_due(struct follow_seats_begin *b, struct seats_state *s, int64_t soon_us);

/* Whether something is being read. */
bool follow_seats_begin_is_busy(const struct follow_seats_begin *b);

#endif
