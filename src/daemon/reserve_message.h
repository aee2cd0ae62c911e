#ifndef ROWLOCK_DAEMON_RESERVE_MESSAGE_H
#define ROWLOCK_DAEMON_RESERVE_MESSAGE_H

#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

#include "base/err.h"
#include "base/ids.h"

/* A BookingCreatedDomainEvent, as far as whoever seats the booking goes by it: the rest is in the
 * booking's row. */
struct reserve_message {
	struct uuid booking_id;
	int32_t event_id;
};

/*
 * Reads the value of a message from Kafka: a JSON object (strictly, see json_check) with the
 * members booking_id, a version 7 UUID of ours, and event_id, the number of the event that is
 * part of it. Other members are passed over.
 *
 * value	len bytes, no end needed
 * why	set on failure: the reason, for the headers of a dead letter; on ctx
 *
 * Errors: VALIDATION_ERROR.
 */
enum err reserve_message_read(TALLOC_CTX *ctx, const char *value, size_t len,
                              struct reserve_message *out, const char **why) MUST_CHECK;

#endif
