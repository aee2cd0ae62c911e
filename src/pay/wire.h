#ifndef ROWLOCK_WIRE_H
#define ROWLOCK_WIRE_H

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

#define WIRE_ID_MOST  255 /* bytes of an id, a reference */
#define WIRE_URL_MOST 2048

struct wire {
	TALLOC_CTX *ctx; /* owns the texts that are read, and why */
	const cJSON *object;
	const char *within; /* stands in front of names in why: "" or "data." */
	const char *why;    /* the first fault: the member, and what is wrong with it; or NULL */
};

/*
 * Reads n bytes that must be one JSON object by json_check. The caller frees it: cJSON_Delete.
 * NULL with *why set, on ctx, when they are something else.
 */
cJSON *wire_parse(TALLOC_CTX *ctx, const char *text, size_t n, const char **why);

/* The members of an object that is a member itself; all is missing there when it is none. */
struct wire wire_within(struct wire *w, const char *name, const char *within);

/* A text of 1 to `most` bytes without control characters; NULL: absent, or a fault. */
const char *wire_text(struct wire *w, const char *name, size_t most, bool must);

/* An http:// or https:// URL, likewise. */
const char *wire_url(struct wire *w, const char *name, bool must);

/* A UUID; false: absent, or a fault. */
bool wire_uuid(struct wire *w, const char *name, bool must, struct uuid *out);

/* An instant (RFC 3339) in µs; -1: absent, or a fault. */
int64_t wire_time(struct wire *w, const char *name);

/* An ISO 4217 code; NULL: absent, or a fault. */
const char *wire_currency(struct wire *w, const char *name, bool must);

/* A number that is not negative; -1: absent, or a fault. */
double wire_number(struct wire *w, const char *name);

/* An amount of major units in minor units of the currency; -1: absent, or a fault. */
int64_t wire_amount(struct wire *w, const char *name, const char *currency, bool must);

#endif
