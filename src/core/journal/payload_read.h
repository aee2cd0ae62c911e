#ifndef ROWLOCK_CORE_JOURNAL_PAYLOAD_READ_H
#define ROWLOCK_CORE_JOURNAL_PAYLOAD_READ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <talloc.h>

/*
 * What the payload of a journal row says, whichever type wrote it. What it does not say is NULL,
 * 0 or as noted.
 */
struct payload {
	bool readable; /* false: no JSON object, or a member of a type that it never has */
	const char *reason, *message, *currency, *ticket, *refund_id, *payment_id;
	const char *expires;               /* RFC 3339 */
	bool has_expires;                  /* it says something about that, perhaps null */
	int64_t total_minor, amount_minor; /* -1: not said */
	bool has_seats;
	int32_t *seats; /* n_seats numbers of seats */
	size_t n_seats;

	bool queued; /* the booking came through /api/booking: what was asked for there */
	const char *section, *mode;
	int32_t subsection, quantity; /* 0: not said */
	const char **positions;       /* n_positions of "row-seat" as printed */
	size_t n_positions;
	int32_t rows, cols;  /* of the section; 0: not said */
	int64_t price_minor; /* likewise; -1: not said */

	TALLOC_CTX *texts; /* holds the texts */
};

/*
 * Reads a payload; one that cannot be read, or not all of it, gives what can be.
 *
 * payload	JSON as it stands in the row; NULL is not readable
 * p		set; its lists are on ctx, its texts live until payload_free, which must follow
 */
void payload_read(TALLOC_CTX *ctx, const char *payload, struct payload *p);

/* Frees the texts of what was read. */
void payload_free(struct payload *p);

#endif
