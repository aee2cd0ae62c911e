#ifndef ROWLOCK_PAY_MESSAGE_READER_H
#define ROWLOCK_PAY_MESSAGE_READER_H

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>
#include <talloc.h>

#include "base/ids.h"

/*
 * Reading JSON messages between a payment gateway and us. Members are asked for by name; those
 * that nobody asks for are passed over, and one that is null counts as absent. What is wrong is
 * noted and reading goes on; only the first fault is kept.
 */

#define MESSAGE_ID_MOST  255 /* bytes of an id, a reference */
#define MESSAGE_URL_MOST 2048

struct message_reader {
	TALLOC_CTX *ctx; /* owns the texts that are read, and why */
	const cJSON *object;
	const char *within; /* stands in front of names in why: "" or "data." */
	const char *why;    /* the first fault: the member, and what is wrong with it; or NULL */
};

/*
 * Reads n bytes that must be one JSON object by json_check. The caller frees it: cJSON_Delete.
 * NULL with *why set, on ctx, when they are something else.
 */
cJSON *message_parse(TALLOC_CTX *ctx, const char *text, size_t n, const char **why);

/* The members of an object that is a member itself; all is missing there when it is none. */
struct message_reader message_within(struct message_reader *w, const char *name,
                                     const char *within);

/* A text of 1 to `most` bytes without control characters; NULL: absent, or a fault. */
const char *message_text(struct message_reader *w, const char *name, size_t most, bool must);

/* An http:// or https:// URL, likewise. */
const char *message_url(struct message_reader *w, const char *name, bool must);

/* A UUID; false: absent, or a fault. */
bool message_uuid(struct message_reader *w, const char *name, bool must, struct uuid *out);

/* An instant (RFC 3339) in µs; -1: absent, or a fault. */
int64_t message_time(struct message_reader *w, const char *name);

/* An ISO 4217 code; NULL: absent, or a fault. */
const char *message_currency(struct message_reader *w, const char *name, bool must);

/* A number that is not negative; -1: absent, or a fault. */
double message_number(struct message_reader *w, const char *name);

/* An amount of major units in minor units of the currency; -1: absent, or a fault. */
int64_t message_amount(struct message_reader *w, const char *name, const char *currency, bool must);

#endif
