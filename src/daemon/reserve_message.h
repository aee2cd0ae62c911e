#ifndef ROWLOCK_DAEMON_RESERVE_MESSAGE_H
#define ROWLOCK_DAEMON_RESERVE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "base/ids.h"

/* What is read of a BookingCreatedDomainEvent: the rest is in the booking's row. */
struct reserve_message {
	struct uuid booking_id;
	int32_t event_id;
};

/*
 * Reads the value of a message of that topic: a JSON object (strictly, see json_check) with the
 * members booking_id, the version 7 UUID of a booking, and event_id, the event's number that is
 * part of it. Other members are passed over.
 *
 * value	len bytes, no end needed
 * out		set on ERR_OK
 * why	set on failure: the reason, for the headers of a dead letter; on ctx
 *
 * Errors: VALIDATION_ERROR.
 */
enum err reserve_message_read(TALLOC_CTX *ctx, const char *value, size_t len,
                              struct reserve_message *out, const char **why) MUST_CHECK;

#endif
