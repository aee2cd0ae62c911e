#ifndef ROWLOCK_PAY_MESSAGE_READER_H
#define ROWLOCK_PAY_MESSAGE_READER_H

#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/json_member.h"

/*
 * Reading JSON messages between a payment gateway and us. Members are asked for by name; others
 * are passed over, and one that is null counts as absent. What is wrong is noted and reading goes
 * on; only the first fault is kept.
 */

#define MESSAGE_ID_MOST  255 /* bytes of an id, a reference */
#define MESSAGE_URL_MOST 2048

/* An object that is read: the message itself, or the object that is a member of another. */
struct message_reader {
	TALLOC_CTX *ctx;              /* owns the texts that are read, and why */
	const cJSON *object;          /* NULL: there is none, and all its members are missing */
	struct message_reader *outer; /* whose member it is; NULL: the message itself */
	const char *name;             /* of that member */
	const char *why; /* of the message: its first fault, the member and what is wrong */
};

/*
 * Begins to read a message.
 *
 * ctx		owns everything that is read
 * text		n bytes that must be one JSON object by json_check
 *
 * Returns a reader of its members; its `why` is set when the text is something else.
 */
struct message_reader message_begin(TALLOC_CTX *ctx, const char *text, size_t n);

/*
 * A reader of the members of an object that is a member itself; noted when it is missing or none.
 * Faults go to the message, which must stay where it is.
 */
struct message_reader message_within(struct message_reader *w, const char *name);

/* Notes a fault of a message in the caller's words, a constant, unless there is one already. */
void message_fault(struct message_reader *w, const char *why);

/* A text of 1 to `most` bytes without control characters; NULL: absent, or a fault. */
const char *message_text(struct message_reader *w, const char *name, enum need need, size_t most);

/* A text of at most MESSAGE_ID_MOST bytes, likewise. */
const char *message_id(struct message_reader *w, const char *name, enum need need);

/* An http:// or https:// URL, likewise. */
const char *message_url(struct message_reader *w, const char *name, enum need need);

/* A UUID; false: absent, or a fault. */
bool message_uuid(struct message_reader *w, const char *name, enum need need, struct uuid *out);

/* An instant (RFC 3339) in µs, which may be absent; -1: it is, or a fault. */
int64_t message_time(struct message_reader *w, const char *name);

/* An ISO 4217 code; NULL: absent, or a fault. */
const char *message_currency(struct message_reader *w, const char *name, enum need need);

/* A number that is not negative, which may be absent; -1: it is, or a fault. */
double message_number(struct message_reader *w, const char *name);

/* An amount of major units in minor units of the currency; -1: absent, or a fault. */
int64_t message_amount(struct message_reader *w, const char *name, const char *currency,
                       enum need need);

#endif
