#ifndef ROWLOCK_LIVE_FOLLOW_SEATS_H
#define ROWLOCK_LIVE_FOLLOW_SEATS_H

#include <event2/event.h>

#include "live/batch_reader.h"
#include "live/topic.h"

/*
 * The kind of FOLLOW_SEATS: topics of an event's seats.
 *
 * topics	need not be wired yet
 * begins	reads what followers begin with
 * news		reads what becomes of seats that are to be told
 *
 * Returns the kind, a child of ctx.
 */
const struct follow_kind *follow_seats_new(TALLOC_CTX *ctx, struct event_base *base,
                                           struct topics *topics, struct batch_reader *begins,
                                           struct batch_reader *news);

#endif
